#pragma once
// The surrogates that profiles want of the rows of a table, made as decoding looks them up.

#include <cstdint>
#include <memory>
#include <vector>

#include "masks/surrogates.h"
#include "pg/tables.h"
#include "sync/masked_column.h"
#include "sync/row_image.h"

namespace phisync::sync {

class SurrogateMaker {
 public:
  // Of one profile or, if it is null, of all that users have made. What one of them cannot make
  // sense of it does not send, and there is nothing to make for it. Throws.
  SurrogateMaker(Relation relation, const profiles::Profile* only);
  ~SurrogateMaker();
  SurrogateMaker(const SurrogateMaker&) = delete;
  SurrogateMaker& operator=(const SurrogateMaker&) = delete;

  // No column has surrogates.
  [[nodiscard]] bool empty() const { return columns_.empty(); }

  // Makes the codes of a row, which is as it is stored. Error 55000 if the key is not to be had.
  void MakeOfStored(TupleTableSlot* slot);
  // The same of a row that is about to be written: generated columns are computed as they will be.
  void MakeOfNew(TupleTableSlot* slot);

  // How many were new.
  [[nodiscard]] std::int64_t made() const { return codes_.made(); }

 private:
  struct Column {
    Masking masking;
    AttrNumber attnum;
    Oid type;
    ExprState* generated;                  // null: it is stored as it is written
    std::unique_ptr<MaskedColumn> masked;  // null until the key was there
  };

  void Add(Relation relation, const profiles::Profile& profile, const tags::RelationTags& tags);
  void Load(TupleTableSlot* slot);
  void Make();

  MemoryContext memory_;
  ExprContext* context_ = nullptr;  // of generated columns
  masks::NewSurrogates codes_;
  std::vector<Column> columns_;
  RowImage row_;
  ByteBuffer code_;
};

}  // namespace phisync::sync

#pragma once
// Primary keys as users write them, {"id": 7}, compared as the key's own index compares them.

#include <vector>

#include "pg/tables.h"

namespace phisync::retention {

// The primary key of one relation. Plain memory of the context it was made in; calls may raise the
// server's errors.
class RowKey {
 public:
  // Raises 55000 with the statement that mends it if `relation` has no primary key.
  static RowKey* Of(Relation relation);

  // The key's values in the order of the index, palloc'd. Raises 22023 unless `pk` is an object
  // with exactly the key's columns, none of them null.
  Datum* Parse(Jsonb* pk) const;

  // Equal keys have equal hashes.
  uint32 Hash(const Datum* values) const;
  bool Equal(const Datum* a, const Datum* b) const;

  // The key's values of a row, into an array of size().
  void Read(TupleTableSlot* slot, Datum* values) const;
  [[nodiscard]] int size() const { return size_; }

  // Puts the row with this key that `snapshot` sees into `slot`; false if there is none.
  bool Find(Relation relation, const Datum* values, Snapshot snapshot, TupleTableSlot* slot) const;

 private:
  struct Column {
    AttrNumber attnum;
    Oid collation;
    Oid equality;  // the function
    FmgrInfo equal;
    FmgrInfo hash;  // fn_oid is invalid where the type has no hash function
  };

  Oid index_;
  const char* table_;
  TupleDesc desc_;
  int size_;
  Column columns_[INDEX_MAX_KEYS];
};

}  // namespace phisync::retention

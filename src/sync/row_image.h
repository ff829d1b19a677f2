#pragma once
// A row's columns before and after a change, as far as decoding has them.

#include <memory>
#include <span>
#include <vector>

#include "sync/plan_cache.h"

namespace phisync::sync {

// Columns of a row, by attribute number less one.
struct RowImage {
  std::vector<Datum> values;
  std::unique_ptr<bool[]> nulls;
  Bitmapset* missing = nullptr;  // attribute numbers of values that decoding does not have

  void Fit(int columns);
  void Load(HeapTuple tuple, TupleDesc desc);
  [[nodiscard]] bool IsMissing(AttrNumber attnum) const {
    return missing != nullptr && bms_is_member(attnum, missing);
  }
  [[nodiscard]] bool IsMissingAny(const Bitmapset* columns) const {
    return missing != nullptr && bms_overlap(columns, missing);
  }
  // A value of a column of variable length is stored out of line.
  [[nodiscard]] bool IsFar(AttrNumber attnum) const {
    return !nulls[attnum - 1] &&
           VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(values[static_cast<std::size_t>(attnum) - 1]));
  }
};

// Memory is kept from row to row. Views the tuples and the description that were loaded last.
class RowVersions {
 public:
  // Either tuple may be null. Throws.
  void Load(TupleDesc desc, HeapTuple old_tuple, HeapTuple new_tuple);
  // Values that an update left untouched out of line are not in a decoded new row. They are in the
  // old one if the replica identity covers them; else they are missing.
  void FillUntouched(const Target& target);

  // The column is stored before and after by the same bytes. Both rows must be there. Equal values
  // may differ in their bytes, different values never have the same.
  [[nodiscard]] bool Same(AttrNumber attnum) const;
  [[nodiscard]] bool Same(std::span<const AttrNumber> columns) const;

  [[nodiscard]] bool has_old() const { return has_old_; }
  [[nodiscard]] bool has_new() const { return has_new_; }
  RowImage& old_row() { return old_; }
  RowImage& new_row() { return new_; }

 private:
  TupleDesc desc_ = nullptr;
  RowImage old_;
  RowImage new_;
  bool has_old_ = false;
  bool has_new_ = false;
};

}  // namespace phisync::sync

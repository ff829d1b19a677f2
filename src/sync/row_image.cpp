#include "sync/row_image.h"

#include <algorithm>
#include <cstring>

#include "pg/boundary.h"

namespace phisync::sync {

void RowImage::Fit(int columns) {
  const auto n = static_cast<std::size_t>(columns);
  if (values.size() < n) {
    values.resize(n);
    nulls = std::make_unique<bool[]>(n);
  }
  missing = nullptr;
}

void RowImage::Load(HeapTuple tuple, TupleDesc desc) {
  Fit(desc->natts);
  pg::Call([&] { heap_deform_tuple(tuple, desc, values.data(), nulls.get()); });
}

void RowVersions::Load(TupleDesc desc, HeapTuple old_tuple, HeapTuple new_tuple) {
  desc_ = desc;
  has_old_ = old_tuple != nullptr;
  has_new_ = new_tuple != nullptr;
  if (has_old_) old_.Load(old_tuple, desc);
  if (has_new_) new_.Load(new_tuple, desc);
}

void RowVersions::FillUntouched(const Target& target) {
  if (!has_new_) return;
  for (const AttrNumber attnum : target.varlena) {
    const int i = attnum - 1;
    if (!new_.IsFar(attnum)) continue;
    if (has_old_ && (target.whole_old || bms_is_member(attnum, target.identity))) {
      new_.values[i] = old_.values[i];
      new_.nulls[i] = old_.nulls[i];
    } else {
      new_.missing = pg::Call([&] { return bms_add_member(new_.missing, attnum); });
    }
  }
}

bool RowVersions::Same(AttrNumber attnum) const {
  const int i = attnum - 1;
  if (old_.nulls[i] || new_.nulls[i]) return old_.nulls[i] == new_.nulls[i];
  const Datum before = old_.values[i];
  const Datum after = new_.values[i];
  if (before == after) return true;
  const auto* const column = TupleDescAttr(desc_, i);
  if (column->attbyval) return false;
  const char* const a = DatumGetPointer(before);
  const char* const b = DatumGetPointer(after);
  if (column->attlen > 0) return std::memcmp(a, b, static_cast<std::size_t>(column->attlen)) == 0;
  if (column->attlen == -2) return std::strcmp(a, b) == 0;
  if (VARATT_IS_EXTERNAL(a) || VARATT_IS_EXTERNAL(b)) return false;
  const std::size_t size = VARSIZE_ANY(a);
  return size == VARSIZE_ANY(b) && std::memcmp(a, b, size) == 0;
}

bool RowVersions::Same(std::span<const AttrNumber> columns) const {
  return std::ranges::all_of(columns, [&](AttrNumber attnum) { return Same(attnum); });
}

}  // namespace phisync::sync

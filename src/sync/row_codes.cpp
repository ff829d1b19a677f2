#include "sync/row_codes.h"

#include "pg/boundary.h"
#include "pg/varlena.h"

namespace phisync::sync {
namespace {

constexpr std::string_view kBetween = " \t\r\n,;";

bool HasConsents(const profiles::Profile& profile, std::string_view codes) {
  for (;;) {
    const std::size_t from = codes.find_first_not_of(kBetween);
    if (from == std::string_view::npos) return true;
    codes.remove_prefix(from);
    const std::size_t size = std::min(codes.find_first_of(kBetween), codes.size());
    if (!profile.ConsentsTo(codes.substr(0, size))) return false;
    codes.remove_prefix(size);
  }
}

}  // namespace

std::optional<RowCodes> RowCodesOf(Relation relation, AttrNumber column) {
  const Oid declared = TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid;
  const Oid element = pg::Call([&] { return get_base_element_type(declared); });
  const bool elements = OidIsValid(element);
  const Oid text = pg::Call([&] { return getBaseType(elements ? element : declared); });
  if (text != TEXTOID && text != VARCHAROID && text != BPCHAROID) return std::nullopt;
  return RowCodes{column, elements};
}

bool HasConsents(const profiles::Profile& profile, Datum value, bool elements) {
  if (!elements) {
    const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
    return HasConsents(profile, stored.View());
  }
  struct Texts {
    Datum* values;
    bool* nulls;
    int n;
  };
  const Texts texts = pg::Call([&] {
    Texts t;
    ArrayType* const array = DatumGetArrayTypeP(value);
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &t.values, &t.nulls,
                      &t.n);
    return t;
  });
  for (int i = 0; i < texts.n; i++) {
    if (texts.nulls[i]) continue;
    const pg::Varlena stored(texts.values[i], pg::Varlena::Shape::kPacked);
    if (!HasConsents(profile, stored.View())) return false;
  }
  return true;
}

}  // namespace phisync::sync

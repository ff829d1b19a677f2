// Values that masked views show of columns whose transformation takes the key. The reader of a view
// has not the right to try values of his own, which the server would ask of him if the view called
// the functions that take a value; so this one takes a row, and gives what the view shows of it.

#include <algorithm>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/transform_apply.h"
#include "masks/datum.h"
#include "masks/keys.h"
#include "masks/surrogates.h"
#include "masks/utf8_text.h"
#include "pg/call_site.h"
#include "pg/tables.h"
#include "pg/text.h"
#include "pg/types.h"
#include "sync/row_codes.h"
#include "views/treated.h"

namespace {

using namespace phisync;

// Columns of phisync.masked_view, in the order of extension/61_views.sql.
enum ViewColumn { kId = 1, kView, kRelation, kProfile };

struct StoredView {
  Oid view = InvalidOid;
  Oid relation = InvalidOid;
  const char* profile = nullptr;
};

StoredView FindView(int id) {
  StoredView found;
  Relation const views = table_open(
      get_relname_relid("masked_view", get_namespace_oid("phisync", false)), AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, kId, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
  SysScanDesc const scan = systable_beginscan(views, InvalidOid, false, nullptr, 1, &key);
  if (HeapTuple const row = systable_getnext(scan); HeapTupleIsValid(row)) {
    TupleDesc const shape = RelationGetDescr(views);
    bool isnull;
    found.view = DatumGetObjectId(heap_getattr(row, kView, shape, &isnull));
    found.relation = DatumGetObjectId(heap_getattr(row, kRelation, shape, &isnull));
    found.profile = TextDatumGetCString(heap_getattr(row, kProfile, shape, &isnull));
  }
  systable_endscan(scan);
  table_close(views, AccessShareLock);
  return found;
}

// What a place in a query has to know from row to row.
struct Site {
  int id = 0;
  std::string column;
  std::string subject;  // empty: none
  std::vector<std::string> row_codes;
  std::string scope;
  profiles::Profile profile;
  std::vector<Oid> family;
  bool hidden = false;
  ClassId tag_class = kClassNone;
  std::uint64_t generation = 0;
  masks::StoredSurrogates surrogates;
  std::optional<Mask> mask;
};

[[noreturn]] void Refuse(const char* detail) {
  throw Error(sqlstate::kInsufficientPrivilege, "permission denied for values of a masked view",
              detail);
}

// Whoever may not select the column of the view gets no values of it here either.
void CheckReader(Oid view, const std::string& column) {
  const bool may = pg::Call([&] {
    if (pg_class_aclcheck(view, GetUserId(), ACL_SELECT) == ACLCHECK_OK) return true;
    const AttrNumber number = get_attnum(view, column.c_str());
    return number > 0 &&
           pg_attribute_aclcheck(view, number, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
  });
  if (!may) {
    Refuse(
        "Columns that need the key are shown to those who may themselves select them from the "
        "masked view, not through another view.");
  }
}

void Prepare(Site& site, int id, const std::string& name) {
  const StoredView stored = pg::Call([&] { return FindView(id); });
  if (!OidIsValid(stored.view)) Refuse("There is no masked view of that number.");
  CheckReader(stored.view, name);
  site.profile = profiles::Require(stored.profile);
  const views::Treated treated = views::TreatedBy(site.profile, stored.relation);
  const auto column = std::find_if(treated.columns.begin(), treated.columns.end(),
                                   [&](const views::TreatedColumn& c) { return c.name == name; });
  if (column == treated.columns.end() || !column->treatment.transform.facts().needs_key) {
    Refuse("The masked view shows no such column under the key.");
  }
  // The view's owner is the role whose rows these are.
  site.hidden = treated.hides_rows || pg::Call([&] {
                  return check_enable_rls(stored.relation, get_role_oid("phisync_masked", false),
                                          true) == RLS_ENABLED;
                });
  site.family = treated.family;
  for (const views::TreatedColumn& c : treated.columns) {
    if (c.treatment.rows) site.row_codes.push_back(c.name);
    if (c.number == column->subject) site.subject = c.name;
  }
  const Transform& transform = column->treatment.transform;
  site.scope = transform.scope;
  MaskResources resources;
  resources.keys = &masks::KeysOf(site.scope);
  resources.surrogates = &site.surrogates;
  resources.scope = site.scope;
  site.tag_class = column->treatment.tag_class;
  site.generation = masks::KeyGeneration();
  site.mask.emplace(transform, site.tag_class, column->treatment.type, resources);
  site.column = name;
  site.id = id;
}

Site& SiteOf(FunctionCallInfo fcinfo, int id, const std::string& column) {
  Site& site = pg::CallSite<Site>(fcinfo);
  if (site.mask && site.id == id && site.column == column) {
    // The key may have been changed since.
    masks::KeysOf(site.scope);
    if (site.generation == masks::KeyGeneration()) return site;
  }
  site.mask.reset();
  site.row_codes.clear();
  site.subject.clear();
  Prepare(site, id, column);
  return site;
}

// Of a value of the row. kValue: texts, and what has no type of its own in the core, as the server
// prints them; kStored: of texts and arrays, which outlive the row.
enum class Form : std::uint8_t { kValue, kText, kStored };

struct Cell {
  bool is_null = true;
  Oid type = InvalidOid;
  Datum value = 0;
  const char* text = nullptr;
};

bool HasOwnType(Oid type) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case INETOID:
    case CIDROID:
      return true;
    default:
      return false;
  }
}

Cell CellOf(TupleTableSlot* slot, const std::string& column, Form form) {
  Cell cell;
  const AttrNumber number = get_attnum(slot->tts_tableOid, column.c_str());
  if (number <= 0) return cell;
  cell.value = slot_getattr(slot, number, &cell.is_null);
  if (cell.is_null) return cell;
  const Oid type = TupleDescAttr(slot->tts_tupleDescriptor, number - 1)->atttypid;
  cell.type = getBaseType(type);
  if (form == Form::kText || (form == Form::kValue && !HasOwnType(cell.type))) {
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    cell.text = OidOutputFunctionCall(output, cell.value);
  } else if (get_typlen(cell.type) == -1) {
    cell.value = PointerGetDatum(PG_DETOAST_DATUM_COPY(cell.value));
  }
  return cell;
}

struct Row {
  bool found = false;
  Cell value;
  Cell subject;
  Cell* codes = nullptr;  // of the site's row_codes
};

// The row as the statement sees it.
Row Fetch(const Site& site, Oid table, ItemPointer tid) {
  Row row;
  Relation const leaf = try_relation_open(table, AccessShareLock);
  if (leaf == nullptr) return row;
  // A partitioned table, or what is no table at all, has no rows of its own.
  if (leaf->rd_tableam != nullptr) {
    TupleTableSlot* const slot = table_slot_create(leaf, nullptr);
    TableScanDesc const scan = table_beginscan_tid(leaf, GetActiveSnapshot());
    row.found = table_tuple_tid_valid(scan, tid) &&
                table_tuple_fetch_row_version(leaf, tid, GetActiveSnapshot(), slot);
    table_endscan(scan);
    if (row.found) {
      row.value = CellOf(slot, site.column, Form::kValue);
      if (!site.subject.empty()) row.subject = CellOf(slot, site.subject, Form::kText);
      row.codes = static_cast<Cell*>(palloc0(sizeof(Cell) * (site.row_codes.size() + 1)));
      for (std::size_t i = 0; i < site.row_codes.size(); ++i) {
        row.codes[i] = CellOf(slot, site.row_codes[i], Form::kStored);
      }
    }
    ExecDropSingleTupleTableSlot(slot);
  }
  relation_close(leaf, AccessShareLock);
  return row;
}

bool IsShown(const Site& site, const Row& row) {
  if (!row.found) return false;
  for (std::size_t i = 0; i < site.row_codes.size(); ++i) {
    const Cell& codes = row.codes[i];
    if (codes.is_null) continue;
    const Oid element = pg::Call([&] { return get_element_type(codes.type); });
    const bool elements = OidIsValid(element);
    // The column's type may have been changed since it was said to hold codes.
    const Oid read = elements ? element : codes.type;
    if (pg::Call([&] { return get_typlen(read); }) != -1) return false;
    if (!sync::HasConsents(site.profile, codes.value, elements)) return false;
  }
  return true;
}

}  // namespace

// masked_value(prototype anyelement, view integer, column_name text, relation oid, row tid)
PHISYNC_FUNCTION(phisync_masked_value) {
  for (int n = 1; n <= 4; ++n) {
    if (PG_ARGISNULL(n)) PG_RETURN_NULL();
  }
  const std::string column(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(2); })));
  const Site& site = SiteOf(fcinfo, PG_GETARG_INT32(1), column);
  const Oid table = PG_GETARG_OID(3);
  if (site.hidden ||
      std::find(site.family.begin(), site.family.end(), table) == site.family.end()) {
    PG_RETURN_NULL();
  }
  auto* const tid = reinterpret_cast<ItemPointer>(PG_GETARG_POINTER(4));
  const Row row = pg::Call([&] { return Fetch(site, table, tid); });
  if (!IsShown(site, row) || row.value.is_null) PG_RETURN_NULL();
  ByteBuffer buffer;
  ByteBuffer out;
  Value value = row.value.text == nullptr
                    ? masks::ReadValue(row.value.type, row.value.value, buffer)
                    : Value{ValueType::kText, 0, masks::ToUtf8(row.value.text)};
  if (value.type == ValueType::kText) value.text = masks::ToNormalFormC(value.text);
  MaskContext context;
  if (row.subject.text != nullptr) context.subject = masks::ToUtf8(row.subject.text);
  const Masked masked = site.mask->Apply(value, context, out);
  if (masked.outcome != Outcome::kValue) PG_RETURN_NULL();
  const Oid type = masked.value.type == ValueType::kText ? TEXTOID : row.value.type;
  // The caller has said which type to expect: with a value of another one the server would take a
  // number for an address.
  if (pg::Call([&] { return get_fn_expr_rettype(fcinfo->flinfo); }) != type) {
    Refuse("The masked view shows the column as another type.");
  }
  return masks::MakeDatum(type, masked.value);
}

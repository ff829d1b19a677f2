#include "tags/value_reader.h"

#include "pg/types.h"

namespace phisync::tags {
namespace {

// Of a longer value only the beginning is looked at.
constexpr int kLongText = 4096;
// What is longer is passed over unless its beginning can be had alone.
constexpr Size kLongDocument = 256 * 1024;

void Put(Texts* found, const Text& text) {
  if (found->count < kMaxTexts) found->texts[found->count++] = text;
}

Text BeginningOf(Datum datum) {
  const struct varlena* value = PG_DETOAST_DATUM_SLICE(datum, 0, kLongText);
  return {nullptr, 0, VARDATA_ANY(value), static_cast<int>(VARSIZE_ANY_EXHDR(value))};
}

// The scalar members of an object, or of the objects of an array.
void ReadJsonb(Jsonb* document, Texts* found) {
  JsonbIterator* iterator = JsonbIteratorInit(&document->root);
  JsonbValue value;
  Text member = {};
  int depth = 0;
  int object_depth = 0;
  bool in_object = false;
  for (JsonbIteratorToken token;
       (token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE;) {
    switch (token) {
      case WJB_BEGIN_ARRAY:
        ++depth;
        break;
      case WJB_BEGIN_OBJECT:
        ++depth;
        if (!in_object && depth <= 2) {
          in_object = true;
          object_depth = depth;
        }
        break;
      case WJB_END_OBJECT:
      case WJB_END_ARRAY:
        if (in_object && depth == object_depth) in_object = false;
        --depth;
        break;
      case WJB_KEY:
        member = {value.val.string.val, value.val.string.len, nullptr, 0};
        break;
      case WJB_VALUE:
        if (!in_object || depth != object_depth) break;
        if (value.type == jbvString) {
          member.data = value.val.string.val;
          member.length = value.val.string.len;
          Put(found, member);
        } else if (value.type == jbvNumeric) {
          member.data =
              DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
          member.length = static_cast<int>(strlen(member.data));
          Put(found, member);
        }
        break;
      default:
        break;
    }
  }
}

// Whether jsonb takes the document: it has no character for \u0000 and none for half a surrogate.
bool FitsJsonb(const char* text) {
  for (const char* at = strstr(text, "\\u"); at != nullptr; at = strstr(at + 2, "\\u")) {
    if (strncmp(at + 2, "0000", 4) == 0 || at[2] == 'd' || at[2] == 'D') return false;
  }
  return true;
}

void ReadOne(const Reader& reader, Datum datum, Texts* found);

// The members whose types are read as texts or numbers.
void ReadComposite(Datum datum, Texts* found) {
  HeapTupleHeader const header = DatumGetHeapTupleHeader(datum);
  TupleDesc const desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
                                                     HeapTupleHeaderGetTypMod(header));
  HeapTupleData tuple = {};
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  tuple.t_data = header;
  for (int i = 1; i <= desc->natts; ++i) {
    const FormData_pg_attribute& attribute = *TupleDescAttr(desc, i - 1);
    if (attribute.attisdropped) continue;
    const Reader member = ReaderOf(attribute.atttypid);
    if (member.array || (member.reading != Reading::kText && member.reading != Reading::kOutput)) {
      continue;
    }
    bool null = false;
    const Datum value = heap_getattr(&tuple, i, desc, &null);
    if (null) continue;
    const int before = found->count;
    ReadOne(member, value, found);
    if (found->count == before) continue;
    found->texts[before].key = NameStr(attribute.attname);
    found->texts[before].key_length = static_cast<int>(strlen(NameStr(attribute.attname)));
  }
}

void ReadOne(const Reader& reader, Datum datum, Texts* found) {
  switch (reader.reading) {
    case Reading::kText:
      Put(found, BeginningOf(datum));
      break;
    case Reading::kComposite:
      if (toast_raw_datum_size(datum) <= kLongDocument) ReadComposite(datum, found);
      break;
    case Reading::kOutput: {
      if (reader.length == -1 && toast_raw_datum_size(datum) > kLongDocument) break;
      const char* text = OidOutputFunctionCall(reader.output, datum);
      Put(found, {nullptr, 0, text, static_cast<int>(strlen(text))});
      break;
    }
    case Reading::kJson:
    case Reading::kJsonb:
      if (toast_raw_datum_size(datum) > kLongDocument) break;
      if (reader.reading == Reading::kJson) {
        char* source = TextDatumGetCString(datum);
        // Passed over, so that one document does not cost the values of the whole table.
        if (!FitsJsonb(source)) break;
        datum = DirectFunctionCall1(jsonb_in, CStringGetDatum(source));
      }
      ReadJsonb(DatumGetJsonbP(datum), found);
      break;
    default:
      break;
  }
}

}  // namespace

Reader ReaderOf(Oid type) {
  Reader reader = {};
  Oid base = getBaseType(type);
  const Oid element = get_element_type(base);
  if (OidIsValid(element)) {
    reader.array = true;
    base = getBaseType(element);
  }
  get_typlenbyvalalign(base, &reader.length, &reader.by_value, &reader.alignment);
  char category = TYPCATEGORY_UNKNOWN;
  bool preferred = false;
  bool varlena = false;
  get_type_category_preferred(base, &category, &preferred);
  switch (base) {
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      reader.reading = Reading::kText;
      break;
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case INETOID:
    case CIDROID:
    case UUIDOID:
    case NAMEOID:
      reader.reading = Reading::kOutput;
      break;
    case DATEOID:
      reader.reading = Reading::kDate;
      break;
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      reader.reading = Reading::kTimestamp;
      break;
    case JSONOID:
      reader.reading = Reading::kJson;
      break;
    case JSONBOID:
      reader.reading = Reading::kJsonb;
      break;
    default:
      // Texts of extensions, such as citext.
      reader.reading = category == TYPCATEGORY_STRING           ? Reading::kOutput
                       : get_typtype(base) == TYPTYPE_COMPOSITE ? Reading::kComposite
                                                                : Reading::kNot;
      break;
  }
  if (reader.reading == Reading::kOutput) getTypeOutputInfo(base, &reader.output, &varlena);
  return reader;
}

void Read(const Reader& reader, Datum datum, Texts* found) {
  found->count = 0;
  if (!reader.array) return ReadOne(reader, datum, found);
  if (toast_raw_datum_size(datum) > kLongDocument) return;
  ArrayType* array = DatumGetArrayTypeP(datum);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, ARR_ELEMTYPE(array), reader.length, reader.by_value, reader.alignment,
                    &elements, &nulls, &count);
  for (int i = 0; i < count && i < kMaxTexts; ++i) {
    if (!nulls[i]) ReadOne(reader, elements[i], found);
  }
}

bool ReadDay(Reading reading, Datum datum, int32* day) {
  if (reading == Reading::kDate) {
    *day = DatumGetDateADT(datum);
    return !DATE_NOT_FINITE(*day);
  }
  const Timestamp time = DatumGetTimestamp(datum);
  if (TIMESTAMP_NOT_FINITE(time)) return false;
  *day = static_cast<int32>(time / USECS_PER_DAY);
  return true;
}

}  // namespace phisync::tags

#include "tags/value_reader.h"

#include "pg/types.h"

namespace phisync::tags {
namespace {

// Of a longer value only the beginning is looked at.
constexpr int kLongText = 4096;
// A longer document is passed over.
constexpr Size kLongDocument = 256 * 1024;
// Of one value; more of them tell nothing new.
constexpr int kMaxMembers = 256;

void Put(Texts* found, const Text& text) {
  if (found->count < kMaxMembers) found->texts[found->count++] = text;
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

void ReadOne(const Reader& reader, Datum datum, Texts* found) {
  switch (reader.reading) {
    case Reading::kText:
      Put(found, BeginningOf(datum));
      break;
    case Reading::kOutput: {
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
    get_typlenbyvalalign(base, &reader.length, &reader.by_value, &reader.alignment);
  }
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
      reader.reading = category == TYPCATEGORY_STRING ? Reading::kOutput : Reading::kNot;
      break;
  }
  if (reader.reading == Reading::kOutput) getTypeOutputInfo(base, &reader.output, &varlena);
  return reader;
}

Texts Read(const Reader& reader, Datum datum) {
  Texts found = {static_cast<Text*>(palloc(sizeof(Text) * kMaxMembers)), 0};
  if (!reader.array) {
    ReadOne(reader, datum, &found);
    return found;
  }
  ArrayType* array = DatumGetArrayTypeP(datum);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, ARR_ELEMTYPE(array), reader.length, reader.by_value, reader.alignment,
                    &elements, &nulls, &count);
  for (int i = 0; i < count && i < kMaxMembers; ++i) {
    if (!nulls[i]) ReadOne(reader, elements[i], &found);
  }
  return found;
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

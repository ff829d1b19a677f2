#include "masks/datum.h"

#include <cmath>
#include <string>

#include "core/number.h"
#include "masks/utf8_text.h"
#include "pg/catalog.h"
#include "pg/text.h"
#include "pg/types.h"

namespace phisync::masks {
namespace {

// As the server's shortest form, which the session's settings do not change.
void AppendDouble(ByteBuffer& buffer, double value) {
  if (std::isnan(value)) {
    buffer.Append("NaN");
  } else if (std::isinf(value)) {
    buffer.Append(value > 0 ? "Infinity" : "-Infinity");
  } else {
    AppendReal(buffer, value, RealForm::kKey);
  }
}

std::string_view Output(PGFunction function, Datum datum) {
  return pg::Call([&] { return DatumGetCString(DirectFunctionCall1(function, datum)); });
}

Datum Input(PGFunction function, std::string_view text) {
  return pg::Call([&] {
    return DirectFunctionCall3(function, CStringGetDatum(pnstrdup(text.data(), text.size())),
                               ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  });
}

}  // namespace

ValueType ValueTypeOf(Oid type) {
  const Oid base = pg::Call([&] { return getBaseType(type); });
  switch (base) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return ValueType::kInteger;
    case NUMERICOID:
    case FLOAT4OID:
    case FLOAT8OID:
      return ValueType::kNumeric;
    case DATEOID:
      return ValueType::kDate;
    case TIMESTAMPOID:
      return ValueType::kTimestamp;
    case TIMESTAMPTZOID:
      return ValueType::kTimestamptz;
    case BOOLOID:
      return ValueType::kBool;
    case INETOID:
    case CIDROID:
      return ValueType::kInet;
    case BYTEAOID:
      return ValueType::kBytea;
    case JSONOID:
    case JSONBOID:
      return ValueType::kJson;
    case UUIDOID:
      return ValueType::kText;
    default:
      break;
  }
  struct Category {
    char category;
    bool preferred;
  };
  const Category c = pg::Call([&] {
    Category found{};
    get_type_category_preferred(base, &found.category, &found.preferred);
    return found;
  });
  return c.category == TYPCATEGORY_STRING || c.category == TYPCATEGORY_ENUM ? ValueType::kText
                                                                            : ValueType::kOther;
}

Value ReadValue(Oid type, Datum datum, ByteBuffer& buffer) {
  switch (type) {
    case INT2OID:
      return {ValueType::kInteger, DatumGetInt16(datum), {}};
    case INT4OID:
      return {ValueType::kInteger, DatumGetInt32(datum), {}};
    case INT8OID:
      return {ValueType::kInteger, DatumGetInt64(datum), {}};
    case BOOLOID:
      return {ValueType::kBool, DatumGetBool(datum) ? 1 : 0, {}};
    case DATEOID:
      return {ValueType::kDate, DatumGetDateADT(datum), {}};
    case TIMESTAMPOID:
      return {ValueType::kTimestamp, DatumGetTimestamp(datum), {}};
    case TIMESTAMPTZOID:
      return {ValueType::kTimestamptz, DatumGetTimestampTz(datum), {}};
    case NUMERICOID:
      return {ValueType::kNumeric, 0, Output(numeric_out, datum)};
    case FLOAT8OID: {
      const std::size_t from = buffer.size();
      AppendDouble(buffer, DatumGetFloat8(datum));
      return {ValueType::kNumeric, 0, buffer.view(from)};
    }
    case POINTOID: {
      const std::size_t from = buffer.size();
      const Point* const point = DatumGetPointP(datum);
      buffer.Append('(');
      AppendDouble(buffer, point->x);
      buffer.Append(',');
      AppendDouble(buffer, point->y);
      buffer.Append(')');
      return {ValueType::kText, 0, buffer.view(from)};
    }
    case INETOID:
    case CIDROID:
      return {ValueType::kInet, 0, Output(type == INETOID ? inet_out : cidr_out, datum)};
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      return {ValueType::kText, 0,
              ToUtf8(pg::View(pg::Call([&] { return DatumGetTextPP(datum); })))};
    case BYTEAOID:
      return {ValueType::kBytea, 0, pg::View(pg::Call([&] { return DatumGetByteaPP(datum); }))};
    case JSONOID:
      return {ValueType::kJson, 0, Output(json_out, datum)};
    case JSONBOID:
      return {ValueType::kJson, 0, Output(jsonb_out, datum)};
    default:
      return {ValueType::kOther, 0, {}};
  }
}

Datum MakeDatum(Oid type, const Value& value) {
  switch (type) {
    case INT2OID:
      return Int16GetDatum(static_cast<int16>(value.number));
    case INT4OID:
      return Int32GetDatum(static_cast<int32>(value.number));
    case INT8OID:
      return Int64GetDatum(value.number);
    case BOOLOID:
      return BoolGetDatum(value.number != 0);
    case DATEOID:
      return DateADTGetDatum(static_cast<DateADT>(value.number));
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return TimestampGetDatum(value.number);
    case NUMERICOID:
      return Input(numeric_in, value.text);
    case FLOAT8OID:
      return Input(float8in, value.text);
    case POINTOID:
      return Input(point_in, value.text);
    case INETOID:
      return Input(inet_in, value.text);
    case CIDROID:
      return Input(cidr_in, value.text);
    case JSONBOID:
      return Input(jsonb_in, value.text);
    case BYTEAOID:
      return pg::TextDatum(value.text);
    default:
      return FromUtf8(value.text);
  }
}

}  // namespace phisync::masks

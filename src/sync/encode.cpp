#include "sync/encode.h"

#include <cmath>

#include "core/bytes.h"
#include "core/json.h"
#include "core/number.h"
#include "pg/varlena.h"
#include "sync/encoder_parts.h"
#include "sync/jsonb.h"

namespace phisync::sync {

enum class ValueEncoder::Kind : std::uint8_t {
  kBool,
  kInt2,
  kInt4,
  kInt8,
  kOid,
  kObjectNumber,
  kFloat4,
  kFloat8,
  kNumeric,
  kMoney,
  kText,
  kName,
  kChar,
  kUuid,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kLsn,
  kBytes,
  kJson,
  kJsonb,
  kArray,
  kRange,
  kMultirange,
  kComposite,
  kOther,
};

namespace {

// Beyond this, memory for a big value is given back after its row.
constexpr std::size_t kScratchKept = 64 * 1024;

// Amounts in the form of the C locale, which counts in hundredths: `-$1,234.50`.
void AppendMoney(ByteBuffer& out, std::int64_t amount) {
  char text[40];
  char* first = text + sizeof text;
  auto left = static_cast<std::uint64_t>(amount);
  if (amount < 0) left = 0 - left;
  for (int digits = 0; digits < 3 || left > 0; ++digits) {
    if (digits == 2) *--first = '.';
    if (digits > 2 && (digits - 2) % 3 == 0) *--first = ',';
    *--first = static_cast<char>('0' + left % 10);
    left /= 10;
  }
  *--first = '$';
  if (amount < 0) *--first = '-';
  out.Append({first, static_cast<std::size_t>(text + sizeof text - first)});
}

// As char_out does since PG 16: nothing for zero, `\ooo` for bytes above 127, which are no
// characters.
std::string_view CharText(unsigned char byte, char (&room)[4]) {
  if (byte <= 127) {
    room[0] = static_cast<char>(byte);
    return {room, byte == 0 ? 0U : 1U};
  }
  room[0] = '\\';
  room[1] = static_cast<char>('0' + (byte >> 6));
  room[2] = static_cast<char>('0' + (byte >> 3 & 7));
  room[3] = static_cast<char>('0' + (byte & 7));
  return {room, 4};
}

}  // namespace

ValueEncoder::ValueEncoder(Oid type, const EncodeOptions& options, MemoryContext memory)
    : options_(options) {
  struct {
    Oid base;
    Oid element;
    std::int16_t length;
    char kind;
  } found{};
  pg::Call([&] {
    found.base = getBaseType(type);
    found.element = get_element_type(found.base);
    found.length = get_typlen(found.base);
    found.kind = get_typtype(found.base);
  });
  length_ = found.length;
  static constexpr struct {
    Oid type;
    Kind kind;
  } kScalars[] = {
      {BOOLOID, Kind::kBool},
      {INT2OID, Kind::kInt2},
      {INT4OID, Kind::kInt4},
      {INT8OID, Kind::kInt8},
      {OIDOID, Kind::kOid},
      {FLOAT4OID, Kind::kFloat4},
      {FLOAT8OID, Kind::kFloat8},
      {NUMERICOID, Kind::kNumeric},
      {CASHOID, Kind::kMoney},
      {TEXTOID, Kind::kText},
      {VARCHAROID, Kind::kText},
      {BPCHAROID, Kind::kText},
      {NAMEOID, Kind::kName},
      {CHAROID, Kind::kChar},
      {UUIDOID, Kind::kUuid},
      {DATEOID, Kind::kDate},
      {TIMEOID, Kind::kTime},
      {TIMESTAMPOID, Kind::kTimestamp},
      {TIMESTAMPTZOID, Kind::kTimestamptz},
      {PG_LSNOID, Kind::kLsn},
      {BYTEAOID, Kind::kBytes},
      {JSONOID, Kind::kJson},
      {JSONBOID, Kind::kJsonb},
      // The text of these depends on the search path; the number does not.
      {REGPROCOID, Kind::kObjectNumber},
      {REGPROCEDUREOID, Kind::kObjectNumber},
      {REGOPEROID, Kind::kObjectNumber},
      {REGOPERATOROID, Kind::kObjectNumber},
      {REGCLASSOID, Kind::kObjectNumber},
      {REGTYPEOID, Kind::kObjectNumber},
      {REGROLEOID, Kind::kObjectNumber},
      {REGNAMESPACEOID, Kind::kObjectNumber},
      {REGCONFIGOID, Kind::kObjectNumber},
      {REGDICTIONARYOID, Kind::kObjectNumber},
      {REGCOLLATIONOID, Kind::kObjectNumber},
  };
  for (const auto& scalar : kScalars) {
    if (scalar.type != found.base) continue;
    kind_ = scalar.kind;
    return;
  }
  parts_ = std::make_unique<EncoderParts>(memory);
  if (OidIsValid(found.element) && found.base != INT2VECTOROID && found.base != OIDVECTOROID) {
    kind_ = Kind::kArray;
    pg::Call([&] {
      pg::ElementForm& form = parts_->element_form;
      get_typlenbyvalalign(found.element, &form.length, &form.by_value, &form.align);
    });
  } else if (found.kind == TYPTYPE_RANGE || found.kind == TYPTYPE_MULTIRANGE) {
    kind_ = found.kind == TYPTYPE_RANGE ? Kind::kRange : Kind::kMultirange;
    pg::Call([&] {
      const bool range = found.kind == TYPTYPE_RANGE;
      TypeCacheEntry* const entry =
          lookup_type_cache(found.base, range ? TYPECACHE_RANGE_INFO : TYPECACHE_MULTIRANGE_INFO);
      parts_->range = range ? entry : entry->rngtype;
      found.element = parts_->range->rngelemtype->type_id;
    });
  } else if (found.kind == TYPTYPE_COMPOSITE || found.base == RECORDOID) {
    kind_ = Kind::kComposite;
  } else {
    kind_ = Kind::kOther;
    found.element = InvalidOid;
    parts_->output = pg::OutputFunction(found.base, memory);
  }
  if (OidIsValid(found.element)) {
    parts_->element = std::make_unique<ValueEncoder>(found.element, options, memory);
  }
}

ValueEncoder::~ValueEncoder() = default;
ValueEncoder::ValueEncoder(ValueEncoder&& other) noexcept = default;
ValueEncoder& ValueEncoder::operator=(ValueEncoder&& other) noexcept = default;

Encoded ValueEncoder::Column(ByteBuffer& out, Datum value) {
  const Encoded result = Write(out, {Place::kString, Use::kData}, value);
  if (result == Encoded::kNull) out.Append("null");
  return result;
}
Encoded ValueEncoder::Identity(ByteBuffer& out, Datum value) {
  return Write(out, {Place::kRaw, Use::kIdentity}, value);
}
Encoded ValueEncoder::Parameter(ByteBuffer& out, Datum value) {
  return Write(out, {Place::kString, Use::kParameter}, value);
}
Encoded ValueEncoder::Key(ByteBuffer& out, Datum value) {
  return Write(out, {Place::kString, Use::kKey}, value);
}

Encoded ValueEncoder::Write(ByteBuffer& out, Form form, Datum value) {
  const auto quote = [&] {
    if (form.place != Place::kRaw) out.Append('"');
  };
  const auto text = [&](std::string_view bytes) {
    if (form.place == Place::kRaw) {
      out.Append(bytes);
    } else {
      AppendJsonString(out, bytes);
    }
  };
  const Beyond beyond = form.use == Use::kData ? options_.beyond : Beyond::kExact;
  const TimeForm time_form = form.use == Use::kData ? options_.time_form : TimeForm::kIso;
  switch (kind_) {
    case Kind::kBool:
      out.Append(DatumGetBool(value) ? '1' : '0');
      break;
    case Kind::kInt2:
      AppendInteger(out, DatumGetInt16(value));
      break;
    case Kind::kInt4:
      AppendInteger(out, DatumGetInt32(value));
      break;
    case Kind::kInt8:
      AppendInteger(out, DatumGetInt64(value));
      break;
    case Kind::kOid:
      AppendUnsigned(out, DatumGetObjectId(value));
      break;
    case Kind::kObjectNumber:
      quote();
      AppendUnsigned(out, DatumGetObjectId(value));
      quote();
      break;
    case Kind::kFloat4:
    case Kind::kFloat8:
      return WriteReal(out, form, value);
    case Kind::kNumeric: {
      const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
      quote();
      AppendNumeric(out, stored.View());
      quote();
      break;
    }
    case Kind::kMoney:
      quote();
      AppendMoney(out, DatumGetCash(value));
      quote();
      break;
    case Kind::kText:
      text(pg::Varlena(value, pg::Varlena::Shape::kPacked).View());
      break;
    case Kind::kName:
      text(NameStr(*DatumGetName(value)));
      break;
    case Kind::kChar: {
      char room[4];
      text(CharText(static_cast<unsigned char>(DatumGetChar(value)), room));
      break;
    }
    case Kind::kUuid:
      quote();
      AppendUuid(out, DatumGetUUIDP(value)->data);
      quote();
      break;
    case Kind::kDate:
      quote();
      AppendDate(out, DatumGetDateADT(value), beyond);
      quote();
      break;
    case Kind::kTime:
      quote();
      AppendTime(out, DatumGetTimeADT(value), time_form);
      quote();
      break;
    case Kind::kTimestamp:
    case Kind::kTimestamptz: {
      const std::size_t start = out.size();
      quote();
      if (!AppendTimestamp(out, DatumGetTimestamp(value), kind_ == Kind::kTimestamptz, beyond,
                           time_form)) {
        out.Truncate(start);
        return Encoded::kNull;
      }
      quote();
      break;
    }
    case Kind::kLsn:
      quote();
      AppendPaddedLsn(out, DatumGetLSN(value));
      quote();
      break;
    case Kind::kBytes:
      return WriteBytes(out, form, value);
    case Kind::kJson: {
      const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
      if (form.place == Place::kElement) {
        out.Append(stored.View());
      } else {
        text(stored.View());
      }
      break;
    }
    case Kind::kJsonb: {
      const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
      if (form.place == Place::kString) {
        AppendJsonbString(out, stored.As<Jsonb>());
      } else {
        AppendJsonb(out, stored.As<Jsonb>());
      }
      break;
    }
    case Kind::kArray:
    case Kind::kRange:
    case Kind::kMultirange:
    case Kind::kComposite:
      return WriteStructure(out, form, value);
    case Kind::kOther: {
      char* const printed = parts_->output.Text(value);
      text(printed);
      pfree(printed);
      break;
    }
  }
  return Encoded::kValue;
}

Encoded ValueEncoder::WriteReal(ByteBuffer& out, Form form, Datum value) {
  const bool single = kind_ == Kind::kFloat4;
  const double real = single ? DatumGetFloat4(value) : DatumGetFloat8(value);
  const bool key = form.place == Place::kString && form.use != Use::kData;
  const RealForm layout = key ? RealForm::kKey : RealForm::kRow;
  if (std::isfinite(real)) {
    if (single) {
      // The server's own shortest digits, which are one longer than need be for a few numbers.
      char digits[FLOAT_SHORTEST_DECIMAL_LEN];
      const int length = float_to_shortest_decimal_bufn(DatumGetFloat4(value), digits);
      AppendDecimal(out, {digits, static_cast<std::size_t>(length)}, layout);
    } else {
      AppendReal(out, real, layout);
    }
    return Encoded::kValue;
  }
  const std::string_view name = std::isnan(real) ? "NaN" : real > 0 ? "Infinity" : "-Infinity";
  if (!form.exact() && (options_.non_finite == EncodeOptions::NonFinite::kNull || key)) {
    return Encoded::kNull;
  }
  const bool bare = form.place == Place::kRaw ||
                    (!form.exact() && options_.non_finite == EncodeOptions::NonFinite::kToken);
  if (!bare) out.Append('"');
  out.Append(name);
  if (!bare) out.Append('"');
  return Encoded::kValue;
}

Encoded ValueEncoder::WriteBytes(ByteBuffer& out, Form form, Datum value) {
  auto binary = options_.binary;
  if (form.use == Use::kParameter) binary = EncodeOptions::Binary::kAbsent;
  if (form.exact()) binary = EncodeOptions::Binary::kHex;
  if (binary == EncodeOptions::Binary::kAbsent) return Encoded::kAbsent;
  const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
  if (form.place != Place::kRaw) out.Append('"');
  if (binary == EncodeOptions::Binary::kHex) {
    AppendHex(out, stored.View());
  } else {
    AppendBase64(out, stored.View());
  }
  if (form.place != Place::kRaw) out.Append('"');
  return Encoded::kValue;
}

// In a record a structure is a string that holds JSON; within another structure it is JSON itself.
Encoded ValueEncoder::WriteStructure(ByteBuffer& out, Form form, Datum value) {
  ByteBuffer& to = form.place == Place::kString ? parts_->scratch : out;
  parts_->scratch.Clear();
  if (kind_ == Kind::kArray) {
    parts_->Array(to, form, value);
  } else if (kind_ == Kind::kMultirange) {
    parts_->Multirange(to, form, value);
  } else if (kind_ == Kind::kComposite) {
    parts_->Composite(to, form, value, options_);
  } else {
    const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
    auto* const range = stored.As<RangeType>();
    if (!RangeIsEmpty(range)) {
      parts_->Range(to, form, range);
    } else {
      to.Append(form.place == Place::kElement ? R"("empty")" : "empty");
    }
  }
  if (form.place == Place::kString) {
    AppendJsonString(out, to.view());
    to.Trim(kScratchKept);
  }
  return Encoded::kValue;
}

}  // namespace phisync::sync

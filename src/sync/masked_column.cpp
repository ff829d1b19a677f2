#include "sync/masked_column.h"

#include <cmath>

#include "core/json.h"
#include "core/number.h"
#include "core/temporal.h"
#include "masks/keys.h"
#include "masks/utf8_text.h"
#include "masks/zips.h"
#include "pg/varlena.h"
#include "sync/row_image.h"

namespace phisync::sync {
namespace {

// Beyond this, memory for a big value is given back after its row.
constexpr std::size_t kScratchKept = 64 * 1024;

bool HasOwnForm(Oid type) {
  switch (type) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case BYTEAOID:
    case JSONOID:
    case JSONBOID:
      return true;
    default:
      return false;
  }
}

bool IsReal(Oid type) {
  return type == FLOAT4OID || type == FLOAT8OID;
}

// The server's shortest digits.
void AppendDigits(ByteBuffer& out, Oid type, Datum value) {
  const double real = type == FLOAT4OID ? DatumGetFloat4(value) : DatumGetFloat8(value);
  if (!std::isfinite(real)) {
    out.Append(std::isnan(real) ? "NaN" : real > 0 ? "Infinity" : "-Infinity");
  } else if (type == FLOAT4OID) {
    char digits[FLOAT_SHORTEST_DECIMAL_LEN];
    const int length = float_to_shortest_decimal_bufn(DatumGetFloat4(value), digits);
    AppendDecimal(out, {digits, static_cast<std::size_t>(length)}, RealForm::kKey);
  } else {
    AppendReal(out, real, RealForm::kKey);
  }
}

}  // namespace

MaskedColumn::MaskedColumn(const Masking& masking, AttrNumber attnum, Oid type, Oid subject_type,
                           const EncodeOptions& options, MemoryContext memory,
                           Surrogates* surrogates)
    : masking_(masking),
      attnum_(attnum),
      type_(type),
      options_(options),
      surrogates_(surrogates != nullptr ? surrogates : &stored_) {
  if (!HasOwnForm(type)) output_ = pg::OutputFunction(type, memory);
  if (masking.subject != 0) subject_.emplace(subject_type, EncodeOptions{}, memory);
  Refresh();
}

void MaskedColumn::Refresh() {
  const TransformFacts& facts = masking_.transform.facts();
  // The list behind the reference is read anew if it has changed.
  const ZipPrefixes* const zips = facts.needs_restricted_zips ? &masks::RestrictedZips() : nullptr;
  if (mask_ && (!facts.needs_key || generation_ == masks::KeyGeneration())) return;
  MaskResources resources;
  if (facts.needs_key) resources.keys = &masks::KeysOf(masking_.transform.scope);
  resources.restricted_zips = zips;
  resources.surrogates = surrogates_;
  resources.scope = masking_.transform.scope;
  mask_.emplace(masking_.transform, masking_.tag_class, masking_.type, resources);
  generation_ = masks::KeyGeneration();
}

Encoded MaskedColumn::Column(ByteBuffer& out, const RowImage& row,
                             std::optional<TimestampTz> as_of) {
  const Encoded result = Write(out, Use::kData, row, as_of);
  if (result == Encoded::kNull) out.Append("null");
  return result;
}

Encoded MaskedColumn::Identity(ByteBuffer& out, const RowImage& row) {
  return Write(out, Use::kIdentity, row, std::nullopt);
}

Encoded MaskedColumn::Key(ByteBuffer& out, const RowImage& row) {
  return Write(out, Use::kKey, row, std::nullopt);
}

Encoded MaskedColumn::Write(ByteBuffer& out, Use use, const RowImage& row,
                            std::optional<TimestampTz> as_of) {
  const int i = attnum_ - 1;
  if (row.nulls[i] || masking_.transform.op == Op::kNull) return Encoded::kNull;
  if (needs_commit_time() && !as_of) return Encoded::kNull;
  MaskContext context{.commit_time = as_of.value_or(0), .subject = {}};
  if (subject_ && !row.nulls[masking_.subject - 1]) {
    subject_text_.Clear();
    if (subject_->Identity(subject_text_, row.values[masking_.subject - 1]) == Encoded::kValue) {
      context.subject = subject_text_.view();
    }
  }
  const Datum value = row.values[i];
  const auto number = [&](std::int64_t n) {
    return WriteMasked(out, use, {masking_.type, n, {}}, context);
  };
  read_.Trim(kScratchKept);
  made_.Trim(kScratchKept);
  switch (type_) {
    case BOOLOID:
      return number(DatumGetBool(value) ? 1 : 0);
    case INT2OID:
      return number(DatumGetInt16(value));
    case INT4OID:
      return number(DatumGetInt32(value));
    case INT8OID:
      return number(DatumGetInt64(value));
    case DATEOID:
      return number(DatumGetDateADT(value));
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return number(DatumGetTimestamp(value));
    case FLOAT4OID:
    case FLOAT8OID:
      AppendDigits(read_, type_, value);
      return WriteText(out, use, read_.view(), context);
    case NUMERICOID: {
      const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
      AppendNumeric(read_, stored.View());
      return WriteText(out, use, read_.view(), context);
    }
    case BYTEAOID:
    case JSONOID:
    case JSONBOID:
      // What fits these looks at no value.
      return WriteText(out, use, {}, context);
    case TEXTOID:
    case VARCHAROID: {
      const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
      return WriteText(out, use, stored.View(), context);
    }
    case BPCHAROID: {
      // The blanks that fill it up are no part of the value.
      const pg::Varlena stored(value, pg::Varlena::Shape::kPacked);
      const std::string_view text = stored.View();
      return WriteText(out, use, text.substr(0, text.find_last_not_of(' ') + 1), context);
    }
    default: {
      char* const printed = output_.Text(value);
      const Encoded result = WriteText(out, use, printed, context);
      pfree(printed);
      return result;
    }
  }
}

Encoded MaskedColumn::WriteText(ByteBuffer& out, Use use, std::string_view text,
                                const MaskContext& context) {
  if (masking_.type == ValueType::kText && masking_.transform.facts().needs_key) {
    text = masks::ToNormalFormC(text);
  }
  return WriteMasked(out, use, {masking_.type, 0, text}, context);
}

Encoded MaskedColumn::WriteMasked(ByteBuffer& out, Use use, const Value& value,
                                  const MaskContext& context) {
  const Masked masked = mask_->Apply(value, context, made_);
  switch (masked.outcome) {
    case Outcome::kValue:
      return WriteResult(out, use, masked.value);
    case Outcome::kNull:
      return Encoded::kNull;
    case Outcome::kAbsent:
      break;
  }
  return Encoded::kAbsent;
}

Encoded MaskedColumn::WriteResult(ByteBuffer& out, Use use, const Value& result) {
  const auto quoted = [&](auto&& append) {
    out.Append('"');
    append();
    out.Append('"');
    return Encoded::kValue;
  };
  switch (result.type) {
    case ValueType::kBool:
      out.Append(result.number != 0 ? '1' : '0');
      return Encoded::kValue;
    case ValueType::kInteger:
      AppendInteger(out, result.number);
      return Encoded::kValue;
    case ValueType::kDate:
      return quoted(
          [&] { AppendDate(out, static_cast<std::int32_t>(result.number), options_.beyond); });
    case ValueType::kTimestamp:
    case ValueType::kTimestamptz: {
      const std::size_t start = out.size();
      out.Append('"');
      if (!AppendTimestamp(out, result.number, result.type == ValueType::kTimestamptz,
                           options_.beyond, options_.time_form)) {
        out.Truncate(start);
        return Encoded::kNull;
      }
      out.Append('"');
      return Encoded::kValue;
    }
    case ValueType::kNumeric:
      if (!IsReal(type_)) return quoted([&] { out.Append(result.text); });
      AppendDecimal(out, result.text, RealForm::kRow);
      return Encoded::kValue;
    case ValueType::kBytea:
      if (options_.binary == EncodeOptions::Binary::kAbsent) return Encoded::kAbsent;
      return quoted([&] {});  // nothing but an empty one is ever made
    default:
      if (use == Use::kIdentity) {
        out.Append(result.text);
      } else {
        AppendJsonString(out, result.text);
      }
      return Encoded::kValue;
  }
}

}  // namespace phisync::sync

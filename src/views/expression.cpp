#include "views/expression.h"

#include <string_view>

#include "core/decimal.h"
#include "core/scope_keys.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/types.h"

namespace phisync::views {
namespace {

std::string TypeName(Oid type, int32 typmod) {
  return pg::Call([&] { return format_type_with_typemod(type, typmod); });
}

std::string Cast(const std::string& sql, Oid type) {
  return "(" + sql + ")::" + TypeName(type, -1);
}

std::string Call(std::string_view function, const std::string& arguments) {
  return "phisync.mask_" + std::string(function) + "(" + arguments + ")";
}

Shown As(std::string sql, Oid type) {
  return {std::move(sql), TypeName(type, -1)};
}

class Writer {
 public:
  Writer(const Source& column, const profiles::Treatment& treatment, std::optional<int> view)
      : column_(column),
        treatment_(treatment),
        transform_(treatment.transform),
        view_(view),
        base_(pg::Call([&] { return getBaseType(column.type); })) {}

  Shown Write() const {
    switch (transform_.op) {
      case Op::kNull:
        return As("NULL::" + TypeName(base_, -1), base_);
      case Op::kRedact:
        return Redacted();
      case Op::kPartial:
        return Text("partial", ", " + std::to_string(transform_.n[0]) + ", " +
                                   std::to_string(transform_.n[1]) + ", " +
                                   Literal(transform_.text));
      case Op::kEmail:
        return Text("email", transform_.keep_domain ? ", true" : "");
      case Op::kUrl:
        return Text("url", "");
      case Op::kIp: {
        const std::string bits =
            ", " + std::to_string(transform_.n[0]) + ", " + std::to_string(transform_.n[1]);
        return treatment_.type == ValueType::kInet
                   ? As(phisync::views::Call("ip", Cast(column_.reference, INETOID) + bits),
                        INETOID)
                   : Text("ip", bits);
      }
      case Op::kZip3:
        return Zip();
      case Op::kDateYear:
      case Op::kDateMonth:
        return Day();
      case Op::kAge90:
        return Number("age90", "");
      case Op::kBucket:
        return Bucket();
      case Op::kLatLon:
        return treatment_.type == ValueType::kText ? Text("latlon", ", " + Step(NUMERICOID))
                                                   : Number("latlon", ", " + Step(WorkType()));
      case Op::kPseudonym:
      case Op::kSurrogate:
      case Op::kDateShift:
        return Keyed();
      case Op::kKeep:
      case Op::kDrop:
        break;
    }
    return {column_.reference, TypeName(column_.type, column_.typmod)};
  }

 private:
  // The value as text; not of inet and cidr, whose cast is not their output.
  std::string AsText() const {
    return base_ == TEXTOID && column_.type == TEXTOID ? column_.reference
                                                       : Cast(column_.reference, TEXTOID);
  }

  // A text's type stays, but for its length.
  Shown Text(std::string_view function, const std::string& more) const {
    std::string sql = phisync::views::Call(function, AsText() + more);
    if (base_ != VARCHAROID) return As(std::move(sql), TEXTOID);
    return As(Cast(sql, VARCHAROID), VARCHAROID);
  }

  Shown Redacted() const {
    if (treatment_.type == ValueType::kText) {
      return Text("redact", transform_.text == kRedacted ? "" : ", " + Literal(transform_.text));
    }
    if (base_ == FLOAT4OID) {
      return As(Cast(phisync::views::Call("redact", Cast(column_.reference, FLOAT8OID)), FLOAT4OID),
                FLOAT4OID);
    }
    return As(phisync::views::Call("redact", Cast(column_.reference, base_)), base_);
  }

  // The type that the functions for numbers have for this one.
  Oid WorkType() const {
    switch (base_) {
      case INT2OID:
        return INT4OID;
      case FLOAT4OID:
        return FLOAT8OID;
      default:
        return base_;
    }
  }

  // A result that is no greater than the value, or small, fits the value's own type.
  Shown Number(std::string_view function, const std::string& more) const {
    Oid work = WorkType();
    if (transform_.op == Op::kAge90 && work == FLOAT8OID) work = NUMERICOID;
    std::string sql = phisync::views::Call(function, Cast(column_.reference, work) + more);
    return work == base_ ? As(std::move(sql), base_) : As(Cast(sql, base_), base_);
  }

  Shown Zip() const {
    if (treatment_.type == ValueType::kText) return Text("zip3", "");
    // Above that there are no ZIP codes, nor integers.
    const std::string small = "CASE WHEN " + column_.reference + " BETWEEN 0 AND 999999999 THEN " +
                              Cast(column_.reference, INT4OID) + " END";
    return As(Cast(phisync::views::Call(
                       "zip3", base_ == INT8OID ? small : Cast(column_.reference, INT4OID)),
                   base_),
              base_);
  }

  Shown Day() const {
    const std::string part = transform_.op == Op::kDateYear ? "year" : "month";
    const std::string value = Cast(column_.reference, base_);
    if (!NeedsCommitTime(transform_, treatment_.tag_class)) {
      return As(phisync::views::Call("date_" + part, value), base_);
    }
    return As(phisync::views::Call("birth_" + part, value + ", statement_timestamp()"), base_);
  }

  std::string Step(Oid type) const {
    return Literal(Format(transform_.step)) + "::" + TypeName(type, -1);
  }

  Shown Bucket() const {
    const std::string value = Cast(column_.reference, WorkType()) + ", ";
    switch (treatment_.type) {
      case ValueType::kDate:
      case ValueType::kTimestamp:
      case ValueType::kTimestamptz:
        return As(phisync::views::Call("bucket", value + Step(INT4OID)), base_);
      default:
        // Rounded down, a smallint may need more room, and a real has other digits.
        return As(phisync::views::Call("bucket", value + Step(WorkType())), WorkType());
    }
  }

  Shown Keyed() const {
    const Oid result = transform_.op == Op::kDateShift ? base_ : TEXTOID;
    if (view_) {
      return As("phisync.masked_value(NULL::" + TypeName(result, -1) + ", " +
                    std::to_string(*view_) + ", " + Literal(column_.name) + ", r.tableoid, r.ctid)",
                result);
    }
    const std::string scope = Literal(transform_.scope);
    if (transform_.op == Op::kDateShift) {
      const std::string subject = column_.subject.empty() ? "NULL" : column_.subject;
      return As(phisync::views::Call(
                    "date_shift", Cast(column_.reference, base_) + ", (" + subject + ")::text, " +
                                      std::to_string(transform_.n[0]) + ", " + scope),
                result);
    }
    const std::string value =
        treatment_.type == ValueType::kInteger ? Cast(column_.reference, INT8OID)
        : treatment_.type == ValueType::kInet  ? "NULLIF(concat(" + column_.reference + "), '')"
                                               : AsText();
    const Kind kind = TagClasses()[treatment_.tag_class].kind;
    return As(
        phisync::views::Call(transform_.op == Op::kPseudonym ? "pseudonym" : "surrogate",
                             value + ", " + Literal(std::string(KindName(kind))) + ", " + scope),
        TEXTOID);
  }

  const Source& column_;
  const profiles::Treatment& treatment_;
  const Transform& transform_;
  std::optional<int> view_;
  Oid base_;
};

}  // namespace

std::optional<Shown> MaskedExpression(const Source& column, const profiles::Treatment& treatment,
                                      std::optional<int> view) {
  if (treatment.transform.op == Op::kDrop) return std::nullopt;
  return Writer(column, treatment, view).Write();
}

std::string Literal(const std::string& text) {
  return pg::Call([&] { return quote_literal_cstr(text.c_str()); });
}

}  // namespace phisync::views

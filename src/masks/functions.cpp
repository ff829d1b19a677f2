// The SQL functions of transformations. Each writes its arguments as the transformation that it is,
// so that they are checked, and carried out, by the same code as the rules of profiles.

#include <optional>
#include <string>

#include "core/error.h"
#include "core/transform_apply.h"
#include "core/transform_date.h"
#include "masks/datum.h"
#include "masks/keys.h"
#include "masks/masks.h"
#include "masks/surrogates.h"
#include "masks/utf8_text.h"
#include "masks/zips.h"
#include "pg/call_site.h"
#include "pg/text.h"
#include "pg/types.h"

namespace {

using namespace phisync;

// A transformation made ready by an earlier call from the same place of a query.
struct Site {
  std::string text;
  ClassId tag_class = kClassNone;
  ValueType type = ValueType::kOther;
  std::uint64_t generation = 0;
  masks::NewSurrogates surrogates;
  std::string scope;
  std::optional<Mask> mask;
};

// Where the text of a transformation comes from arguments, an error does not repeat it: one of them
// may be a value in the wrong place.
Transform Parse(const std::string& text) {
  try {
    return ParseTransform(text);
  } catch (const Error& e) {
    throw Error(e.sqlstate(), e.message(), {}, e.hint());
  }
}

const Mask& MaskOf(FunctionCallInfo fcinfo, const std::string& text, ClassId tag_class,
                   ValueType type) {
  Site& site = pg::CallSite<Site>(fcinfo);
  if (site.text != text) {
    const Transform transform = Parse(text);
    site.mask.reset();
    site.scope = transform.scope;
    site.text = text;
  }
  const bool known = site.mask && site.tag_class == tag_class && site.type == type;
  const Transform transform = known ? Transform{} : Parse(text);
  const TransformFacts& facts = known ? site.mask->transform().facts() : transform.facts();
  MaskResources resources;
  if (facts.needs_key) resources.keys = &masks::KeysOf(site.scope);
  if (facts.needs_restricted_zips) resources.restricted_zips = &masks::RestrictedZips();
  resources.surrogates = &site.surrogates;
  resources.scope = site.scope;
  if (!known || site.generation != masks::KeyGeneration()) {
    site.mask.emplace(known ? Parse(text) : transform, tag_class, type, resources);
    site.tag_class = tag_class;
    site.type = type;
    site.generation = masks::KeyGeneration();
  }
  return *site.mask;
}

std::string_view TextArgument(FunctionCallInfo fcinfo, int n) {
  return masks::ToUtf8(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(n); })));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Number(FunctionCallInfo fcinfo, int n) {
  return std::to_string(PG_GETARG_INT32(n));
}

Oid ArgumentType(FunctionCallInfo fcinfo, int n) {
  return pg::Call([&] {
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, n);
    return OidIsValid(type) ? getBaseType(type) : InvalidOid;
  });
}

// The first argument, transformed.
Datum Apply(FunctionCallInfo fcinfo, const std::string& transform,
            const char* tag_class = "clinical", const MaskContext& context = {}) {
  const Oid type = ArgumentType(fcinfo, 0);
  ByteBuffer buffer;
  ByteBuffer out;
  Value value = masks::ReadValue(type, PG_GETARG_DATUM(0), buffer);
  const Mask& mask = MaskOf(fcinfo, transform, FindClass(tag_class), value.type);
  if (mask.transform().facts().needs_key && value.type == ValueType::kText) {
    value.text = masks::ToNormalFormC(value.text);
  }
  const Masked masked = mask.Apply(value, context, out);
  if (masked.outcome != Outcome::kValue) PG_RETURN_NULL();
  // A point is transformed as text, but no text is a point.
  if (type == POINTOID && masked.value.text == kRedacted) PG_RETURN_NULL();
  return masks::MakeDatum(
      masked.value.type == ValueType::kText && value.type != ValueType::kText ? TEXTOID : type,
      masked.value);
}

// A step as text: an integer, or a decimal number.
std::string StepText(FunctionCallInfo fcinfo, int n) {
  ByteBuffer buffer;
  const Value step = masks::ReadValue(ArgumentType(fcinfo, n), PG_GETARG_DATUM(n), buffer);
  return Quoted(step.type == ValueType::kInteger ? std::to_string(step.number) : step.text);
}

// A pseudonym or surrogate: value, kind, scope.
Datum Code(FunctionCallInfo fcinfo, const char* transform) {
  const Kind kind = ParseKind(TextArgument(fcinfo, 1));
  const std::string_view scope = TextArgument(fcinfo, 2);
  CheckScope(scope);
  return Apply(fcinfo, std::string(transform) + "(" + std::string(scope) + ")",
               std::string(KindName(kind)).c_str());
}

MaskContext AsOf(FunctionCallInfo fcinfo, int n) {
  return {PG_GETARG_TIMESTAMPTZ(n), {}};
}

}  // namespace

PHISYNC_FUNCTION(phisync_mask_redact) {
  return Apply(fcinfo, PG_NARGS() == 1 ? std::string("redact")
                                       : "redact(" + Quoted(TextArgument(fcinfo, 1)) + ")");
}

PHISYNC_FUNCTION(phisync_mask_partial) {
  return Apply(fcinfo, "partial(" + Number(fcinfo, 1) + "," + Number(fcinfo, 2) + "," +
                           Quoted(TextArgument(fcinfo, 3)) + ")");
}

PHISYNC_FUNCTION(phisync_mask_email) {
  return Apply(fcinfo, PG_GETARG_BOOL(1) ? "email(keep_domain=yes)" : "email");
}

PHISYNC_FUNCTION(phisync_mask_zip3) {
  return Apply(fcinfo, "zip3");
}

PHISYNC_FUNCTION(phisync_mask_date_year) {
  return Apply(fcinfo, "date_year");
}

PHISYNC_FUNCTION(phisync_mask_date_month) {
  return Apply(fcinfo, "date_month");
}

PHISYNC_FUNCTION(phisync_mask_birth_year) {
  return Apply(fcinfo, "date_year", "date.birth", AsOf(fcinfo, 1));
}

PHISYNC_FUNCTION(phisync_mask_birth_month) {
  return Apply(fcinfo, "date_month", "date.birth", AsOf(fcinfo, 1));
}

PHISYNC_FUNCTION(phisync_mask_over_90) {
  PG_RETURN_BOOL(phisync::Over90(PG_GETARG_DATEADT(0), PG_GETARG_TIMESTAMPTZ(1)));
}

PHISYNC_FUNCTION(phisync_mask_age90) {
  return Apply(fcinfo, "age90");
}

PHISYNC_FUNCTION(phisync_mask_date_shift) {
  const std::string_view scope = TextArgument(fcinfo, 3);
  phisync::CheckScope(scope);
  phisync::MaskContext context;
  context.subject = TextArgument(fcinfo, 1);
  return Apply(fcinfo, "date_shift(" + Number(fcinfo, 2) + "," + std::string(scope) + ")", "date",
               context);
}

PHISYNC_FUNCTION(phisync_mask_bucket) {
  return Apply(fcinfo, "bucket(" + StepText(fcinfo, 1) + ")");
}

PHISYNC_FUNCTION(phisync_mask_pseudonym) {
  return Code(fcinfo, "pseudonym");
}

PHISYNC_FUNCTION(phisync_mask_surrogate) {
  return Code(fcinfo, "surrogate");
}

PHISYNC_FUNCTION(phisync_mask_ip) {
  return Apply(fcinfo, "ip(" + Number(fcinfo, 1) + "," + Number(fcinfo, 2) + ")");
}

PHISYNC_FUNCTION(phisync_mask_url) {
  return Apply(fcinfo, "url");
}

PHISYNC_FUNCTION(phisync_mask_latlon) {
  return Apply(fcinfo, "latlon(" + StepText(fcinfo, 1) + ")");
}

// canonical_transformation(text)
PHISYNC_FUNCTION(phisync_canonical_transformation) {
  return masks::FromUtf8(Format(ParseTransform(TextArgument(fcinfo, 0))));
}

// transformations(): the table of the core.
PHISYNC_FUNCTION(phisync_transformations) {
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  pg::Call([&] { InitMaterializedSRF(fcinfo, 0); });
  for (const TransformFacts& facts : Transforms()) {
    pg::Call([&] {
      Datum types[kValueTypes];
      int n = 0;
      for (int i = 0; i < kValueTypes; ++i) {
        const auto type = static_cast<ValueType>(i);
        if (!facts.accepts(type)) continue;
        types[n++] = CStringGetTextDatum(ValueTypeName(type).data());
      }
      Datum values[] = {
          CStringGetTextDatum(facts.name.data()),
          CStringGetTextDatum(facts.usage.data()),
          CStringGetTextDatum(facts.gives.data()),
          PointerGetDatum(construct_array(types, n, TEXTOID, -1, false, TYPALIGN_INT)),
          BoolGetDatum(facts.fits_keys()),
          BoolGetDatum(facts.needs_key),
          BoolGetDatum(facts.needs_subject)};
      bool nulls[7] = {};
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
  }
  return Datum{0};
}

void phisync::masks::Init() {
  DefineKeySettings();
}

// The SQL functions of reads.

#include "core/error.h"
#include "core/purpose.h"
#include "core/read_kinds.h"
#include "pg/text.h"
#include "reads/grants.h"
#include "reads/reads.h"

// canonical_kind(kind text)
PHISYNC_FUNCTION(phisync_canonical_kind) {
  using namespace phisync;
  return pg::TextDatum(CanonicalKind(pg::View(PG_GETARG_TEXT_PP(0))));
}

// canonical_purpose(purpose text)
PHISYNC_FUNCTION(phisync_canonical_purpose) {
  using namespace phisync;
  const std::string purpose(pg::View(PG_GETARG_TEXT_PP(0)));
  if (!audit::IsPurpose(purpose)) {
    throw Error(sqlstate::kInvalidParameterValue, "unknown purpose \"" + purpose + "\"",
                "It is not a purpose of use that HL7 defines.", audit::kPurposeHint);
  }
  return pg::TextDatum(audit::CanonicalPurpose(purpose));
}

// checks_reads()
PHISYNC_FUNCTION(phisync_checks_reads) {
  return BoolGetDatum(phisync::reads::ChecksReads());
}

// Trigger on phisync.read_grant.
PHISYNC_FUNCTION(phisync_read_grants_changed) {
  phisync::reads::InvalidateGrants();
  return PointerGetDatum(nullptr);
}

#include "sync/surrogates_missing.h"

#include "sync/owner.h"
#include "sync/target.h"

namespace phisync::sync {

void WarnIfNotMade(Relation table, const char* profile) {
  uint64 tables = 0;
  AsOwnerOf(get_relname_relid("bucket", get_namespace_oid("phisync", false)), [&] {
    const Oid types[] = {TEXTOID, REGCLASSOID};
    const Datum values[] = {CStringGetTextDatum(profile),
                            ObjectIdGetDatum(RelationGetRelid(table))};
    Execute("SELECT FROM phisync.surrogate_tables($1, $2) WHERE NOT on_write", 2, types, values,
            nullptr);
    tables = SPI_processed;
  });
  if (tables == 0) return;
  ereport(WARNING, (errmsg("profile \"%s\" has surrogates of table \"%s\", and nothing makes them",
                           profile, RelationGetRelationName(table)),
                    errdetail("Consumers get NULL for values that have none."),
                    errhint("CALL phisync.make_surrogates(%s, %s);", quote_literal_cstr(profile),
                            quote_literal_cstr(QualifiedName(table)))));
}

}  // namespace phisync::sync

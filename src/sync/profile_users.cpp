#include "sync/profile_users.h"

#include "pg/boundary.h"
#include "sync/ddl.h"
#include "sync/owner.h"
#include "sync/policy.h"
#include "sync/servable.h"
#include "sync/stored_parameters.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

List* QueriesWithProfile(const char* profile) {
  List* queries = NIL;
  ListCell* cell;
  foreach (cell, BucketsWithProfile(profile)) {
    const DefinedBucket* const bucket = FindBucket(strVal(lfirst(cell)));
    if (bucket != nullptr) queries = list_concat(queries, QueriesOf(bucket));
  }
  return queries;
}

void RequireServableStill(const DefinedQuery* query) {
  Relation const table = try_relation_open(query->relation, NoLock);
  if (table == nullptr) return;
  DefinitionErrors frame;
  PushDefinitionErrors(&frame, query);
  // What it throws becomes an error of the server's while the frame that names the query is there.
  pg::Entry(
      [&] { RequireServable(table, query->text, query->of->parameter_names, query->of->profile); });
  PopDefinitionErrors(&frame);
  relation_close(table, NoLock);
}

}  // namespace

List* BucketsWithProfile(const char* profile) {
  Oid const table = get_relname_relid("bucket", get_namespace_oid("phisync", false));
  // Collected in memory that outlives SPI_finish.
  MemoryContext const memory = CurrentMemoryContext;
  List* names = NIL;
  AsOwnerOf(table, [&] {
    const Oid types[] = {TEXTOID};
    const Datum values[] = {CStringGetTextDatum(profile)};
    Execute("SELECT name FROM phisync.bucket WHERE profile OPERATOR(pg_catalog.=) $1 ORDER BY 1", 1,
            types, values, nullptr);
    names = FirstColumn(memory);
  });
  return names;
}

void LockForProfileChange(const char* profile) {
  InvalidateTargets(QueriesWithProfile(profile));
}

void FollowProfileChange(const char* profile) {
  List* const queries = QueriesWithProfile(profile);
  ListCell* cell;
  foreach (cell, queries) RequireServableStill(static_cast<DefinedQuery*>(lfirst(cell)));
  RecordPolicyChange("profile changed", BucketNames(queries), NIL);
  // Last, so that it belongs to the command that changed the profile.
  InvalidateTargets(queries);
  foreach (cell, BucketsWithProfile(profile)) InvalidateParameters(strVal(lfirst(cell)));
}

}  // namespace phisync::sync

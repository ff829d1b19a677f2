#include "sync/profile_users.h"

#include "pg/boundary.h"
#include "sync/ddl.h"
#include "sync/parameters_servable.h"
#include "sync/policy.h"
#include "sync/servable.h"
#include "sync/stored_parameters.h"
#include "sync/surrogates_missing.h"
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
  WarnIfNotMade(table, query->of->profile);
  relation_close(table, NoLock);
}

}  // namespace

void LockForProfileChange(const char* profile) {
  InvalidateTargets(QueriesWithProfile(profile));
}

void FollowProfileChange(const char* profile) {
  List* const queries = QueriesWithProfile(profile);
  ListCell* cell;
  foreach (cell, queries) RequireServableStill(static_cast<DefinedQuery*>(lfirst(cell)));
  foreach (cell, BucketsWithProfile(profile)) {
    const Query* const query = ReadParameters(FindParameters(strVal(lfirst(cell))));
    if (query != nullptr) pg::Entry([&] { RequireParametersServable(query, profile); });
  }
  RecordPolicyChange("profile changed", BucketNames(queries), NIL);
  // Last, so that it belongs to the command that changed the profile.
  InvalidateTargets(queries);
  foreach (cell, BucketsWithProfile(profile)) InvalidateParameters(strVal(lfirst(cell)));
}

}  // namespace phisync::sync

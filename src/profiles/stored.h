#pragma once
// Users' profiles as they are stored. Plain structs in palloc'd memory; the functions raise the
// server's errors, so the frames of their callers own nothing, or call inside pg::Call.

#include "pg/catalog.h"

namespace phisync::profiles {

struct StoredRule {
  const char* tag_class;  // "phi:date.birth", or "unclassified"
  const char* transformation;
};

struct StoredColumn {
  Oid relation;
  const char* column;
  const char* transformation;
};

// A row of phisync.profile with what hangs on it.
struct StoredProfile {
  const char* name;
  const char* based_on;
  List* consents;     // String
  const char* scope;  // null: the name
  const char* confidentiality;
  List* rules;    // StoredRule
  List* columns;  // StoredColumn
};

// Reading goes by scan and sees what the current (or historic) snapshot shows; null where there is
// none of that name, or the extension is not installed.
StoredProfile* ReadProfile(const char* name);

// Names of users' profiles (String), in no order.
List* ProfileNames();

}  // namespace phisync::profiles

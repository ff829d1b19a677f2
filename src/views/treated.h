#pragma once
// What a profile makes of the rows and columns of a relation that is read with its heirs.

#include <string>
#include <vector>

#include "pg/backend.h"
#include "profiles/profiles.h"

namespace phisync::views {

struct TreatedColumn {
  AttrNumber number = 0;
  std::string name;
  Oid type = InvalidOid;
  int32 typmod = -1;
  bool generated = false;
  profiles::Treatment treatment;
  AttrNumber subject = 0;  // the column with the id of the person whom it is about; 0: nobody knows
};

struct Treated {
  std::vector<TreatedColumn> columns;  // without those that were dropped
  bool hides_rows = false;             // no row may be seen
  std::vector<Oid> family;             // the relation and its heirs
};

// A column of which a heir has another treatment is dropped, unless one of both keeps it: then the
// other counts. One heir whose rows must not be seen hides all. Throws.
Treated TreatedBy(const profiles::Profile& profile, Oid relation);

}  // namespace phisync::views

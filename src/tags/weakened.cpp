#include "tags/weakened.h"

#include "audit/tag_change.h"
#include "core/error.h"
#include "core/label_change.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/seclabel.h"
#include "tags/tags.h"

namespace phisync::tags {
namespace {

constexpr std::string_view kUnreadable = "This version cannot tell what it protects.";

// What is weaker in the label of the object alone; a removed label is one that says `none`.
template <typename Label>
std::string WeakerLabel(Label (*parse)(std::string_view), const char* before, const char* after) {
  if (before == nullptr) return {};
  Label old;
  try {
    old = parse(before);
  } catch (const Error&) {
    return std::string(kUnreadable);
  }
  return Weaker(old, after != nullptr ? parse(after) : Label());
}

std::string WeakerOwn(const ObjectAddress& object, const char* before, const char* after) {
  if (object.classId == NamespaceRelationId) return WeakerLabel(ParseSchemaLabel, before, after);
  return object.objectSubId == 0 ? WeakerLabel(ParseTableLabel, before, after)
                                 : WeakerLabel(ParseColumnLabel, before, after);
}

// What the tags say less of that take effect on the relation.
std::vector<WeakerTag> WeakerEffect(const ObjectAddress& object, const char* text) {
  if (object.classId != RelationRelationId) return {};
  const OtherLabel other = {object, text};
  Resolver now;
  Resolver then(nullptr, &other);
  return WeakerTags(now.Resolve(object.objectId), then.Resolve(object.objectId));
}

// "column patient.ssn", "table patient", "schema clinic".
std::string Describe(const ObjectAddress& object) {
  const char* text = pg::Call([&] { return getObjectDescription(&object, false); });
  return text;
}

}  // namespace

bool IsOfficer() {
  return pg::Call([] {
    const Oid officer = get_role_oid("phisync_officer", true);
    return OidIsValid(officer) ? is_member_of_role(GetUserId(), officer) : superuser();
  });
}

std::vector<WeakerTag> WeakerTags(const Resolver::Resolved& before,
                                  const Resolver::Resolved& after) {
  std::vector<WeakerTag> weaker;
  for (std::size_t i = 0; i < before.tags.columns.size() && i < after.tags.columns.size(); ++i) {
    const ColumnTag& old = before.tags.columns[i];
    const ColumnTag& now = after.tags.columns[i];
    if (!old.phi || after.names[i].empty()) continue;
    // What it is made of counts by itself; no label was set here.
    if (now.source == Source::kGenerated) continue;
    const bool open = old.text == "unclassified";
    const bool derived = old.source == Source::kParent || old.source == Source::kView ||
                         old.source == Source::kGenerated;
    std::string why;
    if (!now.phi) {
      if (!open || derived || before.mixed[i] != 0) why = "Nothing of it would be withheld.";
    } else if (now.text == "unclassified") {
      why = Weaker(old.limits, now.limits);
    } else if (!open) {
      why = Weaker(before.labels[i], after.labels[i]);
    } else if (before.mixed[i] != 0) {
      why = "It is made of columns of several classes.";
    }
    if (why.empty()) continue;
    weaker.push_back({static_cast<AttrNumber>(i + 1), after.names[i], open ? old.text : old.label,
                      now.phi ? now.label : std::string(), why});
  }
  return weaker;
}

void AllowOrRefuse(const ObjectAddress& object, const char* text) {
  const char* const own = pg::Call([&] { return GetSecurityLabel(&object, kProvider); });
  std::string before = own != nullptr ? own : "";
  std::string why = WeakerOwn(object, own, text);
  if (why.empty()) {
    const std::vector<WeakerTag> weaker = WeakerEffect(object, text);
    if (weaker.empty()) return;
    const WeakerTag& first = weaker.front();
    if (own == nullptr && object.objectSubId != 0) before = first.before;
    why = "Column \"" + first.column + "\" is " + first.before + " by what it inherits or reads. " +
          first.why;
  } else {
    why = "It is \"" + before + "\" now. " + why;
  }
  if (!IsOfficer()) {
    throw Error(sqlstate::kInsufficientPrivilege,
                std::string("must be a member of phisync_officer to ") +
                    (own == nullptr    ? "override"
                     : text == nullptr ? "remove"
                                       : "weaken") +
                    " the tag of " + Describe(object),
                why,
                "Ask an officer who owns it, or GRANT phisync_officer to whoever answers for it.");
  }
  audit::RecordTagChange(object, before.empty() ? nullptr : before.c_str(), text);
}

}  // namespace phisync::tags

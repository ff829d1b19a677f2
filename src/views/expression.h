#pragma once
// SQL that shows a column as a profile has it: calls of phisync.mask_...

#include <optional>
#include <string>

#include "pg/backend.h"
#include "profiles/profiles.h"

namespace phisync::views {

// A column, as SQL refers to it.
struct Source {
  std::string reference;  // r."Full Name"
  std::string name;       // Full Name
  Oid type = InvalidOid;
  int32 typmod = -1;
  std::string subject;  // reference to the id of the person whom the value is about; empty: nobody
                        // knows
};

struct Shown {
  std::string sql;
  std::string type;  // what it gives, as format_type writes it
};

// Nothing for drop. Types stay where the transformation keeps them, but domains become what they
// are over, texts lose their length, and enums, uuids and the like that are made unrecognizable are
// texts; so no masked value fails to fit. Transformations that need the key ask
// phisync.masked_value with the number of the masked view, or without one call phisync.mask_...,
// which takes a member of phisync_officer. Throws.
std::optional<Shown> MaskedExpression(const Source& column, const profiles::Treatment& treatment,
                                      std::optional<int> view);

// As SQL writes a text constant.
std::string Literal(const std::string& text);

}  // namespace phisync::views

#pragma once
// The one error type of the core. Glue turns it into the server's ereport (pg/boundary.h).

#include <exception>
#include <string>
#include <utility>

namespace phisync {

// SQLSTATEs that the core raises; PostgreSQL documentation, appendix A. The class PH is phisync's
// own, stable so that applications can branch on it (docs/retention.md).
namespace sqlstate {
inline constexpr const char* kInvalidParameterValue = "22023";
inline constexpr const char* kFeatureNotSupported = "0A000";
inline constexpr const char* kSyntaxError = "42601";
inline constexpr const char* kInvalidName = "42602";
inline constexpr const char* kUndefinedColumn = "42703";
inline constexpr const char* kUndefinedObject = "42704";
inline constexpr const char* kDuplicateObject = "42710";
inline constexpr const char* kDatatypeMismatch = "42804";
inline constexpr const char* kWrongObjectType = "42809";
inline constexpr const char* kInvalidObjectDefinition = "42P17";
inline constexpr const char* kInsufficientPrivilege = "42501";
inline constexpr const char* kObjectNotInPrerequisiteState = "55000";
inline constexpr const char* kStatementTooComplex = "54001";
inline constexpr const char* kInternalError = "XX000";
inline constexpr const char* kDataCorrupted = "XX001";
inline constexpr const char* kRetained = "PHR01";
inline constexpr const char* kHeld = "PHR02";
}  // namespace sqlstate

// An error with all that the server's report carries. No field may contain a value of a tagged
// column: messages reach logs and clients that are not cleared for PHI.
class Error : public std::exception {
 public:
  // `sqlstate` is five characters; `detail` and `hint` may be empty.
  Error(const char* sqlstate, std::string message, std::string detail = {}, std::string hint = {})
      : sqlstate_(sqlstate),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)) {}

  [[nodiscard]] const char* what() const noexcept override;
  [[nodiscard]] const char* sqlstate() const noexcept { return sqlstate_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  const char* sqlstate_;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

}  // namespace phisync

#pragma once
// Statements that are not the user's: those of phisync itself, and the server's checks of foreign
// keys. They read what they must; what they give out, their own code answers for.

namespace phisync::reads {

// While it lives, the statements that this code starts are phisync's own. What such a statement
// runs in turn (policies, triggers, functions of users) is the user's again. Nothing in SQL
// reaches it. To be made in frames that errors unwind, that is, outside pg::Call; and for the start
// of a statement alone where values are worked on afterwards, as types can have users' code, too.
class OwnStatements {
 public:
  OwnStatements();
  ~OwnStatements();
  OwnStatements(const OwnStatements&) = delete;
  OwnStatements& operator=(const OwnStatements&) = delete;

 private:
  bool before_;
};

// Whether the statement that starts now is one of those.
bool IsTrusted();

void InitTrust();

}  // namespace phisync::reads

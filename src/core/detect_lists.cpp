// Common names: enough to tell a column of names from one of other words.

#include <algorithm>
#include <iterator>
#include <string_view>

#include "core/detect_shapes.h"

namespace phisync::detect {
namespace {

constexpr std::string_view kGiven[] = {
    "AARON",     "ABIGAIL",     "ADAM",      "AIDEN",     "ALEXANDER", "ALEXIS",    "ALICE",
    "AMANDA",    "AMBER",       "AMELIA",    "AMY",       "ANDREA",    "ANDREW",    "ANGELA",
    "ANN",       "ANNA",        "ANNE",      "ANTHONY",   "ARTHUR",    "ASHLEY",    "AUSTIN",
    "AVA",       "BARBARA",     "BENJAMIN",  "BETTY",     "BEVERLY",   "BRANDON",   "BRENDA",
    "BRIAN",     "BRITTANY",    "BRUCE",     "BRYAN",     "CARL",      "CARLOS",    "CAROL",
    "CAROLYN",   "CATHERINE",   "CHARLES",   "CHARLOTTE", "CHERYL",    "CHRISTIAN", "CHRISTINA",
    "CHRISTINE", "CHRISTOPHER", "CYNTHIA",   "DANIEL",    "DANIELLE",  "DAVID",     "DEBORAH",
    "DEBRA",     "DENISE",      "DENNIS",    "DIANA",     "DIANE",     "DONALD",    "DONNA",
    "DOROTHY",   "DOUGLAS",     "DYLAN",     "EDWARD",    "ELIJAH",    "ELIZABETH", "EMILY",
    "EMMA",      "ERIC",        "ETHAN",     "EUGENE",    "EVELYN",    "FRANCES",   "FRANK",
    "GABRIEL",   "GARY",        "GEORGE",    "GERALD",    "GLORIA",    "GRACE",     "GREGORY",
    "HANNAH",    "HAROLD",      "HEATHER",   "HELEN",     "HENRY",     "ISABELLA",  "JACK",
    "JACOB",     "JACQUELINE",  "JAMES",     "JANE",      "JANET",     "JANICE",    "JASON",
    "JEAN",      "JEFFREY",     "JENNIFER",  "JEREMY",    "JERRY",     "JESSE",     "JESSICA",
    "JOAN",      "JOE",         "JOHN",      "JONATHAN",  "JORDAN",    "JOSE",      "JOSEPH",
    "JOSHUA",    "JOYCE",       "JUAN",      "JUDITH",    "JUDY",      "JULIA",     "JULIE",
    "JUSTIN",    "KAREN",       "KATHERINE", "KATHLEEN",  "KATHRYN",   "KAYLA",     "KEITH",
    "KELLY",     "KENNETH",     "KEVIN",     "KIMBERLY",  "KYLE",      "LARRY",     "LAURA",
    "LAUREN",    "LAWRENCE",    "LIAM",      "LINDA",     "LISA",      "LOGAN",     "LORI",
    "LOUIS",     "LUCAS",       "LUIS",      "MADISON",   "MARGARET",  "MARIA",     "MARIE",
    "MARILYN",   "MARK",        "MARTHA",    "MARY",      "MASON",     "MATTHEW",   "MEGAN",
    "MELISSA",   "MIA",         "MICHAEL",   "MICHELLE",  "NANCY",     "NATALIE",   "NATHAN",
    "NICHOLAS",  "NICOLE",      "NOAH",      "NOAM",      "OLIVIA",    "PAMELA",    "PATRICIA",
    "PATRICK",   "PAUL",        "PETER",     "PHILIP",    "RACHEL",    "RALPH",     "RAYMOND",
    "REBECCA",   "RICHARD",     "ROBERT",    "ROGER",     "RONALD",    "ROSE",      "ROY",
    "RUSSELL",   "RUTH",        "RYAN",      "SAMANTHA",  "SAMUEL",    "SANDRA",    "SARA",
    "SARAH",     "SCOTT",       "SEAN",      "SHARON",    "SHIRLEY",   "SOPHIA",    "STEPHANIE",
    "STEPHEN",   "STEVEN",      "SUSAN",     "TERESA",    "TERRY",     "THERESA",   "THOMAS",
    "TIMOTHY",   "TYLER",       "VICTORIA",  "VINCENT",   "VIRGINIA",  "WALTER",    "WAYNE",
    "WILLIAM",   "WILLIE",      "ZACHARY",
};

constexpr std::string_view kFamily[] = {
    "ADAMS",    "ALEXANDER", "ALLEN",    "ALVAREZ",    "ANDERSON",   "BAILEY",   "BAKER",
    "BARNES",   "BENNETT",   "BROOKS",   "BROWN",      "BUTLER",     "CAMPBELL", "CARTER",
    "CASTILLO", "CHAVEZ",    "CLARK",    "COLEMAN",    "COLLINS",    "COOK",     "COOPER",
    "COX",      "CRUZ",      "DAVIS",    "DIAZ",       "EDWARDS",    "EVANS",    "FISHER",
    "FLORES",   "FOSTER",    "GARCIA",   "GIBSON",     "GOMEZ",      "GONZALES", "GONZALEZ",
    "GRAHAM",   "GRAY",      "GREEN",    "GRIFFIN",    "GUTIERREZ",  "HALL",     "HAMILTON",
    "HARRIS",   "HENDERSON", "HENRY",    "HERNANDEZ",  "HILL",       "HOWARD",   "HUGHES",
    "JACKSON",  "JAMES",     "JENKINS",  "JIMENEZ",    "JOHNSON",    "JONES",    "JORDAN",
    "KELLY",    "KIM",       "KING",     "LEE",        "LEWIS",      "LONG",     "LOPEZ",
    "MARSHALL", "MARTIN",    "MARTINEZ", "MCDONALD",   "MENDOZA",    "MILLER",   "MITCHELL",
    "MOORE",    "MORALES",   "MORGAN",   "MORRIS",     "MURPHY",     "MURRAY",   "MYERS",
    "NELSON",   "NGUYEN",    "ORTIZ",    "OWENS",      "PARKER",     "PATEL",    "PATTERSON",
    "PEREZ",    "PERRY",     "PETERSON", "PHILLIPS",   "POWELL",     "PRICE",    "RAMIREZ",
    "RAMOS",    "REED",      "REYES",    "REYNOLDS",   "RICHARDSON", "RIVERA",   "ROBERTS",
    "ROBINSON", "RODRIGUEZ", "ROGERS",   "ROMERO",     "ROSS",       "RUIZ",     "RUSSELL",
    "SANCHEZ",  "SANDERS",   "SCOTT",    "SIMMONS",    "SMITH",      "STEVENS",  "STEWART",
    "SULLIVAN", "TAYLOR",    "THOMAS",   "THOMPSON",   "TORRES",     "TURNER",   "VASQUEZ",
    "WALKER",   "WALLACE",   "WARD",     "WASHINGTON", "WATSON",     "WEST",     "WHITE",
    "WILLIAMS", "WILSON",    "WOOD",     "WRIGHT",     "YOUNG",
};

template <std::size_t N>
bool IsIn(const std::string_view (&sorted)[N], std::string_view word) {
  return std::binary_search(std::begin(sorted), std::end(sorted), word);
}

static_assert(std::is_sorted(std::begin(kGiven), std::end(kGiven)));
static_assert(std::is_sorted(std::begin(kFamily), std::end(kFamily)));

}  // namespace

bool IsCommonGivenName(std::string_view upper) {
  return IsIn(kGiven, upper);
}

bool IsCommonFamilyName(std::string_view upper) {
  return IsIn(kFamily, upper);
}

}  // namespace phisync::detect

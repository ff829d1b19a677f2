#include "detect_values.h"

#include <gtest/gtest.h>

namespace {

// Half of them are in the library's lists, half are not, as it goes with people.
constexpr std::array<std::string_view, 24> kGiven = {
    "James", "Mary",   "Robert", "Patricia", "Linda",  "William", "Susan", "Joseph",
    "Karen", "Daniel", "Emily",  "Kevin",    "Aroha",  "Bjorn",   "Chidi", "Delphine",
    "Eowyn", "Farouk", "Giulia", "Hiroshi",  "Ingrid", "Jelena",  "Kwame", "Lakshmi"};
constexpr std::array<std::string_view, 24> kFamily = {
    "Smith",  "Johnson", "Garcia",  "Miller", "Davis",    "Lopez",     "Wilson", "Lee",
    "Clark",  "Nguyen",  "Adams",   "Turner", "Okafor",   "Lindqvist", "Yamada", "Petrov",
    "Moreau", "Rossi",   "O'Brien", "Haddad", "Kowalska", "Mbeki",     "Tanaka", "Bergstrom"};
constexpr std::array<std::string_view, 12> kWords = {"blue",   "steel",   "compact", "widget",
                                                     "garden", "premium", "cable",   "filter",
                                                     "summer", "deluxe",  "engine",  "panel"};
constexpr std::array<std::string_view, 8> kCities = {
    "Springfield", "Riverton", "Fairview", "Salem", "Lakewood", "Bristol", "Ashford", "Clinton"};
constexpr std::array<std::string_view, 4> kStreets = {"Oak Street", "Elm Ave", "Main St",
                                                      "Hill Road Apt 4"};

int LuhnTail(const std::string& digits, int start) {
  int sum = start;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int n = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 0) n = n * 2 > 9 ? n * 2 - 9 : n * 2;
    sum += n;
  }
  return (10 - sum % 10) % 10;
}

std::string Area(Random& r) {
  return std::to_string(r.Between(100, 665));
}

std::string Phone(Random& r) {
  return std::to_string(r.Between(2, 9)) + std::to_string(r.Below(9)) + "0" +
         std::to_string(r.Between(2, 9)) + r.Digits(1) + "5" + r.Digits(4);
}

std::string Vin(Random& r) {
  constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
  constexpr std::string_view kValues = "12345678.12345.7.923456789";
  constexpr int kWeights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  std::string v = r.From(kAlphabet, 17);
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const char c = v[i] >= 'A' ? kValues[static_cast<std::size_t>(v[i] - 'A')] : v[i];
    sum += (c - '0') * kWeights[i];
  }
  v[8] = sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11);
  return v;
}

std::string Sentence(Random& r, int words) {
  std::string s;
  for (int i = 0; i < words; ++i) s += (i == 0 ? "" : " ") + std::string(r.Of(kWords));
  return s + ".";
}

std::string Day(int day) {
  // Of months of 28 days: valid, and enough here.
  const int year = 2000 + (day >= 0 ? day / 336 : -((335 - day) / 336));
  const int rest = ((day % 336) + 336) % 336;
  const std::string month = std::to_string(rest / 28 + 1);
  const std::string of_month = std::to_string(rest % 28 + 1);
  return std::to_string(year) + "-" + std::string(2 - month.size(), '0') + month + "-" +
         std::string(2 - of_month.size(), '0') + of_month;
}

}  // namespace

int MakeDay(std::string_view generator, Random& r) {
  return generator == "dob" ? r.Between(-70 * 336, 22 * 336) : r.Between(20 * 336, 25 * 336);
}

std::string MakeValue(std::string_view g, Random& r) {
  const auto given = [&] { return std::string(r.Of(kGiven)); };
  const auto family = [&] { return std::string(r.Of(kFamily)); };
  if (g == "ssn")
    return Area(r) + "-" + std::to_string(r.Between(10, 99)) + "-" +
           std::to_string(r.Between(1000, 9999));
  if (g == "ssn9")
    return Area(r) + std::to_string(r.Between(10, 99)) + std::to_string(r.Between(1000, 9999));
  if (g == "mrn") return "MRN" + r.Digits(7);
  if (g == "npi") {
    const std::string d = "1" + r.Digits(8);
    return d + std::to_string(LuhnTail(d, 24));
  }
  if (g == "dea") {
    const std::string d = r.Digits(6);
    const int sum = (d[0] + d[2] + d[4] - 3 * '0') + 2 * (d[1] + d[3] + d[5] - 3 * '0');
    return r.From("ABFM", 1) + r.From("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1) + d +
           std::to_string(sum % 10);
  }
  if (g == "mbi") {
    constexpr std::string_view kLetters = "ACDEFGHJKMNPQRTUVWXY";
    return std::to_string(r.Between(1, 9)) + r.From(kLetters, 1) + r.Digits(2) +
           r.From(kLetters, 1) + r.Digits(2) + r.From(kLetters, 2) + r.Digits(2);
  }
  if (g == "phone") {
    const std::string d = Phone(r);
    return r.Below(2) == 0 ? "(" + d.substr(0, 3) + ") " + d.substr(3, 3) + "-" + d.substr(6)
                           : d.substr(0, 3) + "-" + d.substr(3, 3) + "-" + d.substr(6);
  }
  if (g == "phone10") return Phone(r);
  if (g == "email") return given() + "." + r.Digits(3) + "@example.org";
  if (g == "zip") return r.Digits(5);
  if (g == "zip4") return r.Digits(5) + "-" + r.Digits(4);
  if (g == "ip")
    return std::to_string(r.Between(1, 254)) + "." + std::to_string(r.Below(256)) + "." +
           std::to_string(r.Below(256)) + "." + std::to_string(r.Below(256));
  if (g == "url") return "https://example.org/" + r.From("abcdefgh", 8);
  if (g == "udi") {
    const std::string d = r.Digits(13);
    int sum = 0;
    for (std::size_t i = 0; i < 13; ++i) sum += (d[i] - '0') * (i % 2 == 0 ? 3 : 1);
    return "(01)" + d + std::to_string((10 - sum % 10) % 10) + "(21)" + r.Digits(6);
  }
  if (g == "vin") return Vin(r);
  if (g == "given") return given();
  if (g == "family") return family();
  if (g == "full") return r.Below(3) == 0 ? family() + ", " + given() : given() + " " + family();
  if (g == "street") return std::to_string(r.Between(1, 9999)) + " " + std::string(r.Of(kStreets));
  if (g == "city") return std::string(r.Of(kCities));
  if (g == "uuid") {
    constexpr std::string_view kHex = "0123456789abcdef";
    return r.From(kHex, 8) + "-" + r.From(kHex, 4) + "-4" + r.From(kHex, 3) + "-a" +
           r.From(kHex, 3) + "-" + r.From(kHex, 12);
  }
  if (g == "hex") return r.From("0123456789ABCDEF", 12);
  if (g == "words") return Sentence(r, 3);
  if (g == "company") return std::string(r.Of(kCities)) + " " + std::string(r.Of(kWords)) + " Inc";
  if (g == "note") return Sentence(r, r.Between(12, 40));
  if (g == "status") return r.Below(3) == 0 ? "active" : "closed";
  if (g == "int") return std::to_string(r.Between(1, 90000));
  if (g == "int9") return r.Digits(9);
  if (g == "int10") return std::to_string(r.Between(1, 9)) + r.Digits(9);
  if (g == "money") return std::to_string(r.Between(1, 500)) + "." + r.Digits(2);
  if (g == "icd") return r.From("ABCEFGIJKM", 1) + r.Digits(2) + "." + r.Digits(1);
  if (g == "loinc") {
    const std::string d = std::to_string(r.Between(1, 9)) + r.Digits(3);
    return d + "-" + std::to_string(LuhnTail(d, 0));
  }
  if (g == "filename") return std::string(r.Of(kWords)) + "/" + r.Digits(4) + ".pdf";
  if (g == "useragent") return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/" + r.Digits(3);
  if (g == "version") return "1." + r.Digits(1) + "." + r.Digits(2);
  if (g == "lat") return std::to_string(r.Between(-89, 89)) + "." + r.Digits(5);
  if (g == "age") return std::to_string(r.Between(0, 99));
  if (g == "dob" || g == "recent") return Day(MakeDay(g, r));
  ADD_FAILURE() << "no generator " << g;
  return {};
}

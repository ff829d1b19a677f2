// The vocabulary of detection: what people write for short or in other languages.

#include <algorithm>
#include <iterator>

#include "core/detect_words.h"

namespace phisync::detect {
namespace {

struct Abbreviation {
  std::string_view word;
  std::string_view meaning;
};

// What people write for short. A word that stands for itself too is not in here.
constexpr Abbreviation kAbbreviations[] = {
    {"abn", "abnormal"},
    {"acc", "accession"},
    {"acct", "account"},
    {"addr", "address"},
    {"adm", "admission"},
    {"admit", "admission"},
    {"admitted", "admission"},
    {"anon", "anonymous"},
    {"apt", "apartment"},
    {"appt", "appointment"},
    {"bdate", "birth date"},
    {"bday", "birth date"},
    {"bene", "beneficiary"},
    {"birthday", "birth date"},
    {"bmi", "body mass"},
    {"bp", "blood pressure"},
    {"cc", "credit card"},
    {"cd", "code"},
    {"cert", "certificate"},
    {"circ", "circumference"},
    {"coded", "code"},
    {"coll", "collected"},
    {"cust", "customer"},
    {"demog", "demographic"},
    {"dept", "department"},
    {"desc", "description"},
    {"diag", "diagnosis"},
    {"diagnoses", "diagnosis"},
    {"diagnostic", "diagnosis"},
    {"died", "death"},
    {"deceased", "death"},
    {"disch", "discharge"},
    {"dl", "driver license"},
    {"dob", "birth date"},
    {"dod", "death date"},
    {"dr", "doctor"},
    {"dt", "date"},
    {"dttm", "datetime"},
    {"dtm", "datetime"},
    {"dx", "diagnosis"},
    {"emar", "medication"},
    {"emerg", "emergency"},
    {"emp", "employee"},
    {"enc", "encounter"},
    {"eob", "claim"},
    {"fac", "facility"},
    {"fname", "first name"},
    {"gend", "gender"},
    {"guar", "guarantor"},
    {"guid", "id"},
    {"hic", "hicn"},
    {"hin", "health insurance number"},
    {"hosp", "hospital"},
    {"identifier", "id"},
    {"img", "image"},
    {"ins", "insurance"},
    {"lat", "latitude"},
    {"licence", "license"},
    {"lic", "license"},
    {"lname", "last name"},
    {"lng", "longitude"},
    {"loc", "location"},
    {"lon", "longitude"},
    {"long", "longitude"},
    {"mbr", "member"},
    {"med", "medical"},
    {"meds", "medication"},
    {"mem", "member"},
    {"mi", "middle initial"},
    {"mname", "middle name"},
    {"mob", "mobile"},
    {"mobil", "mobile"},
    {"nbr", "number"},
    {"nm", "name"},
    {"no", "number"},
    {"nok", "next kin"},
    {"num", "number"},
    {"numeric", "number"},
    {"obs", "observation"},
    {"ord", "order"},
    {"org", "organization"},
    {"pat", "patient"},
    {"patid", "patient id"},
    {"ph", "phone"},
    {"pic", "picture"},
    {"pol", "policy"},
    {"prov", "provider"},
    {"proc", "procedure"},
    {"pt", "patient"},
    {"pts", "patient"},
    {"pwd", "password"},
    {"rec", "record"},
    {"ref", "reference"},
    {"res", "residence"},
    {"rslt", "result"},
    {"rx", "prescription"},
    {"ser", "serial"},
    {"sn", "serial number"},
    {"socsec", "social security"},
    {"spec", "specimen"},
    {"ss", "social security"},
    {"st", "state"},
    {"str", "street"},
    {"subj", "subject"},
    {"surname", "last name"},
    {"forename", "first name"},
    {"subs", "subscriber"},
    {"tbl", "table"},
    {"tel", "phone"},
    {"telecom", "phone"},
    {"telephone", "phone"},
    {"temp", "temperature"},
    {"tm", "time"},
    {"timestamp", "datetime"},
    {"ts", "datetime"},
    {"upd", "updated"},
    {"usr", "user"},
    {"uuid", "id"},
    {"uid", "id"},
    {"val", "value"},
    {"wt", "weight"},
    {"ht", "height"},
    {"yob", "birth year"},
    {"zipcode", "zip code"},
    {"postcode", "postal code"},
    {"zip4", "zip code"},
    {"people", "person"},
    {"children", "child"},
    {"staff", "staff"},
    {"ids", "id"},
    {"ip", "ip"},
    {"sms", "phone"},
    {"hx", "history"},
    {"imm", "immunization"},
    {"vax", "vaccine"},
    {"cellphone", "cell phone"},
    {"maiden", "maiden"},
    // Spanish, Portuguese, French, German, Italian and Dutch.
    {"achternaam", "last name"},
    {"adresse", "address"},
    {"anschrift", "address"},
    {"apellido", "last name"},
    {"cognome", "last name"},
    {"codigo", "code"},
    {"correo", "email"},
    {"datum", "date"},
    {"diagnostico", "diagnosis"},
    {"direccion", "address"},
    {"fecha", "date"},
    {"geboortedatum", "birth date"},
    {"geburtsdatum", "birth date"},
    {"indirizzo", "address"},
    {"medicamento", "medication"},
    {"naam", "name"},
    {"nachname", "last name"},
    {"naissance", "birth date"},
    {"nacimiento", "birth date"},
    {"nascimento", "birth date"},
    {"nascita", "birth date"},
    {"nom", "name"},
    {"nombre", "name"},
    {"nome", "name"},
    {"numero", "number"},
    {"paciente", "patient"},
    {"patienten", "patient"},
    {"paziente", "patient"},
    {"plz", "zip code"},
    {"prenom", "first name"},
    {"sobrenome", "last name"},
    {"strasse", "street"},
    {"telefon", "phone"},
    {"telefono", "phone"},
    {"telefone", "phone"},
    {"telefoon", "phone"},
    {"ville", "city"},
    {"voornaam", "first name"},
    {"vorname", "first name"},
};

// Whether one of the words, separated by blanks, is `word`.
bool HasWord(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos;
       at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' '))
      return true;
  }
  return false;
}

}  // namespace

std::string_view Meaning(std::string_view word) {
  for (const Abbreviation& a : kAbbreviations) {
    if (a.word == word) return a.meaning;
  }
  return {};
}

bool IsInMeaning(std::string_view word) {
  return std::any_of(std::begin(kAbbreviations), std::end(kAbbreviations),
                     [&](const Abbreviation& a) { return HasWord(a.meaning, word); });
}

}  // namespace phisync::detect

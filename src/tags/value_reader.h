#pragma once
// The texts and days in stored values, for detection. The functions own nothing and raise the
// server's errors directly: call them inside pg::Call.

#include "pg/backend.h"

namespace phisync::tags {

// How values of a type are read.
enum class Reading { kNot, kText, kOutput, kDate, kTimestamp, kJson, kJsonb, kComposite };

struct Reader {
  Reading reading;
  bool array;
  Oid output;  // for kOutput
  int16 length;
  bool by_value;
  char alignment;
};

// Texts found in one datum.
struct Text {
  const char* key;  // null: the value itself
  int key_length;
  const char* data;
  int length;
};
struct Texts {
  Text* texts;  // room for kMaxTexts
  int count;
};
// Of one value; more of them tell nothing new.
constexpr int kMaxTexts = 256;

Reader ReaderOf(Oid type);

// Sets *found to the texts, palloc'd, in a value of a reader that is neither kNot nor a date: of a
// document or a composite those of its members, of an array those of its elements, of a long text
// its beginning.
void Read(const Reader& reader, Datum datum, Texts* found);

// Days since 2000-01-01 of a date or timestamp; false for the infinities.
bool ReadDay(Reading reading, Datum datum, int32* day);

}  // namespace phisync::tags

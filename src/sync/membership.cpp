#include "sync/membership.h"

#include <algorithm>

#include "core/error.h"
#include "core/key_writer.h"
#include "pg/varlena.h"

namespace phisync::sync {
namespace {

// Up to here, comparing all with all is quicker than sorting.
constexpr std::size_t kFew = 16;

// Beyond this, memory for a huge array is given back.
constexpr std::size_t kKept = 64UL * 1024;

constexpr const char* kProgramLimitExceeded = "54000";

}  // namespace

void ThrowUnknown() {
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              "a change does not carry the values that say in which buckets the row is");
}

void Membership::Append(Query& query, const RowImage& image, ByteBuffer& out,
                        std::vector<Slice>& buckets) {
  texts_.Trim(kKept);
  values_.clear();
  ranges_.clear();
  std::size_t combinations = 1;
  for (ParameterField& parameter : query.parameters) {
    const std::size_t first = values_.size();
    Collect(parameter, image);
    const std::size_t count = values_.size() - first;
    if (count == 0) return;
    combinations *= count;
    if (combinations > kMaxBuckets) {
      throw Error(kProgramLimitExceeded, "a row is in too many buckets of one query");
    }
    ranges_.push_back({first, count, 0});
  }
  for (; combinations > 0; combinations--) {
    const std::size_t from = out.size();
    KeyWriter id(out, query.plan->bucket);
    for (const Range& range : ranges_) id.Next().Append(values_[range.first + range.at].In(texts_));
    id.Finish();
    buckets.push_back({from, out.size()});
    for (auto range = ranges_.rbegin(); range != ranges_.rend(); ++range) {
      if (++range->at < range->count) break;
      range->at = 0;
    }
  }
}

void Membership::Collect(ParameterField& parameter, const RowImage& image) {
  const std::size_t first = values_.size();
  for (SourceField& source : parameter) {
    if (image.IsMissing(source.attnum)) ThrowUnknown();
    const int i = source.attnum - 1;
    if (image.nulls[i]) continue;
    if (source.array) {
      AppendElements(*source.array, source.encoder, image.values[i]);
    } else {
      AppendValue(source.encoder, image.values[i]);
    }
  }
  if (values_.size() - first > 1) DropRepeated(first);
}

void Membership::AppendValue(ValueEncoder& encoder, Datum value) {
  const std::size_t from = texts_.size();
  if (encoder.Parameter(texts_, value) == Encoded::kValue) values_.push_back({from, texts_.size()});
}

void Membership::AppendElements(const pg::ElementForm& form, ValueEncoder& encoder, Datum value) {
  const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
  pg::ArrayElements elements(stored.As<ArrayType>(), form);
  for (int i = 0; i < elements.count(); ++i) {
    const NullableDatum element = elements.Next();
    if (!element.isnull) AppendValue(encoder, element.value);
  }
}

// Of the values from `first` on, keeps those that none before them equals.
void Membership::DropRepeated(std::size_t first) {
  const auto text = [&](std::size_t i) { return values_[i].In(texts_); };
  std::size_t kept = first;
  if (values_.size() - first <= kFew) {
    for (std::size_t i = first; i < values_.size(); i++) {
      std::size_t j = first;
      while (j < kept && text(j) != text(i)) j++;
      if (j == kept) values_[kept++] = values_[i];
    }
  } else {
    order_.clear();
    for (std::size_t i = first; i < values_.size(); i++) order_.push_back(i);
    std::ranges::sort(order_, [&](std::size_t a, std::size_t b) {
      const int compared = text(a).compare(text(b));
      return compared != 0 ? compared < 0 : a < b;
    });
    // Not std::ranges::unique, whose result clang 14 does not compile.
    order_.erase(std::unique(order_.begin(), order_.end(),
                             [&](std::size_t a, std::size_t b) { return text(a) == text(b); }),
                 order_.end());
    std::ranges::sort(order_);
    for (const std::size_t i : order_) values_[kept++] = values_[i];
  }
  values_.resize(kept);
}

}  // namespace phisync::sync

#include "sync/surrogate_maker.h"

#include <algorithm>

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/generated.h"
#include "profiles/stored.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

MemoryContext NewMemory() {
  return pg::Call([] {
    return AllocSetContextCreate(TopMemoryContext, "phisync surrogates", ALLOCSET_SMALL_SIZES);
  });
}

struct Back {
  MemoryContext context;
  ~Back() { MemoryContextSwitchTo(context); }
};

// How the column's value is computed; null if it is not.
ExprState* GenerationOf(Relation relation, AttrNumber attnum) {
  if (TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attgenerated !=
      ATTRIBUTE_GENERATED_STORED) {
    return nullptr;
  }
  return ExecInitExpr(pg::GenerationExpression(relation, attnum), nullptr);
}

}  // namespace

SurrogateMaker::SurrogateMaker(Relation relation, const profiles::Profile* only)
    : memory_(NewMemory()) {
  try {
    const tags::RelationTags tags = tags::EffectiveTags(RelationGetRelid(relation));
    if (only != nullptr) {
      Add(relation, *only, tags);
      return;
    }
    List* const names = pg::Call([] { return profiles::ProfileNames(); });
    for (int i = 0; i < list_length(names); ++i) {
      const auto profile = profiles::Find(strVal(list_nth(names, i)));
      if (profile) Add(relation, *profile, tags);
    }
  } catch (...) {
    MemoryContextDelete(memory_);
    throw;
  }
}

SurrogateMaker::~SurrogateMaker() {
  MemoryContextDelete(memory_);
}

void SurrogateMaker::Add(Relation relation, const profiles::Profile& profile,
                         const tags::RelationTags& tags) {
  std::vector<profiles::Treatment> treatments;
  try {
    treatments = profiles::TreatmentsOf(profile, RelationGetRelid(relation));
  } catch (const Error&) {
    return;
  }
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    if (!treatments[i].phi || treatments[i].transform.op != Op::kSurrogate) continue;
    const auto attnum = static_cast<AttrNumber>(i + 1);
    Masking masking = MaskingOf(relation, attnum, treatments, tags);
    const bool known = std::ranges::any_of(columns_, [&](const Column& column) {
      return column.attnum == attnum && column.masking == masking;
    });
    if (known) continue;
    const Back back{MemoryContextSwitchTo(memory_)};
    Column column{.masking = std::move(masking),
                  .attnum = attnum,
                  .type = InvalidOid,
                  .generated = nullptr,
                  .masked = nullptr};
    pg::Call([&] {
      column.type = getBaseType(TupleDescAttr(RelationGetDescr(relation), i)->atttypid);
      column.generated = GenerationOf(relation, attnum);
      if (column.generated != nullptr && context_ == nullptr) {
        context_ = CreateStandaloneExprContext();
      }
    });
    columns_.push_back(std::move(column));
  }
}

void SurrogateMaker::Load(TupleTableSlot* slot) {
  pg::Call([&] { slot_getallattrs(slot); });
  const int n = slot->tts_tupleDescriptor->natts;
  row_.Fit(n);
  std::copy_n(slot->tts_values, n, row_.values.begin());
  std::copy_n(slot->tts_isnull, n, row_.nulls.get());
}

void SurrogateMaker::MakeOfStored(TupleTableSlot* slot) {
  Load(slot);
  Make();
}

void SurrogateMaker::MakeOfNew(TupleTableSlot* slot) {
  Load(slot);
  if (context_ != nullptr) {
    pg::Call([&] {
      ResetExprContext(context_);
      context_->ecxt_scantuple = slot;
      for (const Column& column : columns_) {
        if (column.generated == nullptr) continue;
        const int i = column.attnum - 1;
        row_.values[i] = ExecEvalExprSwitchContext(column.generated, context_, &row_.nulls[i]);
      }
    });
  }
  Make();
}

void SurrogateMaker::Make() {
  for (Column& column : columns_) {
    if (row_.nulls[column.attnum - 1]) continue;
    // First, so that a key that was changed or taken away is not used any more.
    RequireKey(column.masking.transform);
    if (column.masked == nullptr) {
      column.masked = std::make_unique<MaskedColumn>(column.masking, column.attnum, column.type,
                                                     InvalidOid, EncodeOptions{}, memory_, &codes_);
    } else {
      column.masked->Refresh();
    }
    code_.Clear();
    (void)column.masked->Identity(code_, row_);
  }
}

}  // namespace phisync::sync

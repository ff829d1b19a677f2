// phisync.preview: rows of a relation as a consumer would get them, whether or not a bucket has
// them.

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "pg/fixed_settings.h"
#include "pg/spi.h"
#include "pg/text.h"
#include "reads/trust.h"
#include "sync/plan_cache.h"
#include "sync/row_codes.h"
#include "sync/row_image.h"
#include "sync/sensitivity.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

// Rows that are read at once.
constexpr long kChunk = 100;

// A column as the profile sends it.
struct ShownColumn {
  AttrNumber attnum;
  std::string member;
  ValueEncoder encoder;
  std::unique_ptr<MaskedColumn> masked;
};

// How the rows of one relation are shown. They come with the columns of `read_as`: the relation
// itself, or one above it, through which it is read.
class Preview {
 public:
  Preview(Relation relation, Relation read_as, const std::string& profile)
      : relation_(relation), profile_(profiles::Require(profile)) {
    const Oid oid = RelationGetRelid(relation);
    const std::vector<profiles::Treatment> treatments = profiles::TreatmentsOf(profile_, oid);
    const tags::RelationTags tags = tags::EffectiveTags(oid);
    hides_rows_ = profiles::HidesRows(profile_, oid);
    TupleDesc const desc = RelationGetDescr(relation);
    row_.Fit(desc->natts);
    // What is not read is as if it were NULL.
    std::fill_n(row_.nulls.get(), desc->natts, true);
    FindColumns(RelationGetDescr(read_as));
    for (int i = 0; i < desc->natts; i++) {
      if (TupleDescAttr(desc, i)->attisdropped) continue;
      const bool is_read = std::find(selected_.begin(), selected_.end(), i) != selected_.end();
      const profiles::Treatment& treatment = treatments[static_cast<std::size_t>(i)];
      if (treatment.rows) AddRowCodes(i, is_read);
      if (is_read && treatment.transform.op != Op::kDrop) AddColumn(i, treatment, treatments, tags);
    }
  }

  // The row, of the columns of `read_as` that are not dropped, as the text of its record; null if
  // it is not sent.
  const char* Show(const Datum* values, const bool* nulls) {
    if (hides_rows_) return nullptr;
    for (std::size_t i = 0; i < selected_.size(); i++) {
      row_.values[static_cast<std::size_t>(selected_[i])] = values[i];
      row_.nulls[static_cast<std::size_t>(selected_[i])] = nulls[i];
    }
    for (const RowCodes& codes : row_codes_) {
      const auto i = static_cast<std::size_t>(codes.attnum) - 1;
      if (!row_.nulls[i] && !HasConsents(profile_, row_.values[i], codes.elements)) return nullptr;
    }
    text_.Clear();
    for (ShownColumn& column : columns_) AppendMember(column);
    text_.Append(text_.empty() ? std::string_view("{}") : std::string_view("}"));
    text_.Append('\0');
    return text_.data();
  }

 private:
  // Where the columns of `read_as` are in the relation.
  void FindColumns(TupleDesc read_as) {
    for (int i = 0; i < read_as->natts; i++) {
      Form_pg_attribute const column = TupleDescAttr(read_as, i);
      if (column->attisdropped) continue;
      const AttrNumber attnum = pg::Call(
          [&] { return get_attnum(RelationGetRelid(relation_), NameStr(column->attname)); });
      selected_.push_back(attnum - 1);
    }
  }

  void AddColumn(int i, const profiles::Treatment& treatment,
                 const std::vector<profiles::Treatment>& treatments,
                 const tags::RelationTags& tags) {
    const auto attnum = static_cast<AttrNumber>(i + 1);
    const auto type = [&](AttrNumber column) {
      return pg::Call([&] {
        return column == 0
                   ? InvalidOid
                   : getBaseType(TupleDescAttr(RelationGetDescr(relation_), column - 1)->atttypid);
      });
    };
    ByteBuffer member;
    AppendJsonKey(member, NameStr(TupleDescAttr(RelationGetDescr(relation_), i)->attname));
    ShownColumn& column =
        columns_.emplace_back(ShownColumn{attnum,
                                          std::string(member.view()),
                                          ValueEncoder(type(attnum), {}, CurrentMemoryContext),
                                          {}});
    if (!treatment.phi || treatment.transform.op == Op::kKeep) return;
    const Masking masking = MaskingOf(relation_, attnum, treatments, tags);
    column.masked =
        std::make_unique<MaskedColumn>(masking, attnum, type(attnum), type(masking.subject),
                                       EncodeOptions{}, CurrentMemoryContext);
  }

  void AddRowCodes(int i, bool is_read) {
    const std::optional<RowCodes> codes = RowCodesOf(relation_, static_cast<AttrNumber>(i + 1));
    if (codes && is_read) {
      row_codes_.push_back(*codes);
    } else {
      hides_rows_ = true;
    }
  }

  void AppendMember(ShownColumn& column) {
    const std::size_t before = text_.size();
    text_.Append(before == 0 ? '{' : ',');
    text_.Append(column.member);
    const auto i = static_cast<std::size_t>(column.attnum) - 1;
    Encoded encoded = Encoded::kValue;
    if (column.masked != nullptr) {
      column.masked->Refresh();
      encoded = column.masked->Column(text_, row_, GetCurrentTransactionStartTimestamp());
    } else if (row_.nulls[i]) {
      text_.Append("null");
    } else {
      encoded = column.encoder.Column(text_, row_.values[i]);
    }
    if (encoded == Encoded::kAbsent) text_.Truncate(before);
  }

  Relation relation_;
  profiles::Profile profile_;
  bool hides_rows_ = false;
  std::vector<RowCodes> row_codes_;
  std::vector<int> selected_;  // of each column of read_as that is not dropped: its index here
  std::vector<ShownColumn> columns_;
  RowImage row_;
  ByteBuffer text_;
};

// The rows of a relation and of those below it, each as its own tags want it.
class Previews {
 public:
  Previews(Relation relation, const std::string& profile) : relation_(relation), profile_(profile) {
    has_heirs_ = pg::Call([&] { return has_subclass(RelationGetRelid(relation)); });
    (void)Of(RelationGetRelid(relation));  // the profile is there, even if no row is
  }

  // With the rights of the caller on the relation, and under the row security that holds for him.
  void Show(std::int64_t max_rows, ReturnSetInfo* result) {
    Portal cursor = nullptr;
    {
      const reads::OwnStatements own;
      cursor = pg::Call([&] {
        SPI_connect();
        return SPI_cursor_open_with_args(
            nullptr,
            psprintf("SELECT %s* FROM %s", has_heirs_ ? "tableoid, " : "",
                     QualifiedName(relation_)),
            0, nullptr, nullptr, nullptr, true, 0);
      });
    }
    for (bool more = true; more;) {
      pg::Call([&] { SPI_cursor_fetch(cursor, true, kChunk); });
      const std::uint64_t n = SPI_processed;
      SPITupleTable* const rows = SPI_tuptable;
      for (std::uint64_t i = 0; i < n && max_rows > 0; i++) {
        if (ShowRow(rows->vals[i], rows->tupdesc, result)) max_rows--;
      }
      pg::Call([&] { SPI_freetuptable(rows); });
      more = n > 0 && max_rows > 0;
    }
    pg::Call([&] {
      SPI_cursor_close(cursor);
      SPI_finish();
    });
  }

 private:
  bool ShowRow(HeapTuple row, TupleDesc desc, ReturnSetInfo* result) {
    std::vector<Datum> values(static_cast<std::size_t>(desc->natts));
    const std::unique_ptr<bool[]> nulls = std::make_unique<bool[]>(values.size());
    pg::Call([&] { heap_deform_tuple(row, desc, values.data(), nulls.get()); });
    const std::size_t first = has_heirs_ ? 1 : 0;
    const Oid from = has_heirs_ ? DatumGetObjectId(values[0]) : RelationGetRelid(relation_);
    const char* const text = Of(from).Show(values.data() + first, nulls.get() + first);
    if (text == nullptr) return false;
    pg::Call([&] {
      Datum const value = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
      bool const null = false;
      tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum*>(&value),
                           const_cast<bool*>(&null));
    });
    return true;
  }

  Preview& Of(Oid relation) {
    std::unique_ptr<Preview>& preview = previews_[relation];
    if (preview == nullptr) {
      // Outlives the statement that reads the rows.
      MemoryContext const inner = MemoryContextSwitchTo(memory_);
      Relation const opened = pg::Call([&] { return relation_open(relation, AccessShareLock); });
      preview = std::make_unique<Preview>(opened, relation_, profile_);
      pg::Call([&] { relation_close(opened, NoLock); });
      MemoryContextSwitchTo(inner);
    }
    return *preview;
  }

  Relation relation_;
  std::string profile_;
  MemoryContext memory_ = CurrentMemoryContext;
  bool has_heirs_;
  std::unordered_map<Oid, std::unique_ptr<Preview>> previews_;
};

}  // namespace
}  // namespace phisync::sync

// (profile text, relation regclass, max_rows integer), strict: set of jsonb
PHISYNC_FUNCTION(phisync_preview) {
  using namespace phisync;
  pg::Call([&] { InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC); });
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  const std::string profile(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(0); })));
  Relation const relation = pg::Call([&] {
    Relation const opened = try_relation_open(PG_GETARG_OID(1), AccessShareLock);
    if (opened == nullptr) {
      ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the table does not exist"));
    }
    return opened;
  });
  {
    const pg::FixedSettings fixed;
    sync::Previews previews(relation, profile);
    previews.Show(PG_GETARG_INT32(2), result);
  }
  pg::Call([&] { relation_close(relation, NoLock); });
  return Datum{0};
}

// phisync.preview: rows of a relation as a consumer would get them, whether or not a bucket has
// them.

#include <memory>
#include <string>
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

class Preview {
 public:
  Preview(Relation relation, const std::string& profile)
      : relation_(relation), profile_(profiles::Require(profile)) {
    const Oid oid = RelationGetRelid(relation);
    const std::vector<profiles::Treatment> treatments = profiles::TreatmentsOf(profile_, oid);
    const tags::RelationTags tags = tags::EffectiveTags(oid);
    hides_rows_ = profiles::HidesRows(profile_, oid);
    TupleDesc const desc = RelationGetDescr(relation);
    for (int i = 0; i < desc->natts; i++) {
      if (TupleDescAttr(desc, i)->attisdropped) continue;
      selected_.push_back(i);
      const profiles::Treatment& treatment = treatments[static_cast<std::size_t>(i)];
      if (treatment.transform.op != Op::kDrop) AddColumn(i, treatment, treatments, tags);
      if (treatment.rows) AddRowCodes(i);
    }
    row_.Fit(desc->natts);
  }

  [[nodiscard]] bool hides_rows() const { return hides_rows_; }

  // The row, which has the columns that are not dropped, as the text of its record; null if it is
  // not sent.
  const char* Show(HeapTuple row, TupleDesc desc) {
    std::vector<Datum> values(selected_.size());
    const std::unique_ptr<bool[]> nulls = std::make_unique<bool[]>(selected_.size());
    pg::Call([&] { heap_deform_tuple(row, desc, values.data(), nulls.get()); });
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

  void AddRowCodes(int i) {
    const std::optional<RowCodes> codes = RowCodesOf(relation_, static_cast<AttrNumber>(i + 1));
    if (codes) {
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
  std::vector<int> selected_;  // indexes of the columns that a SELECT * gives
  std::vector<ShownColumn> columns_;
  RowImage row_;
  ByteBuffer text_;
};

// With the rights of the caller, and under the row security that holds for him.
void ShowRows(Preview& preview, Relation relation, std::int64_t max_rows, ReturnSetInfo* result) {
  Portal cursor = nullptr;
  {
    const reads::OwnStatements own;
    cursor = pg::Call([&] {
      SPI_connect();
      return SPI_cursor_open_with_args(nullptr,
                                       psprintf("SELECT * FROM %s", QualifiedName(relation)), 0,
                                       nullptr, nullptr, nullptr, true, 0);
    });
  }
  for (bool more = true; more;) {
    pg::Call([&] { SPI_cursor_fetch(cursor, true, kChunk); });
    const std::uint64_t n = SPI_processed;
    SPITupleTable* const rows = SPI_tuptable;
    for (std::uint64_t i = 0; i < n && max_rows > 0; i++) {
      const char* const text = preview.Show(rows->vals[i], rows->tupdesc);
      if (text == nullptr) continue;
      max_rows--;
      pg::Call([&] {
        Datum const value = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
        bool const null = false;
        tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum*>(&value),
                             const_cast<bool*>(&null));
      });
    }
    pg::Call([&] { SPI_freetuptable(rows); });
    more = n > 0 && max_rows > 0;
  }
  pg::Call([&] {
    SPI_cursor_close(cursor);
    SPI_finish();
  });
}

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
    sync::Preview preview(relation, profile);
    if (!preview.hides_rows()) sync::ShowRows(preview, relation, PG_GETARG_INT32(2), result);
  }
  pg::Call([&] { relation_close(relation, NoLock); });
  return Datum{0};
}

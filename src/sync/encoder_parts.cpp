#include "sync/encoder_parts.h"

#include "core/json.h"
#include "pg/varlena.h"

namespace phisync::sync {

void EncoderParts::Element(ByteBuffer& out, Form form, ValueEncoder& encoder, Datum value,
                           bool null) {
  const Form inner{ValueEncoder::Place::kElement, form.use};
  if (null || encoder.Write(out, inner, value) != Encoded::kValue) out.Append("null");
}

void EncoderParts::Array(ByteBuffer& out, Form form, Datum value) {
  const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
  const auto* const array = stored.As<ArrayType>();
  pg::ArrayElements elements(array, element_form);
  if (elements.count() == 0) {
    out.Append("[]");
    return;
  }
  const int dimensions = ARR_NDIM(array);
  // How many elements each dimension spans.
  int span[MAXDIM];
  int count = 1;
  for (int d = dimensions - 1; d >= 0; --d) span[d] = count *= ARR_DIMS(array)[d];

  for (int i = 0; i < count; ++i) {
    if (i > 0) out.Append(',');
    for (int d = 0; d < dimensions; ++d) {
      if (i % span[d] == 0) out.Append('[');
    }
    const NullableDatum next = elements.Next();
    Element(out, form, *element, next.value, next.isnull);
    for (int d = 0; d < dimensions; ++d) {
      if ((i + 1) % span[d] == 0) out.Append(']');
    }
  }
}

void EncoderParts::Range(ByteBuffer& out, Form form, const RangeType* value) {
  RangeBound lower;
  RangeBound upper;
  bool empty;
  pg::Call([&] { range_deserialize(range, value, &lower, &upper, &empty); });
  out.Append(R"({"lower":)");
  Element(out, form, *element, lower.val, lower.infinite);
  out.Append(R"(,"upper":)");
  Element(out, form, *element, upper.val, upper.infinite);
  out.Append(lower.inclusive ? R"(,"lower_exclusive":0)" : R"(,"lower_exclusive":1)");
  out.Append(upper.inclusive ? R"(,"upper_exclusive":0})" : R"(,"upper_exclusive":1})");
}

void EncoderParts::Multirange(ByteBuffer& out, Form form, Datum value) {
  const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
  auto* const multirange = stored.As<MultirangeType>();
  out.Append('[');
  for (int i = 0; i < static_cast<int>(multirange->rangeCount); ++i) {
    if (i > 0) out.Append(',');
    RangeType* const one = pg::Call([&] { return multirange_get_range(range, multirange, i); });
    Range(out, form, one);
    pfree(one);
  }
  out.Append(']');
}

void EncoderParts::CompileFields(Oid type, std::int32_t typmod, const EncodeOptions& options) {
  std::uint64_t version = 0;
  fields_version = 0;
  pg::Call([&] {
    if (row != nullptr) FreeTupleDesc(row);
    row = nullptr;
    MemoryContext const before = MemoryContextSwitchTo(memory);
    // First, so that a change that arrives in between has them compiled again for the next value.
    version = assign_record_type_identifier(type, typmod);
    row = lookup_rowtype_tupdesc_copy(type, typmod);
    MemoryContextSwitchTo(before);
  });
  fields.clear();
  for (int i = 0; i < row->natts; ++i) {
    const Form_pg_attribute attribute = TupleDescAttr(row, i);
    Field& field = fields.emplace_back();
    if (attribute->attisdropped) continue;
    ByteBuffer key;
    AppendJsonKey(key, NameStr(attribute->attname));
    field.key = key.view();
    field.encoder = std::make_unique<ValueEncoder>(attribute->atttypid, options, memory);
  }
  fields_version = version;
}

void EncoderParts::Composite(ByteBuffer& out, Form form, Datum value,
                             const EncodeOptions& options) {
  const pg::Varlena stored(value, pg::Varlena::Shape::kAligned);
  auto* const header = stored.As<HeapTupleHeaderData>();
  const Oid type = HeapTupleHeaderGetTypeId(header);
  const std::int32_t typmod = HeapTupleHeaderGetTypMod(header);
  Datum* values = nullptr;
  bool* nulls = nullptr;
  const std::uint64_t version =
      pg::Call([&] { return assign_record_type_identifier(type, typmod); });
  if (version != fields_version) CompileFields(type, typmod, options);
  // By the description that the members were compiled from: the server may make its own anew, and
  // give it another version, at each access to a catalog.
  pg::Call([&] {
    values = static_cast<Datum*>(palloc(row->natts * sizeof(Datum)));
    nulls = static_cast<bool*>(palloc(row->natts * sizeof(bool)));
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    heap_deform_tuple(&tuple, row, values, nulls);
  });
  char separator = '{';
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].encoder == nullptr) continue;
    out.Append(separator);
    out.Append(fields[i].key);
    Element(out, form, *fields[i].encoder, values[i], nulls[i]);
    separator = ',';
  }
  if (separator == '{') out.Append('{');
  out.Append('}');
  pfree(values);
  pfree(nulls);
}

}  // namespace phisync::sync

#include "retention/row_key.h"

namespace phisync::retention {
namespace {

[[noreturn]] void RefusePk(const char* table, const char* detail, const char* example) {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("pk does not identify a row of table \"%s\"", table), errdetail("%s", detail),
           errhint("Give an object with the primary key's columns, such as %s.", example)));
  pg_unreachable();
}

char* ScalarText(const JsonbValue* value) {
  switch (value->type) {
    case jbvString:
      return pnstrdup(value->val.string.val, value->val.string.len);
    case jbvNumeric:
      return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
    case jbvBool:
      return pstrdup(value->val.boolean ? "true" : "false");
    default:
      return nullptr;
  }
}

}  // namespace

RowKey* RowKey::Of(Relation relation) {
  const Oid index_oid = pg::PrimaryKeyIndex(relation);
  if (!OidIsValid(index_oid)) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("table \"%s\" has no primary key", RelationGetRelationName(relation)),
             errdetail("Holds, status and ledger name rows by their primary key."),
             errhint("Add one that is not deferrable: ALTER TABLE %s ADD PRIMARY KEY (column).",
                     quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                                RelationGetRelationName(relation)))));
  }
  auto* const key = static_cast<RowKey*>(palloc0(sizeof(RowKey)));
  Relation const index = index_open(index_oid, AccessShareLock);
  key->index_ = index_oid;
  key->table_ = pstrdup(RelationGetRelationName(relation));
  key->desc_ = CreateTupleDescCopy(RelationGetDescr(relation));
  key->size_ = IndexRelationGetNumberOfKeyAttributes(index);
  for (int i = 0; i < key->size_; ++i) {
    Column& column = key->columns_[i];
    const Oid type = index->rd_opcintype[i];
    column.attnum = index->rd_index->indkey.values[i];
    column.collation = index->rd_indcollation[i];
    column.equality =
        get_opcode(get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber));
    fmgr_info_cxt(column.equality, &column.equal, CurrentMemoryContext);
    const TypeCacheEntry* const entry = lookup_type_cache(
        getBaseType(TupleDescAttr(key->desc_, column.attnum - 1)->atttypid), TYPECACHE_HASH_PROC);
    if (OidIsValid(entry->hash_proc)) {
      fmgr_info_cxt(entry->hash_proc, &column.hash, CurrentMemoryContext);
    }
  }
  index_close(index, AccessShareLock);
  return key;
}

Datum* RowKey::Parse(Jsonb* pk) const {
  StringInfoData example;
  initStringInfo(&example);
  for (int i = 0; i < size_; ++i) {
    appendStringInfo(&example, "%s\"%s\": ...", i == 0 ? "{" : ", ",
                     NameStr(TupleDescAttr(desc_, columns_[i].attnum - 1)->attname));
  }
  appendStringInfoChar(&example, '}');
  if (!JB_ROOT_IS_OBJECT(pk) || JB_ROOT_COUNT(pk) != static_cast<uint32>(size_)) {
    RefusePk(table_, "It is not an object with exactly the primary key's columns.", example.data);
  }
  auto* const values = static_cast<Datum*>(palloc(sizeof(Datum) * size_));
  for (int i = 0; i < size_; ++i) {
    const FormData_pg_attribute* attribute = TupleDescAttr(desc_, columns_[i].attnum - 1);
    JsonbValue found;
    JsonbValue* const value =
        getKeyJsonValueFromContainer(&pk->root, NameStr(attribute->attname),
                                     static_cast<int>(strlen(NameStr(attribute->attname))), &found);
    char* const text = value != nullptr ? ScalarText(value) : nullptr;
    if (text == nullptr) {
      RefusePk(
          table_,
          psprintf("Column \"%s\" is missing, null or no scalar.", NameStr(attribute->attname)),
          example.data);
    }
    // The base type: a domain's checks may call anybody's functions.
    int32 typmod = attribute->atttypmod;
    Oid input = InvalidOid;
    Oid param = InvalidOid;
    getTypeInputInfo(getBaseTypeAndTypmod(attribute->atttypid, &typmod), &input, &param);
    values[i] = OidInputFunctionCall(input, text, param, typmod);
  }
  return values;
}

uint32 RowKey::Hash(const Datum* values) const {
  uint32 hash = 0;
  for (int i = 0; i < size_; ++i) {
    if (!OidIsValid(columns_[i].hash.fn_oid)) continue;
    auto* const function = const_cast<FmgrInfo*>(&columns_[i].hash);
    hash = hash_combine(
        hash, DatumGetUInt32(FunctionCall1Coll(function, columns_[i].collation, values[i])));
  }
  return hash;
}

bool RowKey::Equal(const Datum* a, const Datum* b) const {
  for (int i = 0; i < size_; ++i) {
    auto* const function = const_cast<FmgrInfo*>(&columns_[i].equal);
    if (!DatumGetBool(FunctionCall2Coll(function, columns_[i].collation, a[i], b[i]))) return false;
  }
  return true;
}

void RowKey::Read(TupleTableSlot* slot, Datum* values) const {
  for (int i = 0; i < size_; ++i) {
    bool is_null = false;
    values[i] = slot_getattr(slot, columns_[i].attnum, &is_null);
  }
}

bool RowKey::Find(Relation relation, const Datum* values, Snapshot snapshot,
                  TupleTableSlot* slot) const {
  ScanKeyData keys[INDEX_MAX_KEYS];
  for (int i = 0; i < size_; ++i) {
    ScanKeyEntryInitialize(&keys[i], 0, columns_[i].attnum, BTEqualStrategyNumber, InvalidOid,
                           columns_[i].collation, columns_[i].equality, values[i]);
  }
  SysScanDesc const scan = systable_beginscan(relation, index_, true, snapshot, size_, keys);
  HeapTuple const tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple)) ExecForceStoreHeapTuple(heap_copytuple(tuple), slot, true);
  systable_endscan(scan);
  return HeapTupleIsValid(tuple);
}

}  // namespace phisync::retention

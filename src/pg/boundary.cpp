#include "pg/boundary.h"

#include <cstring>

namespace phisync::pg {
namespace {

const char* Keep(const char* text) noexcept {
  if (*text == '\0') return nullptr;
  const std::size_t size = std::strlen(text) + 1;
  void* copy = MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_NO_OOM);
  if (copy != nullptr) std::memcpy(copy, text, size);
  return static_cast<const char*>(copy);
}

}  // namespace

Failure DescribeCurrentException() noexcept {
  try {
    throw;
  } catch (const BackendError&) {
    return {Failure::Kind::kBackend, 0, nullptr, nullptr, nullptr};
  } catch (const Error& e) {
    const char* s = e.sqlstate();
    return {Failure::Kind::kReport, MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]),
            Keep(e.message().c_str()), Keep(e.detail().c_str()), Keep(e.hint().c_str())};
  } catch (const std::bad_alloc&) {
    return {Failure::Kind::kNoMemory, 0, nullptr, nullptr, nullptr};
  } catch (const std::exception& e) {
    return {Failure::Kind::kReport, ERRCODE_INTERNAL_ERROR, Keep(e.what()), nullptr, nullptr};
  } catch (...) {
    return {Failure::Kind::kReport, ERRCODE_INTERNAL_ERROR, Keep("unknown C++ exception"), nullptr,
            nullptr};
  }
}

void Raise(const Failure& failure) {
  if (failure.kind == Failure::Kind::kBackend) PG_RE_THROW();
  if (failure.kind == Failure::Kind::kNoMemory || failure.message == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
  }
  ereport(ERROR, (errcode(failure.sqlerrcode), errmsg_internal("%s", failure.message),
                  failure.detail != nullptr ? errdetail_internal("%s", failure.detail) : 0,
                  failure.hint != nullptr ? errhint("%s", failure.hint) : 0));
  pg_unreachable();
}

void* ContextResource::do_allocate(std::size_t bytes, std::size_t align) {
  if (align > MAXIMUM_ALIGNOF) throw std::bad_alloc();
  void* p = MemoryContextAllocExtended(context_, bytes != 0 ? bytes : 1,
                                       MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

void ContextResource::do_deallocate(void* p, std::size_t, std::size_t) {
  pfree(p);
}

}  // namespace phisync::pg

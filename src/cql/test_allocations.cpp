#include "cql/test_allocations.hpp"

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CROSSFADE_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CROSSFADE_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef CROSSFADE_COUNTS_ALLOCATIONS
#define CROSSFADE_COUNTS_ALLOCATIONS 1
#endif

namespace crossfade::cql {
namespace {
[[maybe_unused]] thread_local std::size_t count = 0;
}

#if CROSSFADE_COUNTS_ALLOCATIONS
std::optional<std::size_t> allocation_count() {
    return count;
}
#else
std::optional<std::size_t> allocation_count() {
    return std::nullopt;
}
#endif

}  // namespace crossfade::cql

#if CROSSFADE_COUNTS_ALLOCATIONS
void* operator new(std::size_t size) {
    ++crossfade::cql::count;
    if (void* const block = std::malloc(size == 0 ? 1 : size)) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}
#endif

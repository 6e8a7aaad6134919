#include "gateway/prepared_statements.hpp"

namespace crossfade::gateway {
namespace {

std::string key_of(const std::string& whose, base::ByteView id) {
    return whose + ":" + std::string(base::text_of(id));
}

}  // namespace

void PreparedStatements::put(const std::string& whose, base::ByteView id, JudgedPtr statement) {
    const std::lock_guard guard(mutex_);
    constexpr std::size_t about_one = 1024;  // names and lists of a statement, not its text
    std::string key = key_of(whose, id);
    statements_.put(key, std::move(statement), about_one + key.size());
}

JudgedPtr PreparedStatements::find(const std::string& whose, base::ByteView id) {
    const std::string key = key_of(whose, id);
    const std::lock_guard guard(mutex_);
    const JudgedPtr* const found = statements_.find(key);
    return found == nullptr ? nullptr : *found;
}

}  // namespace crossfade::gateway

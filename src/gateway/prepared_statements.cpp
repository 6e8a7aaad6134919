#include "gateway/prepared_statements.hpp"

namespace crossfade::gateway {
namespace {

std::string key_of(const std::string& whose, base::ByteView id) {
    return whose + ":" + std::string(base::text_of(id));
}

}  // namespace

void PreparedStatements::put(const std::string& whose, base::ByteView id, JudgedPtr statement) {
    const std::lock_guard guard(mutex_);
    if (statements_.size() >= bound_) statements_.clear();
    statements_[key_of(whose, id)] = std::move(statement);
}

JudgedPtr PreparedStatements::find(const std::string& whose, base::ByteView id) const {
    const std::string key = key_of(whose, id);
    const std::lock_guard guard(mutex_);
    const auto found = statements_.find(key);
    return found == statements_.end() ? nullptr : found->second;
}

}  // namespace crossfade::gateway

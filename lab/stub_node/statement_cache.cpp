#include "stub_node/statement_cache.hpp"

namespace crossfade::lab {

base::Result<StatementCache::Shared> StatementCache::shared_of_text(std::string_view text, std::string_view keyspace) {
    lookup_.assign(keyspace);
    lookup_ += '\0';
    lookup_ += text;
    if (const auto found = by_text_.find(lookup_); found != by_text_.end()) return found->second;
    base::Result<KnownStatement> known = know_statement(text, keyspace, node_.options, node_.system_tables);
    if (!known) return base::fail(std::move(known.error()));
    const auto table = counts_.tables.try_emplace(known->table_text).first;
    known->counts = &table->second;
    known->counted_as = table->first;
    if (by_text_.size() >= largest_size) by_text_.clear();
    Shared shared = std::make_shared<const KnownStatement>(std::move(*known));
    by_text_.emplace(lookup_, shared);
    return shared;
}

base::Result<const KnownStatement*> StatementCache::of_text(std::string_view text, std::string_view keyspace) {
    base::Result<Shared> shared = shared_of_text(text, keyspace);
    if (!shared) return base::fail(std::move(shared.error()));
    last_ = std::move(*shared);
    return last_.get();
}

const KnownStatement* StatementCache::of_id(base::ByteView id) {
    PreparedId key{};
    if (id.size() != key.size()) return nullptr;
    std::memcpy(key.data(), id.data(), key.size());
    if (const std::uint64_t epoch = node_.prepared.epoch(); epoch != epoch_) {
        epoch_ = epoch;
        by_id_.clear();
    }
    if (const auto found = by_id_.find(key); found != by_id_.end()) return found->second.get();
    const auto entry = node_.prepared.find(key);
    if (!entry) return nullptr;
    base::Result<Shared> shared = shared_of_text(entry->text, entry->keyspace);
    if (!shared) return nullptr;
    return by_id_.insert_or_assign(key, std::move(*shared)).first->second.get();
}

void StatementCache::prepare(const KnownStatement& known) {
    node_.prepared.add(known.id, {known.text, known.keyspace});
}

}  // namespace crossfade::lab

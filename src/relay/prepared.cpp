#include "relay/prepared.hpp"

#include <algorithm>
#include <cstring>

#include "cql/token.hpp"

namespace crossfade::relay {

PreparedId digest_of(base::ByteView bytes) {
    // Two tokens of the bytes under different leads: 128 bits that are equal on every machine.
    base::Bytes seeded;
    seeded.reserve(bytes.size() + 1);
    PreparedId id{};
    for (std::uint8_t half = 0; half < 2; ++half) {
        seeded.assign(1, static_cast<std::uint8_t>('a' + half));
        base::append(seeded, bytes);
        const auto token = static_cast<std::uint64_t>(cql::token_of(seeded));
        cql::store_int(id.data() + half * 8, static_cast<std::uint32_t>(token >> 32));
        cql::store_int(id.data() + half * 8 + 4, static_cast<std::uint32_t>(token));
    }
    return id;
}

PreparedId digest_of(std::string_view text, std::string_view keyspace) {
    base::Bytes bytes;
    bytes.reserve(text.size() + keyspace.size() + 1);
    base::append(bytes, base::bytes_of(keyspace));
    bytes.push_back(0);
    base::append(bytes, base::bytes_of(text));
    return digest_of(bytes);
}

PreparedId digest_of_columns(const cql::RowsMetadata& metadata) {
    base::Bytes bytes;
    cql::Writer writer(bytes);
    for (const cql::ColumnSpec& column : metadata.columns) {
        writer.string(column.keyspace);
        writer.string(column.table);
        writer.string(column.name);
        cql::write_type(writer, *column.type);
    }
    return digest_of(bytes);
}

std::size_t PreparedIdHash::operator()(const PreparedId& id) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, id.data(), sizeof hash);
    return hash;
}

std::size_t memory_of(const PreparedStatement& statement) {
    constexpr std::size_t without_text = 1024;
    return statement.text.size() + statement.keyspace.size() + without_text;
}

PreparedPtr PreparedRegistry::find(const PreparedId& id) {
    const std::lock_guard lock(mutex_);
    const PreparedPtr* const found = statements_.find(id);
    return found == nullptr ? nullptr : *found;
}

bool PreparedRegistry::put(PreparedPtr statement) {
    const std::lock_guard lock(mutex_);
    const PreparedPtr* const found = statements_.find(statement->id);
    if (found != nullptr && ((*found)->text != statement->text || (*found)->keyspace != statement->keyspace))
        return false;
    const PreparedId id = statement->id;
    const std::size_t memory = memory_of(*statement);
    statements_.put(id, std::move(statement), memory);
    return true;
}

std::size_t PreparedRegistry::size() const {
    const std::lock_guard lock(mutex_);
    return statements_.size();
}

const PreparedPtr* PreparedCache::find(base::ByteView id) {
    PreparedId key;
    if (id.size() != key.size()) return nullptr;
    std::copy(id.begin(), id.end(), key.begin());
    if (const PreparedPtr* const found = statements_.find(key)) return found;
    PreparedPtr known = registry_.find(key);
    if (known == nullptr) return nullptr;
    const std::size_t memory = memory_of(*known);
    return &statements_.put(key, std::move(known), memory);
}

bool PreparedCache::put(PreparedPtr statement) {
    if (!registry_.put(statement)) return false;
    const PreparedId id = statement->id;
    const std::size_t memory = memory_of(*statement);
    statements_.put(id, std::move(statement), memory);
    return true;
}

}  // namespace crossfade::relay

// Prepared statements as clients see them, and what each cluster calls them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/recent_map.hpp"
#include "cql/response.hpp"
#include "cql/statement.hpp"
#include "cql/wire.hpp"

namespace crossfade::relay {

constexpr std::size_t clusters = 2;  // a policy that has one leaves the second unused

using PreparedId = std::array<std::uint8_t, 16>;

// One prepared statement. Immutable: a change of what a cluster calls it makes a new one. Shared between loops.
struct PreparedStatement {
    // What one cluster knows. `id` is empty where it was not prepared.
    struct OnCluster {
        base::Bytes id;
        base::Bytes result_metadata_id;  // the cluster's; empty before v5
        PreparedId metadata_id{};        // ours: a digest of the result's column specs, the same for equal columns
    };
    PreparedId id{};
    std::string text;
    std::string keyspace;  // that an unqualified text was prepared in; empty otherwise
    cql::Statement statement;
    std::array<OnCluster, clusters> on;
    std::vector<std::uint16_t>
        key_indices;  // of the partition key's components among the variables; empty when unknown
    mutable std::atomic<bool> is_marked{false};  // a policy's own note: what it must do once for a statement was done

    PreparedStatement() = default;
    PreparedStatement(const PreparedStatement& other)
        : id(other.id),
          text(other.text),
          keyspace(other.keyspace),
          statement(other.statement),
          on(other.on),
          key_indices(other.key_indices),
          is_marked(other.is_marked.load(std::memory_order_relaxed)) {}
    PreparedStatement& operator=(const PreparedStatement&) = delete;
};
using PreparedPtr = std::shared_ptr<const PreparedStatement>;

// A 16-byte digest that does not depend on the cluster or the process. Not for secrets.
PreparedId digest_of(std::string_view text, std::string_view keyspace);
PreparedId digest_of(base::ByteView bytes);
// Of a result's columns (names and types); equal wherever the columns are. Needs metadata with its columns parsed.
PreparedId digest_of_columns(const cql::RowsMetadata& metadata);

struct PreparedIdHash {
    std::size_t operator()(const PreparedId& id) const noexcept;
};

// Bounded by their number, and by the memory that they take: texts may be long, and who sends them does not pay.
// Whoever is asked for stays.
using RecentStatements = base::RecentMap<PreparedId, PreparedPtr, PreparedIdHash>;
constexpr std::size_t most_prepared_bytes = 256U << 20U;  // of the registry, and of each loop's cache
// About what one takes.
std::size_t memory_of(const PreparedStatement& statement);

// All prepared statements of the process, bounded. Any thread; loops keep their own PreparedCache in front of it.
class PreparedRegistry {
public:
    explicit PreparedRegistry(std::size_t bound) : statements_(bound, most_prepared_bytes) {}
    // nullptr when it is not known (or was evicted): the client gets UNPREPARED and prepares again.
    PreparedPtr find(const PreparedId& id);
    // Adds or replaces. A different text under the same id is refused (gives false): ids are digests, so somebody made
    // them collide.
    bool put(PreparedPtr statement);
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    RecentStatements statements_;
};

// One loop's view of the registry: no lock for a statement that was seen before.
class PreparedCache {
public:
    PreparedCache(PreparedRegistry& registry, std::size_t bound)
        : registry_(registry), statements_(bound, most_prepared_bytes) {}
    // `id` as the client sent it. The pointer stays valid until the next put() or find(): copy it to keep it.
    const PreparedPtr* find(base::ByteView id);
    bool put(PreparedPtr statement);
    PreparedRegistry& registry() { return registry_; }
    // Each that this loop has seen and not dropped. `visit` may not put or find.
    template <class Visit>
    void for_each(Visit&& visit) const {
        statements_.for_each([&](const PreparedId&, const PreparedPtr& statement) { visit(statement); });
    }

private:
    PreparedRegistry& registry_;
    RecentStatements statements_;
};

}  // namespace crossfade::relay

// The PREPAREs that a loop has under way because a node does not know a statement (it forgot it, or was away when the
// client prepared). One for each connection and statement: whoever needs the same one meanwhile waits for the same
// answer. A node that forgets with thousands of requests in flight would otherwise be asked thousands of times.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "relay/backend.hpp"
#include "relay/prepared.hpp"

namespace crossfade::relay {

class Leg;
class PrepareInFlight;

// Whom a PREPARE tells how it ended. By then it is in flight no more; take_leg() gives those who waited.
class PrepareOwner {
public:
    virtual void on_prepared(PrepareInFlight& prepare, Backend& from, const Response& response) = 0;
    virtual void on_prepare_lost(PrepareInFlight& prepare, const base::Error& why) = 0;

protected:
    ~PrepareOwner() = default;
};

class PrepareInFlight final : public Waiting {
public:
    PrepareInFlight(class PreparesInFlight& all, Backend& backend, std::size_t cluster, PreparedPtr statement);
    const PreparedPtr& statement() const { return statement_; }
    std::size_t cluster() const { return cluster_; }
    // Gives the place to remove it from.
    std::size_t add(Leg& leg) {
        legs_.push_back(&leg);
        return legs_.size() - 1;
    }
    void remove(std::size_t place) { legs_[place] = nullptr; }
    // The next of those who wait, who then waits no more; nullptr when nobody does.
    Leg* take_leg();

    void on_response(Backend& from, const Response& response) override;
    void on_lost(Backend& from, const base::Error& why) override;

private:
    friend class PreparesInFlight;
    PreparesInFlight& all_;
    Backend& backend_;
    const std::size_t cluster_;
    const PreparedPtr statement_;
    std::vector<Leg*> legs_;  // nullptr: one that was removed
    std::size_t taken_ = 0;
};

// Loop's thread only.
class PreparesInFlight {
public:
    explicit PreparesInFlight(PrepareOwner& owner) : owner_(owner) {}

    // The one for this statement on this connection, or nullptr.
    PrepareInFlight* find(const Backend& backend, const PreparedId& statement);
    // Sends PREPARE. Precondition: find() gives nullptr, backend.has_room(true). A v5 connection gets the statement's
    // keyspace along; any other has to be USEd to it.
    PrepareInFlight& send(Backend& backend, std::size_t cluster, PreparedPtr statement);

private:
    friend class PrepareInFlight;
    struct Key {
        const Backend* backend;
        PreparedId statement;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            return PreparedIdHash()(key.statement) ^ std::hash<const void*>()(key.backend);
        }
    };
    std::unique_ptr<PrepareInFlight> take(PrepareInFlight& one);

    PrepareOwner& owner_;
    std::unordered_map<Key, std::unique_ptr<PrepareInFlight>, KeyHash> all_;
};

}  // namespace crossfade::relay

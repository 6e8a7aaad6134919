// Waits until the nodes of a cluster agree on the schema. Drivers do that by themselves, but to whoever sees a cluster
// as one node it looks agreed at once, and the next request may meet a node that knows nothing of the new table.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "net/loop.hpp"
#include "nodes/schema_look.hpp"
#include "relay/backend.hpp"

namespace crossfade::relay {

class Pool;

// Asks the node that has changed the schema, again and again: it knows its own version for certain, and of the others
// what gossip tells. Nodes that are down do not count. Loop's thread only.
class SchemaAgreement final : public Waiting {
public:
    // `done` is called once, never from inside the constructor: when they agree, or `within` has passed. It may destroy
    // this. `pool` outlives it.
    SchemaAgreement(net::Loop& loop, Pool& pool, std::string node, std::chrono::milliseconds within,
                    std::function<void()> done);
    ~SchemaAgreement();
    SchemaAgreement(const SchemaAgreement&) = delete;
    SchemaAgreement& operator=(const SchemaAgreement&) = delete;

    void on_response(Backend& from, const Response& response) override;
    void on_lost(Backend& from, const base::Error& why) override;

private:
    void look();
    void ask(Backend& backend, std::string_view text);
    void look_again();
    void over();

    Pool& pool_;
    const std::string node_;
    std::function<void()> done_;
    net::Timer timer_, limit_;
    nodes::SchemaLook look_;
    Backend* asked_ = nullptr;  // while an answer is waited for
    std::uint16_t stream_id_ = 0;
};

}  // namespace crossfade::relay

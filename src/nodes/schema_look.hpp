// Whether the nodes of a cluster agree on the schema, as one of them tells. Pure: answers in, the next question out.
#pragma once

#include <cstdint>
#include <string_view>

#include "cql/frame.hpp"
#include "nodes/topology.hpp"

namespace crossfade::nodes {

// One look at it, or one after the other. Asked is the node that has changed the schema: it knows its own version for
// certain, and of the others what gossip tells.
class SchemaLook {
public:
    static constexpr std::string_view of_itself = "SELECT schema_version FROM system.local WHERE key='local'";
    static constexpr std::string_view of_others = "SELECT host_id, schema_version FROM system.peers";
    enum class Next : std::uint8_t { ask_of_others, agreed, look_again };

    // A look begins with `of_itself`.
    void begin() { version_.clear(); }
    // The answer to the last question, a whole frame, not compressed. Nodes that `topology` (null: nothing is known)
    // does not have or has as down need not agree. After look_again a new look is begun, in a while.
    Next on_answer(cql::ProtocolVersion version, const cql::FrameView& answer, const Topology* topology);

private:
    base::Bytes version_;  // of the node that is asked; empty until it has told
};

// Whether an answer is a result that tells of a schema change.
bool is_schema_change(const cql::FrameHeader& header, base::ByteView body);

}  // namespace crossfade::nodes

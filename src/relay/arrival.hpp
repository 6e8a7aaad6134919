// What a policy reads of a request that has come, and what it makes of it before it goes to a cluster: the same
// whether one cluster stands behind the endpoint or two.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cql/request.hpp"
#include "relay/client_session.hpp"
#include "relay/cluster_facts.hpp"
#include "relay/engine.hpp"
#include "relay/request.hpp"

namespace crossfade::relay {

// One request frame while its policy looks at it. Views: valid during on_request().
struct Arrival {
    ClientSession& session;
    const cql::FrameView& frame;
    std::size_t message_offset = cql::frame_header_size;  // behind a custom payload
    base::ByteView custom_payload;
    base::ByteView message() const { return frame.bytes.subspan(message_offset); }
};

// Errors: protocol, where the custom payload is cut off.
base::Result<Arrival> read_arrival(ClientSession& session, const cql::FrameView& frame);

// In v3 and v4 an unqualified text gets its meaning from the connection that it goes over: the request asks for one
// that is in the client's keyspace.
void choose_keyspace(Request& request, const ClientSession& session, bool is_qualified);
// In v5 the keyspace goes into the request: this one, or none.
std::string_view added_keyspace(const ClientSession& session, bool is_qualified);

// EXECUTE: where its ids stand, and what the client knows of the columns.
void note_ids(Request& request, const Arrival& arrival, const cql::ExecuteRequest& execute);

// What a BATCH is made of.
struct BatchChildren {
    bool needs_keyspace = false;  // a text that names a table without its keyspace
    base::ByteView unknown;       // the first prepared id that nobody knows here
};
// Looks at each child: the prepared ones become request.prepared, in order, and `note` is called with each statement
// and, of a prepared one, its keyspace (of a text, an empty view).
template <class Note>
BatchChildren read_children(Engine& engine, Request& request, const cql::BatchRequest& batch, Note&& note) {
    BatchChildren children;
    cql::for_each_child(batch, [&](const cql::BatchChild& child) {
        if (!child.is_prepared) {
            const cql::Statement statement = cql::classify(child.text);
            children.needs_keyspace = children.needs_keyspace || statement.needs_keyspace;
            note(statement, std::string_view());
            return;
        }
        const PreparedPtr* const found = engine.prepared().find(child.prepared_id);
        if (found == nullptr) {
            if (children.unknown.empty()) children.unknown = child.prepared_id;
            return;
        }
        request.prepared.push_back(*found);
        note((*found)->statement, std::string_view((*found)->keyspace));
    });
    return children;
}

// The frame's offsets and what is known of a BATCH as a whole (request.policy). Behind read_children().
void note_batch(Request& request, const Arrival& arrival, const cql::BatchRequest& batch,
                const BatchChildren& children);

// PREPARE: the statement under an id of our own (request.prepared), and the frame that goes out.
void append_prepare(Request& request, const Arrival& arrival, const cql::PrepareRequest& prepare);

// USE: the keyspace belongs to the client connection. No backend connection is USEd for this, a cluster is only asked
// whether there is such a keyspace. Gives true where that needs no question and was answered; else request.frame asks.
bool answer_or_ask_keyspace(Engine& engine, Request& request, ClientSession& session, std::string keyspace);

// A Rows answer with METADATA_CHANGED: the frame with our own id in place of the cluster's, which is remembered for
// that cluster, so that the client's next EXECUTE is told nothing it knows. `out` keeps the bytes of what is given;
// `frame` itself where there is nothing to replace. `message_offset` is where the message begins.
base::ByteView with_own_metadata_id(Engine& engine, const Request& request, std::size_t cluster, base::ByteView frame,
                                    std::size_t message_offset, base::Bytes& out);

// The answer to OPTIONS of an endpoint that offers `versions` (highest first) in front of such a cluster.
std::map<std::string, std::vector<std::string>> supported_options(const ClusterFacts& cluster,
                                                                  const std::vector<cql::ProtocolVersion>& versions);

}  // namespace crossfade::relay

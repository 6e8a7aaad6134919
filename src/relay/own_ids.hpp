// Answers to PREPARE, and to EXECUTE where columns changed, with ids of our own in place of the cluster's: a client
// keeps them whichever node, or cluster, knows the statement. Pure.
#pragma once

#include "cql/response.hpp"
#include "relay/prepared.hpp"

namespace crossfade::relay {

// Appends a PREPARED answer with our own ids in place of the cluster's.
void append_own_prepared(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                         std::size_t message_offset, const cql::PreparedResult& prepared, const PreparedId& id,
                         const PreparedId& metadata_id);
// Appends a Rows answer whose new metadata id (METADATA_CHANGED) is replaced by our own.
void append_own_metadata_id(base::Bytes& out, base::ByteView frame, base::ByteView new_metadata_id,
                            const PreparedId& own);

// Fills `statement.on[cluster]` from that cluster's answer to PREPARE and, where it is not known yet, where the
// partition key is among the variables.
void note_prepared(PreparedStatement& statement, std::size_t cluster, const cql::PreparedResult& prepared);

}  // namespace crossfade::relay

// What the proxy changes in a request's bytes before it goes to a cluster, and in an answer's before it goes to the
// client. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "cql/request.hpp"
#include "cql/response.hpp"
#include "relay/prepared.hpp"

namespace crossfade::proxy {

// What is to be changed in the parameters of QUERY, EXECUTE or BATCH.
struct Edits {
    std::optional<std::int64_t> timestamp;  // added where the request has none
    std::string_view keyspace;              // added where the version has a place for it and the request names none
    bool strips_paging_mark = false;        // the paging state ends with our mark
};

// Appends the frame with its edits to `out`. `frame` is whole and not compressed; `body_offset` is where the message
// begins (behind a custom payload).
void append_edited_query(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                         const cql::QueryParameters& parameters, const Edits& edits);
void append_edited_batch(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                         const cql::BatchRequest& batch, const Edits& edits);
// PREPARE with a keyspace, where it has none.
void append_edited_prepare(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                           std::size_t body_offset, const cql::PrepareRequest& prepare, std::string_view keyspace);

// A paged read goes on where it began (SEMANTICS, Switching): the paging state that a client sees ends with a mark that
// says which cluster gave it.
constexpr std::size_t paging_mark_size = 4;
// The cluster that a client's paging state names; nothing when it bears no mark.
std::optional<std::size_t> marked_cluster(base::ByteView paging_state);
// Appends the Rows answer `frame` with the mark added to its paging state. `message_offset` is where the message
// begins.
void append_marked_rows(base::Bytes& out, base::ByteView frame, std::size_t message_offset, const cql::RowsResult& head,
                        std::size_t cluster);

// Appends a PREPARED answer with the proxy's own ids in place of the cluster's.
void append_own_prepared(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                         std::size_t message_offset, const cql::PreparedResult& prepared, const relay::PreparedId& id,
                         const relay::PreparedId& metadata_id);
// Appends a Rows answer whose new metadata id (METADATA_CHANGED) is replaced by the proxy's own.
void append_own_metadata_id(base::Bytes& out, base::ByteView frame, base::ByteView new_metadata_id,
                            const relay::PreparedId& own);

}  // namespace crossfade::proxy

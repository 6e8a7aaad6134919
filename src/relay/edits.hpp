// What is changed in a request's bytes before it goes to a cluster. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cql/request.hpp"

namespace crossfade::relay {

// What is to be changed in the parameters of QUERY, EXECUTE or BATCH.
struct Edits {
    std::optional<std::int64_t> timestamp;  // added where the request has none
    std::string_view keyspace;              // added where the version has a place for it and the request names none
    std::size_t strips_paging_state = 0;    // bytes at the end of the paging state that are not the cluster's
    std::optional<cql::Consistency> consistency;  // in place of the request's
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

}  // namespace crossfade::relay

// Requests as views on their bytes, and writing them (§4.1 of every version). Parsing allocates nothing: texts, ids and
// values are views on the body, valid as long as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/frame.hpp"

namespace crossfade::cql {

// The parameters of QUERY and EXECUTE (§4.1.4), with the places that a proxy patches. Offsets count from the body's
// start.
struct QueryParameters {
    Consistency consistency = Consistency::one;
    std::uint32_t flags = 0;  // query_flag
    std::size_t consistency_offset = 0;
    std::size_t flags_offset = 0;  // 1 or 4 bytes there
    std::uint16_t value_count = 0;
    ByteView values;  // the raw values: each [value], or [string][value] with names_for_values
    std::optional<std::int32_t> page_size;
    ByteView paging_state;                // empty when absent
    std::size_t paging_state_offset = 0;  // of its [int] length
    std::optional<Consistency> serial_consistency;
    std::optional<std::int64_t> timestamp;       // microseconds
    std::size_t timestamp_offset = 0;            // where the 8 bytes are, or, when absent, where they would go in
    std::string_view keyspace;                   // v5, DSE_V2
    std::optional<std::int32_t> now_in_seconds;  // v5
    bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
};

struct QueryRequest {
    std::string_view text;
    QueryParameters parameters;
};
struct PrepareRequest {
    std::string_view text;
    std::string_view keyspace;
};
struct ExecuteRequest {
    ByteView prepared_id;         // its [short] length is at offset 0
    ByteView result_metadata_id;  // v5, DSE_V2; else empty
    QueryParameters parameters;
};
enum class BatchType : std::uint8_t { logged = 0, unlogged = 1, counter = 2 };
struct BatchChild {
    bool is_prepared = false;
    std::string_view text;      // not prepared
    ByteView prepared_id;       // prepared
    std::size_t id_offset = 0;  // prepared: of the [short] length, from the body's start
    std::uint16_t value_count = 0;
    ByteView values;  // raw
};
// A batch is read child by child so that nothing is allocated: parse_batch() checks all of it and gives the head and
// tail; for_each_child() walks again. Values of a batch never have names: the flag for it stands behind them, where no
// reader can know it in time, and servers ignore it (§4.1.7, CASSANDRA-10246).
struct BatchRequest {
    BatchType type = BatchType::logged;
    std::uint16_t child_count = 0;
    ByteView children;  // raw, from the first kind byte
    std::size_t children_offset = 0;
    Consistency consistency = Consistency::one;
    std::uint32_t flags = 0;
    std::size_t consistency_offset = 0;
    std::size_t flags_offset = 0;
    std::optional<Consistency> serial_consistency;
    std::optional<std::int64_t> timestamp;
    std::size_t timestamp_offset = 0;  // as in QueryParameters
    std::string_view keyspace;
    std::optional<std::int32_t> now_in_seconds;
    bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
};

// DSE: stops continuous paging, or asks for more pages, of a request that runs on the same connection.
struct ReviseRequest {
    enum class Kind : std::uint8_t { cancel_continuous_paging = 1, more_continuous_pages = 2 };
    Kind kind = Kind::cancel_continuous_paging;
    std::int32_t stream_id = 0;        // of the request that it is about
    std::size_t stream_id_offset = 0;  // of that [int], from the body's start
    std::int32_t more_pages = 0;       // DSE_V2
};

// All take the message body (behind a custom payload, see read_body_prefix). Errors: bad_input with the byte where it
// broke. Bytes behind the message are ignored, as servers do. A consistency outside the list is kept as its number: the
// server judges it.
base::Result<QueryRequest> parse_query(ProtocolVersion version, ByteView body);
base::Result<PrepareRequest> parse_prepare(ProtocolVersion version, ByteView body);
base::Result<ExecuteRequest> parse_execute(ProtocolVersion version, ByteView body);
base::Result<BatchRequest> parse_batch(ProtocolVersion version, ByteView body);
base::Result<std::vector<std::pair<std::string, std::string>>> parse_startup(ByteView body);
base::Result<std::vector<std::string>> parse_register(ByteView body);
base::Result<ByteView> parse_auth_response(ByteView body);  // the token; null reads as empty
base::Result<ReviseRequest> parse_revise(ProtocolVersion version, ByteView body);

// Calls `visit(child)` for each child of a batch that parse_batch() accepted. Template so that nothing is allocated.
template <class Visit>
void for_each_child(const BatchRequest& batch, Visit&& visit) {
    Reader in(batch.children);
    for (std::uint16_t i = 0; i < batch.child_count && in.ok(); ++i) {
        BatchChild child;
        child.is_prepared = in.byte() != 0;
        child.id_offset = batch.children_offset + in.position();
        if (child.is_prepared)
            child.prepared_id = in.short_bytes();
        else
            child.text = in.long_string();
        child.value_count = in.short_number();
        const std::size_t start = in.position();
        for (std::uint16_t v = 0; v < child.value_count; ++v) in.value();
        child.values = batch.children.subspan(start, in.position() - start);
        visit(child);
    }
}

// What goes into QUERY, EXECUTE and BATCH (there without values and paging) when we write them. Values are the
// caller's: at most 65,535 of them, and none "not set" before v4 (has_unset). Unset optionals and empty views set no
// flag.
struct QueryOptions {
    Consistency consistency = Consistency::local_quorum;
    std::vector<ValueView> values;
    std::vector<std::string_view> names;  // of each value, or empty: by position. Not for BATCH
    bool skip_metadata = false;
    std::optional<std::int32_t> page_size;
    ByteView paging_state;
    std::optional<Consistency> serial_consistency;
    std::optional<std::int64_t> timestamp;
    std::string_view keyspace;                   // written where has_request_keyspace(version)
    std::optional<std::int32_t> now_in_seconds;  // written for v5 only
};
// At most 65,535 items in a batch.
struct BatchItem {
    std::string_view text;
    ByteView prepared_id;
    std::vector<ValueView> values;
};  // prepared when the id is not empty

// Each appends one whole request frame (or envelope) to `out`.
void append_startup(Bytes& out, ProtocolVersion v, std::uint16_t stream_id,
                    const std::vector<std::pair<std::string, std::string>>& options);
void append_options(Bytes& out, ProtocolVersion v, std::uint16_t stream_id);
void append_register(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, const std::vector<std::string>& events);
void append_auth_response(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, ByteView token);
void append_query(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, std::string_view text,
                  const QueryOptions& options);
void append_prepare(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, std::string_view text,
                    std::string_view keyspace = {});
void append_execute(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, ByteView prepared_id,
                    ByteView result_metadata_id, const QueryOptions& options);
void append_batch(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, BatchType type,
                  const std::vector<BatchItem>& items, const QueryOptions& options);

}  // namespace crossfade::cql

// Answers QUERY, PREPARE, EXECUTE and BATCH, and misbehaves as it is told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "stub_node/counts.hpp"
#include "stub_node/statement_cache.hpp"

namespace crossfade::lab {

struct Request {
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    std::uint16_t stream_id = 0;
    cql::Opcode opcode = cql::Opcode::query;
    base::ByteView body;  // the message: behind a custom payload, not compressed
};

enum class Outcome : std::uint8_t { answered, silent, close };

// One worker's, on its thread.
class RequestHandler {
public:
    RequestHandler(Node& node, Counts& counts, WriteRing& records)
        : node_(node), counts_(counts), records_(records), statements_(node, counts) {}

    // Appends the answer, one whole frame that is not compressed, to `out` when the outcome is `answered`, else
    // nothing. `keyspace` is the connection's: read, and changed by USE.
    Outcome handle(const Request& request, std::string& keyspace, base::Bytes& out);

private:
    struct Call {  // one request that is being answered
        const Request& request;
        std::string& keyspace;
        base::Bytes& out;
        base::ByteView metadata_id;  // of an EXECUTE in v5: what the client believes
        std::uint8_t version() const { return static_cast<std::uint8_t>(request.version); }
    };

    Outcome query(Call& call);
    Outcome prepare(Call& call);
    Outcome execute(Call& call);
    Outcome batch(Call& call);
    Outcome run(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters);
    Outcome read_system(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters);
    Outcome change_schema(Call& call, const KnownStatement& known);

    Outcome error(Call& call, cql::ErrorCode code, std::string_view text);
    Outcome error(Call& call, const base::Error& why);
    Outcome unprepared(Call& call, base::ByteView id);
    Outcome inject_error(Call& call, bool is_write, cql::Consistency consistency);
    // What the next read or write of a user table meets: nothing, or an outcome that is final.
    enum class Fault : std::uint8_t { none, error, silent, close };
    Fault next_fault(bool is_write);
    void count_write(const KnownStatement& known, base::ByteView values, bool has_names,
                     std::optional<std::int64_t> timestamp);
    void append_row(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters);
    void forget_if_due();

    Node& node_;
    Counts& counts_;
    WriteRing& records_;
    StatementCache statements_;
    base::Bytes blob_;  // what blobs are made of: as long as the longest that was asked for
};

}  // namespace crossfade::lab

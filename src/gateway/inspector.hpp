// Looks at the requests and answers of one connection: refuses what its rights do not allow, and shows the cluster as
// one node where that is wished. Pure: frames in, decisions out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cql/frame.hpp"
#include "cql/request.hpp"
#include "gateway/prepared_statements.hpp"
#include "gateway/rights.hpp"
#include "gateway/single_node.hpp"

namespace crossfade::gateway {

struct InspectorOptions {
    InspectorOptions() = default;

    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    Rights rights;
    std::string whose;                          // of prepared statements: the client id, or empty (PreparedStatements)
    std::optional<GatewayAddress> single_node;  // the connection sees one node, here
};

// Why a request goes no further.
struct Denial {
    Refusal refusal;
    base::Bytes unprepared_id;  // UNPREPARED: the client prepares again, and then is judged
    cql::Statement statement;   // what was refused, for the audit log
};

// STARTUP and AUTH_RESPONSE, whatever the rights: nodes take credentials again, of any role, on a connection that has
// logged in.
std::optional<Refusal> refuse_second_login(cql::Opcode opcode);

class Inspector {
public:
    Inspector(InspectorOptions options, PreparedStatements& statements)
        : options_(std::move(options)), statements_(statements) {}

    // A whole request frame, not compressed; may be patched. Nothing: it may go on.
    std::optional<Denial> on_request(const cql::FrameHeader& header, std::span<std::uint8_t> frame);
    // A stream id for a request of the gateway's own, which on_answer_header() frees; the highest that is free, since
    // drivers begin with the lowest. Nothing: all are in use.
    std::optional<std::uint16_t> take_unused_stream();
    // Of each answer and event, first: its stream id is free again. Gives whether on_answer() would change or note
    // anything of it: where not, its bytes may go on as they came.
    bool on_answer_header(const cql::FrameHeader& header);
    // Appends the whole answer or event `frame`, not compressed, as the client is to see it; or nothing.
    void on_answer(const cql::FrameView& frame, base::Bytes& out);

private:
    std::optional<Denial> judge_request(const cql::FrameHeader& header, std::span<std::uint8_t> frame);
    std::optional<Denial> on_query(std::uint16_t stream_id, base::ByteView body);
    std::optional<Denial> on_prepare(std::uint16_t stream_id, base::ByteView body);
    std::optional<Denial> on_execute(std::uint16_t stream_id, std::span<std::uint8_t> body);
    std::optional<Denial> on_batch(base::ByteView body);
    std::optional<Denial> broken(const base::Error& why) const;
    bool is_single() const { return options_.single_node.has_value(); }
    void note_table(std::uint16_t stream_id, SystemTable table);

    // What an answer has to be looked at for.
    struct Note {
        JudgedPtr prepared;  // the statement that is being prepared
        SystemTable table = SystemTable::none;
    };
    const InspectorOptions options_;
    PreparedStatements& statements_;
    std::unordered_map<std::uint16_t, Note> notes_;  // by stream id
    std::vector<bool> used_streams_;                 // grows to the highest stream id seen
};

}  // namespace crossfade::gateway

// What one execute() was given, copied from the caller's statement, and its request frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cql/request.hpp"
#include "cql/token.hpp"
#include "crossfade/statement.hpp"
#include "driver/prepared.hpp"

namespace crossfade::driver {

// Assigned again and again, it uses its memory again.
struct Command {
    enum class Kind : std::uint8_t { query, execute, batch };

    Kind kind = Kind::query;
    std::string text;         // query
    PreparedPtr prepared;     // execute
    BoundValues values;       // of both
    std::vector<Batch::Child> children;  // batch
    BatchType batch_type = BatchType::logged;
    RequestSettings settings;
    StatementSettings statement;

    void assign(const Statement& from);
    void assign(const BoundStatement& from);
    void assign(const Batch& from);
};

// Settings with nothing absent but what may be.
struct CommandOptions {
    cql::Consistency consistency = cql::Consistency::local_quorum;
    std::optional<cql::Consistency> serial_consistency;
    std::optional<std::int32_t> page_size;
    std::optional<std::int64_t> timestamp;
};

// Appends the frame, with stream id 0. `scratch` keeps its memory between calls. Errors: bad_configuration for what the
// version does not have (not set, keyspace, payload, now_in_seconds), bad_input for too many values.
base::Result<void> append_command(base::Bytes& frame, cql::ProtocolVersion version, const Command& command,
                                  const CommandOptions& options, cql::QueryOptions& scratch);

// The token of the partition key that is bound, where the statement tells which values it is. `key` is scratch.
std::optional<cql::Token> token_of(const Prepared& statement, const BoundValues& values, base::Bytes& key);

}  // namespace crossfade::driver

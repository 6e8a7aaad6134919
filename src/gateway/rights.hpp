// What a connection may ask the cluster for, beside what its role may: the limits of its token, and Astra's guardrails
// where they are switched on. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/protocol.hpp"
#include "cql/statement.hpp"
#include "gateway/settings.hpp"

namespace crossfade::gateway {

struct Rights {
    bool is_read_only = false;
    std::vector<std::string> keyspaces;  // in their stored case; empty: any
    Guardrails guardrails = Guardrails::off;

    bool are_limited() const { return is_read_only || !keyspaces.empty() || guardrails != Guardrails::off; }
    // Of the token alone.
    bool has_token_limits() const { return is_read_only || !keyspaces.empty(); }
};

struct Refusal {
    cql::ErrorCode code = cql::ErrorCode::unauthorized;
    std::string text;
    bool operator==(const Refusal&) const = default;
};

// A statement as the rules need it.
struct JudgedStatement {
    cql::Statement statement;
    std::optional<Refusal> refusal;  // whatever the consistency; found once, when the text was seen
    bool is_write = false;           // DML, or a batch of it
};
// `keyspace`: that of the request (v5), or empty.
JudgedStatement judge(const Rights& rights, std::string_view text, std::string_view keyspace);

// Writes (DML) at ANY, ONE or LOCAL_ONE under Astra's guardrails.
std::optional<Refusal> refuse_consistency(const Rights& rights, cql::Consistency consistency);
// A request's own keyspace (v5).
std::optional<Refusal> refuse_keyspace(const Rights& rights, std::string_view keyspace);

}  // namespace crossfade::gateway

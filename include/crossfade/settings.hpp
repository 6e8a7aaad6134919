// What can be said of one request: by a statement, else by its execution profile, else by the cluster's options.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossfade/policies.hpp"
#include "crossfade/values.hpp"

namespace crossfade {

// native_protocol_v5.spec §3, [consistency].
enum class Consistency : std::uint16_t {
    any = 0,
    one = 1,
    two = 2,
    three = 3,
    quorum = 4,
    all = 5,
    local_quorum = 6,
    each_quorum = 7,
    serial = 8,
    local_serial = 9,
    local_one = 10,
};

// What is absent is the profile's, then the cluster's.
struct RequestSettings {
    std::optional<Consistency> consistency, serial_consistency;
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<bool> idempotent;
    std::optional<std::int32_t> page_size;
    std::optional<SpeculativeExecution> speculative_execution;
    std::shared_ptr<const RetryPolicy> retry_policy;
};

// The setters of RequestSettings, for statements, profiles and cluster options alike.
template <class Self>
class WithRequestSettings {
public:
    // How many replicas must answer. LOCAL_QUORUM unless told.
    Self& consistency(Consistency level) {
        settings_.consistency = level;
        return self();
    }
    // Of the Paxos phase of conditional writes: serial or local_serial.
    Self& serial_consistency(Consistency level) {
        settings_.serial_consistency = level;
        return self();
    }
    // Of the whole request: waiting for room, every try, preparing again. It always ends by then, and by one tick of
    // 10 ms.
    Self& timeout(std::chrono::milliseconds within) {
        settings_.timeout = within;
        return self();
    }
    // Doing it twice does no harm: it may be tried again and executed speculatively.
    Self& idempotent(bool is_so = true) {
        settings_.idempotent = is_so;
        return self();
    }
    // Rows a page. 0 or less: all rows in one.
    Self& page_size(std::int32_t rows) {
        settings_.page_size = rows;
        return self();
    }
    // Shared with whoever else has it. Null: the driver's own rule, which no_retries() tells.
    Self& retry_policy(std::shared_ptr<const RetryPolicy> policy) {
        settings_.retry_policy = std::move(policy);
        return self();
    }
    // Of idempotent requests alone. Never unless told.
    Self& speculative_execution(SpeculativeExecution how) {
        settings_.speculative_execution = how;
        return self();
    }

    // What was said so far, as long as this.
    const RequestSettings& request_settings() const noexcept { return settings_; }

private:
    Self& self() { return static_cast<Self&>(*this); }
    RequestSettings settings_;
};

// A named set of settings; statements choose one by its name.
class ExecutionProfile : public WithRequestSettings<ExecutionProfile> {};

// What only a single request has.
struct StatementSettings {
    std::optional<std::int64_t> timestamp;  // microseconds
    std::optional<std::int32_t> now_in_seconds;
    Blob paging_state;
    std::string keyspace, profile;
    std::vector<std::pair<std::string, Blob>> payload;
    bool tracing = false;
};

template <class Self>
class WithStatementSettings : public WithRequestSettings<Self> {
public:
    // The write's timestamp in microseconds; without it the driver gives one (ClusterOptions::client_timestamps).
    Self& timestamp(std::int64_t microseconds) {
        statement_.timestamp = microseconds;
        return self();
    }
    // What the server takes as now for TTLs (protocol v5).
    Self& now_in_seconds(std::int32_t seconds) {
        statement_.now_in_seconds = seconds;
        return self();
    }
    // Goes on where ResultSet::paging_state() was; of the same statement with the same values.
    Self& paging_state(Blob state) {
        statement_.paging_state = std::move(state);
        return self();
    }
    // What unqualified names are in. Statements that are not prepared, and batches, on protocol v5; with an older
    // protocol they fail with bad_configuration. A prepared statement has its own.
    Self& keyspace(std::string name) {
        statement_.keyspace = std::move(name);
        return self();
    }
    // One of ClusterOptions::execution_profile().
    Self& execution_profile(std::string name) {
        statement_.profile = std::move(name);
        return self();
    }
    // Ask the cluster to trace it: ResultSet::tracing_id(), Session::trace().
    Self& tracing(bool is_on = true) {
        statement_.tracing = is_on;
        return self();
    }
    // Custom payload for the server's query handler (protocol v4 and up; with v3 the request fails).
    Self& payload(std::string key, Blob value) {
        statement_.payload.emplace_back(std::move(key), std::move(value));
        return self();
    }

    // What was said so far, as long as this.
    const StatementSettings& statement_settings() const noexcept { return statement_; }

private:
    Self& self() { return static_cast<Self&>(*this); }
    StatementSettings statement_;
};

}  // namespace crossfade

// The write path of DualPolicy: both clusters with one timestamp, one answer, and the journal before the answer where
// they may differ.
#include <algorithm>
#include <utility>

#include "nodes/schema.hpp"
#include "proxy/dual_policy.hpp"
#include "relay/write_type.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::uint8_t most_attempts = 3;
// How long a late answer may still settle an entry by itself; then its stream id is given up.
constexpr std::chrono::seconds late_answers{60};
constexpr std::chrono::seconds most_journal_wait{5};
constexpr std::uint8_t both = 3;

// The consistency that the client asked for: WRITE_TIMEOUT names it.
cql::Consistency consistency_of(const relay::Request& request, std::size_t message_offset) {
    const base::ByteView message = base::ByteView(request.frame).subspan(message_offset);
    if (request.opcode == cql::Opcode::query) {
        if (const auto query = cql::parse_query(request.version, message)) return query->parameters.consistency;
    } else if (request.opcode == cql::Opcode::execute) {
        if (const auto execute = cql::parse_execute(request.version, message)) return execute->parameters.consistency;
    } else if (const auto batch = cql::parse_batch(request.version, message)) {
        return batch->consistency;
    }
    return cql::Consistency::local_quorum;
}

std::size_t message_offset_of(const relay::Request& request) {
    const cql::FrameHeader header = cql::read_frame_header(request.frame.data());
    const auto prefix = cql::read_body_prefix(header, base::ByteView(request.frame).subspan(cql::frame_header_size));
    return cql::frame_header_size + (prefix ? prefix->size : 0);
}

// The text of a batch that is text: its words say what kind of batch it is.
std::string_view batch_text_of(const relay::Request& request, std::size_t message_offset) {
    if (!request.policy.is_batch || request.opcode == cql::Opcode::batch) return {};
    if (!request.prepared.empty()) return request.prepared.front()->text;
    const auto query = cql::parse_query(request.version, base::ByteView(request.frame).subspan(message_offset));
    return query ? query->text : std::string_view();
}

// Whether an LWT's answer says that it was applied; nothing when it does not say.
std::optional<bool> applied(cql::ProtocolVersion version, const relay::Leg& leg) {
    const base::ByteView body = base::ByteView(leg.answer).subspan(cql::frame_header_size);
    const auto prefix = cql::read_body_prefix(leg.header, body);
    if (!prefix) return std::nullopt;
    const auto rows = cql::parse_rows(version, body.subspan(prefix->size));
    if (!rows || rows->row_count == 0) return std::nullopt;
    cql::Reader cells(rows->rows);
    const base::ByteView first = cells.bytes();
    return first.size() == 1 ? std::optional<bool>(first[0] != 0) : std::nullopt;
}

const nodes::Table* find_table(const FactsPtr& facts, const cql::TableName& name) {
    for (const ClusterFacts& cluster : facts->clusters)
        if (cluster.schema != nullptr)
            if (const nodes::Table* const table = cluster.schema->find_table(name)) return table;
    return nullptr;
}

bool has_list(const nodes::Table& table) {
    return std::ranges::any_of(table.columns, [](const nodes::Column& column) {
        return column.type->code == cql::TypeCode::list && !column.type->frozen;
    });
}

}  // namespace

// SEMANTICS, Answers: what must not be repeated, as far as text and schema tell.
void DualPolicy::note_repeatability(relay::Request& request, const cql::Statement& statement,
                                    std::string_view keyspace) const {
    auto& write = request.policy;
    write.is_conditional = write.is_conditional || statement.is_conditional;
    write.is_logged_batch = write.is_logged_batch || statement.verb == cql::Verb::batch;
    if (statement.is_conditional || statement.calls_time_or_chance) write.is_repeatable = false;
    if (statement.verb != cql::Verb::insert && statement.verb != cql::Verb::update &&
        statement.verb != cql::Verb::delete_rows && statement.verb != cql::Verb::batch) {
        write.is_repeatable = false;
        return;
    }
    if (!statement.may_be_counter && !statement.places_list) return;
    cql::TableName name = statement.table;
    if (name.keyspace.empty()) name.keyspace = keyspace;
    // Text alone cannot tell a counter's `c = c + ?` from a list's; without a schema both are assumed.
    const nodes::Table* const table = find_table(facts_, name);
    if (statement.may_be_counter && (table == nullptr || table->is_counter))
        write.is_counter = true, write.is_repeatable = false;
    if (statement.places_list && (table == nullptr || has_list(*table))) write.is_repeatable = false;
}

void DualPolicy::begin_write(relay::Request& request) {
    auto& write = request.policy;
    write.kind = static_cast<std::uint8_t>(Kind::write);
    counters_.writes.add();
    if (!write.is_repeatable) counters_.not_repeatable_writes.add();
    if (write.is_conditional) {
        counters_.conditional_writes.add();
    }
    mark_then_send(request);
}

// An unclean stop must know which tables had writes in flight: that a table is written is on disk before its first
// write is sent.
void DualPolicy::mark_then_send(relay::Request& request) {
    auto& write = request.policy;
    const bool is_known =
        request.opcode == cql::Opcode::execute && request.prepared.front()->is_marked.load(std::memory_order_relaxed);
    if (!is_known) {
        const JournalEntry entry = entry_of(request, 0);
        write.is_of_schema = entry.kind == JournalEntry::Kind::ddl || entry.kind == JournalEntry::Kind::truncate;
        for (const cql::TableName& table : entry.tables) {
            if (marked_tables_.contains(cql::to_cql(table))) continue;
            write.stage = static_cast<std::uint8_t>(Stage::marking);
            ++request.held;
            shared_.journal.mark_written(table, [this, alive = alive_, loop = &engine_.loop(), &request,
                                                 table](const base::Result<void>& result) {
                const bool is_durable = result.has_value();
                loop->post([this, alive, &request, table, is_durable] {
                    if (!*alive) return;
                    --request.held;
                    if (is_durable) marked_tables_.insert(cql::to_cql(table));
                    if (!is_durable && !request.is_answered)
                        engine_.answer_error(
                            request, cql::ErrorCode::is_bootstrapping,
                            "the journal cannot be written: the write was not sent; see the proxy's log");
                    if (request.held == 0 && !request.is_answered) mark_then_send(request);
                    engine_.release_if_over(request);
                });
            });
        }
        if (request.held != 0) return;
        note_written_tables(entry, write.is_conditional);
        if (request.opcode == cql::Opcode::execute && !write.is_of_schema)
            request.prepared.front()->is_marked.store(true, std::memory_order_relaxed);
    }
    if (write.is_conditional && is_holding_) {
        write.stage = static_cast<std::uint8_t>(Stage::held);
        request.held = 1;
        held_.push_back(&request);
        return;
    }
    write.stage = static_cast<std::uint8_t>(Stage::waiting);
    write.primary = static_cast<std::uint8_t>(phase_.primary());
    write.is_best_effort = phase_.write_mode != WriteMode::strict;
    if (write.is_conditional) {
        write.is_counted = true;
        ++conditional_in_flight_;
    }
    if (send_write(request)) return;
    engine_.wait_for_room(request, both);
    // In best effort the other side is waited for only so long; then the write goes to the primary alone.
    if (is_best_effort(request)) engine_.set_deadline(request, best_effort_wait(request));
}

// A schema change that only one side has is never replayed, needs a person, and blocks the writes behind it: it is
// worth more patience than a row, which takes it longer anyway.
std::chrono::milliseconds DualPolicy::best_effort_wait(const relay::Request& request) const {
    const auto& options = shared_.options;
    return request.policy.is_of_schema ? std::max(options.best_effort_wait, options.request_timeout / 2)
                                       : options.best_effort_wait;
}

// By the mode under which it came. A switch that is under way, or was since, to the other cluster's answers makes it
// wait for both: what is acknowledged must be where the reads will be.
bool DualPolicy::is_best_effort(const relay::Request& request) const {
    return request.policy.is_best_effort && !is_switching_primary_ && request.policy.primary == phase_.primary();
}

// The other side was waited for, for its answer or for room, as long as best effort waits.
void DualPolicy::best_effort_wait_is_over(relay::Request& request) {
    auto& write = request.policy;
    const bool is_sent = write.stage == static_cast<std::uint8_t>(Stage::best_effort);
    if (is_sent && is_best_effort(request)) {
        settle_write(request, false, true);
        return;
    }
    // It goes without the other side; or, where a switch came in between, waits for both until its time is over.
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(engine_.loop_now() - request.started);
    if (spent >= shared_.options.request_timeout) {
        settle_write(request, true, true);
        return;
    }
    engine_.set_deadline(request, shared_.options.request_timeout - spent);
    if (is_sent) {
        write.stage = static_cast<std::uint8_t>(Stage::under_way);
        return;
    }
    write.goes_alone = is_best_effort(request);
    if (send_write(request)) return;
    engine_.wait_for_room(request, write.goes_alone ? static_cast<std::uint8_t>(1U << write.primary) : both);
}

// Sends what can go now; gives whether the request waits for room no more.
bool DualPolicy::send_write(relay::Request& request) {
    auto& write = request.policy;
    const std::size_t primary = write.primary;
    const std::size_t secondary = 1 - primary;
    const auto wants = [&](std::size_t cluster) {
        return request.legs[cluster].state == relay::Leg::State::idle && !request.legs[cluster].may_have_run;
    };
    const auto wants_again = [&](std::size_t cluster) {
        return request.legs[cluster].state == relay::Leg::State::lost && write.is_repeatable;
    };
    // A connection was lost on the way: the same write once more, under its own timestamp.
    if (write.stage >= static_cast<std::uint8_t>(Stage::under_way)) {
        bool waits = false;
        for (const std::size_t cluster : {primary, secondary}) {
            if (!wants_again(cluster) || request.legs[cluster].attempts >= most_attempts) continue;
            if (engine_.has_room(request, cluster)) {
                counters_.retried.add();
                engine_.send(request, cluster);
            } else if (!is_hopeless(request, cluster)) {
                waits = true;
            }
        }
        if (!waits) settle_write(request, false, false);
        return !waits;
    }
    for (const std::size_t cluster : {primary, secondary}) {
        if (request.wish.keyspace.empty()) break;
        if (const auto error = request.pools[cluster]->keyspace_error(request.wish.keyspace)) {
            engine_.answer_error(request, static_cast<cql::ErrorCode>(error->server_code), error->message);
            conditional_write_ended(request);
            write.stage = static_cast<std::uint8_t>(Stage::finished);
            return true;
        }
    }
    const bool first = wants(primary) && engine_.has_room(request, primary);
    const bool second = wants(secondary) && engine_.has_room(request, secondary);
    const relay::Pool& other = *request.pools[secondary];
    const bool may_come = other.is_connected() || (write.is_of_schema && other.is_connecting());
    const bool goes_alone = is_best_effort(request) && (write.goes_alone || !may_come);
    if (first && (second || goes_alone)) {
        write.stage = static_cast<std::uint8_t>(Stage::under_way);
        engine_.send(request, primary);
        if (second) engine_.send(request, secondary);
        return true;
    }
    const std::size_t missing = first ? secondary : primary;
    if (!is_hopeless(request, missing)) return false;
    const std::string text = std::string(cluster_names[missing]) + " has no node to send to (" +
                             request.pools[missing]->last_error() + "); the write was sent to neither cluster";
    conditional_write_ended(request);
    write.stage = static_cast<std::uint8_t>(Stage::finished);
    refuse_unsent(request, text);
    return true;
}

void DualPolicy::write_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) {
    const auto stage = static_cast<Stage>(request.policy.stage);
    const bool is_late = stage == Stage::journaling || stage == Stage::finished;
    // The usual end of a write: the other side has answered well, this is the primary's answer, nothing needs to be
    // kept.
    const relay::Leg& other = request.legs[1 - leg.cluster()];
    if (!is_late && !leg.is_error && leg.cluster() == request.policy.primary &&
        other.state == relay::Leg::State::answered && !other.is_error && !request.policy.is_conditional) {
        request.policy.stage = static_cast<std::uint8_t>(Stage::finished);
        forward(request, leg.cluster(), response.header, response.bytes);
        return;
    }
    leg.answer.assign(response.bytes.begin(), response.bytes.end());
    if (is_late) {
        // Settled after all: nothing is to be repaired.
        withdraw_if_settled(request);
        return;
    }
    settle_write(request, false, false);
}

WriteState DualPolicy::state_of(const relay::Request& request) const {
    WriteState state;
    state.primary = request.policy.primary;
    state.is_best_effort = is_best_effort(request);
    for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) {
        const relay::Leg& leg = request.legs[cluster];
        Outcome& outcome = state.outcomes[cluster];
        switch (leg.state) {
            case relay::Leg::State::idle:
                outcome = leg.may_have_run ? Outcome::unknown : Outcome::not_sent;
                break;
            case relay::Leg::State::waiting:
            case relay::Leg::State::sent:
                outcome = Outcome::pending;
                break;
            case relay::Leg::State::lost:
                outcome = leg.may_have_run ? Outcome::unknown : Outcome::not_sent;
                break;
            case relay::Leg::State::answered: {
                if (!leg.is_error) {
                    outcome = Outcome::ok;
                    break;
                }
                const base::ByteView body = base::ByteView(leg.answer).subspan(cql::frame_header_size);
                const auto prefix = cql::read_body_prefix(leg.header, body);
                const auto error = prefix ? cql::parse_error(request.version, body.subspan(prefix->size))
                                          : base::Result<cql::ErrorMessage>(base::fail(prefix.error()));
                state.codes[cluster] = error ? error->code : cql::ErrorCode::server_error;
                // An earlier attempt may have run, whatever the last one says.
                outcome =
                    means_not_executed(state.codes[cluster]) && !leg.may_have_run ? Outcome::refused : Outcome::failed;
                break;
            }
        }
    }
    return state;
}

void DualPolicy::settle_write(relay::Request& request, bool is_over_time, bool is_over_wait) {
    auto& write = request.policy;
    const auto stage = static_cast<Stage>(write.stage);
    if (stage == Stage::journaling || stage == Stage::finished) return;
    if (!is_over_time && write.is_repeatable) {
        // A lost connection leaves a repeatable write unknown only until it was tried again.
        for (relay::Leg& leg : request.legs) {
            if (leg.state != relay::Leg::State::lost || leg.attempts >= most_attempts ||
                is_hopeless(request, leg.cluster()) || is_over_wait)
                continue;
            if (engine_.has_room(request, leg.cluster())) {
                counters_.retried.add();
                engine_.send(request, leg.cluster());
            } else if (!is_best_effort(request) || leg.cluster() == write.primary) {
                engine_.wait_for_room(request, static_cast<std::uint8_t>(1U << leg.cluster()));
                return;
            }
        }
    }
    WriteState state = state_of(request);
    state.is_over_time = is_over_time;
    state.is_over_best_effort_wait = is_over_wait;
    const Verdict verdict = judge(state);
    if (verdict.kind == Verdict::Kind::wait) return;
    if (verdict.kind == Verdict::Kind::wait_best_effort) {
        if (stage != Stage::best_effort) {
            write.stage = static_cast<std::uint8_t>(Stage::best_effort);
            engine_.set_deadline(request, best_effort_wait(request));
        }
        return;
    }
    engine_.stop_waiting(request);
    if (verdict.journal_sides != 0 || answers_disagree(request))
        journal_then(request, verdict);
    else
        finish_write(request, verdict);
}

// Two clusters that judged one condition differently have diverged although both answered well.
bool DualPolicy::answers_disagree(const relay::Request& request) const {
    if (!request.policy.is_conditional) return false;
    for (const relay::Leg& leg : request.legs)
        if (leg.state != relay::Leg::State::answered || leg.is_error) return false;
    const auto first = applied(request.version, request.legs[0]);
    return first && first != applied(request.version, request.legs[1]);
}

// Nothing is to be repaired after all: both have it, and judged it alike.
void DualPolicy::withdraw_if_settled(relay::Request& request) {
    if (request.policy.journal_id == 0 || answers_disagree(request) || sides_to_repair(state_of(request).outcomes) != 0)
        return;
    shared_.journal.withdraw(request.policy.journal_id);
    counters_.late_settled.add();
    request.policy.journal_id = 0;
}

void DualPolicy::journal_then(relay::Request& request, const Verdict& verdict) {
    auto& write = request.policy;
    write.stage = static_cast<std::uint8_t>(Stage::journaling);
    const auto secondary_side = static_cast<std::uint8_t>(1U << (1 - write.primary));
    JournalEntry entry = entry_of(request, verdict.journal_sides != 0 ? verdict.journal_sides : secondary_side);
    ++request.held;
    counters_.journaled.add();
    engine_.set_deadline(request, most_journal_wait);
    write.journal_id = shared_.journal.append(std::move(entry), [this, alive = alive_, loop = &engine_.loop(), &request,
                                                                 verdict](const base::Result<void>& result) {
        const std::string failure = result ? "" : result.error().message;
        loop->post([this, alive, &request, verdict, failure] {
            if (!*alive) return;
            --request.held;
            if (failure.empty()) {
                finish_write(request, verdict);
            } else {
                refuse_as_write_timeout(request,
                                        "the clusters may differ and the journal could not be written: " + failure);
                finish_write(request, verdict);
            }
            // An answer that came meanwhile may have settled it.
            withdraw_if_settled(request);
            engine_.release_if_over(request);
        });
    });
}

// A journal whose disk hangs does not keep the client waiting: what it is told is that nothing is known.
void DualPolicy::journal_is_late(relay::Request& request) {
    counters_.write_errors.add();
    refuse_as_write_timeout(
        request,
        "the clusters may differ and the journal does not answer; look at the disk that holds the proxy's state_dir");
}

void DualPolicy::refuse_as_write_timeout(relay::Request& request, std::string_view text) {
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::write_timeout;
    error.text = text;
    error.write_type = relay::write_type_of(request.policy, batch_text_of(request, message_offset_of(request)));
    error.consistency = consistency_of(request, message_offset_of(request));
    error.required = 1;
    engine_.answer_error(request, error);
}

void DualPolicy::finish_write(relay::Request& request, const Verdict& verdict) {
    auto& write = request.policy;
    write.stage = static_cast<std::uint8_t>(Stage::finished);
    conditional_write_ended(request);
    const relay::Leg& leg = request.legs[verdict.cluster];
    if (verdict.kind != Verdict::Kind::success) counters_.write_errors.add();
    switch (verdict.kind) {
        case Verdict::Kind::success:
        case Verdict::Kind::error_of:
            forward(request, verdict.cluster, leg.header, leg.answer);
            break;
        case Verdict::Kind::not_executed:
            refuse_unsent(request, "no cluster could be reached; the write was not sent");
            break;
        case Verdict::Kind::error_of_as_timeout:
        case Verdict::Kind::timeout:
        case Verdict::Kind::wait:
        case Verdict::Kind::wait_best_effort: {
            std::string text = std::string("the outcome on the ") + cluster_names[verdict.cluster] +
                               " is unknown; it is in the journal";
            if (verdict.kind == Verdict::Kind::error_of_as_timeout) {
                const base::ByteView body = base::ByteView(leg.answer).subspan(cql::frame_header_size);
                const auto prefix = cql::read_body_prefix(leg.header, body);
                if (const auto error = prefix ? cql::parse_error(request.version, body.subspan(prefix->size))
                                              : base::Result<cql::ErrorMessage>(base::fail(prefix.error())))
                    text = std::string(cluster_names[verdict.cluster]) + ": " + std::string(cql::name_of(error->code)) +
                           ": " + std::string(error->text);
            }
            refuse_as_write_timeout(request, text);
            break;
        }
    }
    // What is still out may come late, and settle its entry.
    if (request.is_over()) return;
    if (is_draining_)
        give_up_late_answers(request);
    else
        engine_.set_deadline(request, late_answers);
}

void DualPolicy::give_up_late_answers(relay::Request& request) {
    for (relay::Leg& leg : request.legs) engine_.forget(leg);
}

void DualPolicy::conditional_write_ended(relay::Request& request) {
    if (!std::exchange(request.policy.is_counted, false)) return;
    --conditional_in_flight_;
    if (is_holding_ && conditional_in_flight_ == 0 && quiet_) std::exchange(quiet_, nullptr)();
}

void DualPolicy::drain() {
    is_draining_ = true;
    // Answered, and in the journal: nobody waits for what is still out.
    engine_.for_each_open_request([this](relay::Request& request) {
        if (static_cast<Kind>(request.policy.kind) == Kind::write &&
            static_cast<Stage>(request.policy.stage) == Stage::finished)
            give_up_late_answers(request);
    });
}

void DualPolicy::hold_conditional_writes(bool primary_changes, std::function<void()> quiet) {
    is_holding_ = true;
    is_switching_primary_ = primary_changes;
    if (conditional_in_flight_ == 0)
        quiet();
    else
        quiet_ = std::move(quiet);
}

void DualPolicy::release_conditional_writes() {
    is_holding_ = is_switching_primary_ = false;
    quiet_ = nullptr;
    std::deque<relay::Request*> held;
    held.swap(held_);
    for (relay::Request* request : held) {
        request->held = 0;
        mark_then_send(*request);
        engine_.release_if_over(*request);
    }
}

JournalEntry DualPolicy::entry_of(const relay::Request& request, std::uint8_t sides) const {
    const auto& write = request.policy;
    JournalEntry entry;
    entry.time_us = base::system_clock().wall_microseconds();
    entry.sides = sides;
    entry.opcode = request.opcode;
    entry.version = request.version;
    entry.timestamp = write.timestamp;
    entry.keyspace = request.keyspace;
    entry.kind = write.is_repeatable ? JournalEntry::Kind::mutation : JournalEntry::Kind::compare;
    const auto add_table = [&](const cql::TableName& table, std::string_view keyspace) {
        if (table.table.empty()) return;
        cql::TableName name = table;
        if (name.keyspace.empty()) name.keyspace = keyspace;
        if (std::ranges::find(entry.tables, name) == entry.tables.end()) entry.tables.push_back(std::move(name));
    };
    const auto add_statement = [&](const cql::Statement& statement, std::string_view keyspace) {
        if (statement.verb == cql::Verb::truncate) entry.kind = JournalEntry::Kind::truncate;
        if (statement.verb == cql::Verb::schema || statement.verb == cql::Verb::grant ||
            statement.verb == cql::Verb::other)
            entry.kind = JournalEntry::Kind::ddl;
        if (statement.tables.empty()) add_table(statement.table, keyspace);
        for (const cql::TableName& table : statement.tables) add_table(table, keyspace);
    };
    const std::size_t offset = message_offset_of(request);
    const base::ByteView message = base::ByteView(request.frame).subspan(offset);
    if (sides != 0) entry.body.assign(message.begin(), message.end());
    for (const relay::PreparedPtr& prepared : request.prepared) {
        add_statement(prepared->statement, prepared->keyspace);
        if (sides != 0) entry.prepared.push_back({prepared->text, prepared->keyspace});
    }
    if (request.opcode == cql::Opcode::query) {
        if (const auto query = cql::parse_query(request.version, message)) {
            if (entry.keyspace.empty()) entry.keyspace = query->parameters.keyspace;
            add_statement(cql::classify(query->text), entry.keyspace);
        }
    } else if (request.opcode == cql::Opcode::batch) {
        if (const auto batch = cql::parse_batch(request.version, message)) {
            if (entry.keyspace.empty()) entry.keyspace = batch->keyspace;
            cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
                if (!child.is_prepared) add_statement(cql::classify(child.text), entry.keyspace);
            });
        }
    } else if (sides != 0) {
        if (const auto execute = cql::parse_execute(request.version, message); execute && !request.prepared.empty()) {
            // The partition key, where the statement binds all of it.
            std::vector<base::ByteView> values, key;
            cql::Reader in(execute->parameters.values);
            for (std::uint16_t i = 0; i < execute->parameters.value_count; ++i) values.push_back(in.value().bytes);
            for (const std::uint16_t index : request.prepared.front()->key_indices)
                if (index < values.size()) key.push_back(values[index]);
            if (!key.empty() && key.size() == request.prepared.front()->key_indices.size() &&
                !execute->parameters.has(cql::query_flag::names_for_values)) {
                if (!cql::append_partition_key(entry.partition_key, key)) entry.partition_key.clear();
            }
        }
    }
    if (sides != 0) {
        const WriteState state = state_of(request);
        for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) {
            static constexpr std::string_view words[] = {
                "did not answer in time", "could not be sent to", "took it", "refused it", "failed", "is unknown"};
            if (!entry.cause.empty()) entry.cause += ", ";
            entry.cause += std::string(cluster_names[cluster]) + " " +
                           std::string(words[static_cast<std::size_t>(state.outcomes[cluster])]);
            if (state.outcomes[cluster] == Outcome::refused || state.outcomes[cluster] == Outcome::failed)
                entry.cause += " (" + std::string(cql::name_of(state.codes[cluster])) + ")";
        }
    }
    return entry;
}

}  // namespace crossfade::proxy

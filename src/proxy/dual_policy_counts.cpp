// What DualPolicy notes of whom it serves and of what is written, for operators: no request waits for it.
#include "base/clock.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {
namespace {

bool is_data(cql::Verb verb) {
    return verb == cql::Verb::insert || verb == cql::Verb::update || verb == cql::Verb::delete_rows ||
           verb == cql::Verb::batch;
}

}  // namespace

// Not for a prepared statement that was noted before: what kind of write it is does not change.
void DualPolicy::note_written_tables(const JournalEntry& entry, bool is_conditional) {
    if (entry.kind != JournalEntry::Kind::mutation && entry.kind != JournalEntry::Kind::compare) return;
    for (const cql::TableName& table : entry.tables) written_tables_.note(table.keyspace, table.table, is_conditional);
}

void DualPolicy::note_unstamped(const cql::Statement& statement, std::string_view keyspace) {
    if (!is_data(statement.verb) || statement.has_using_timestamp) return;
    const auto note = [&](const cql::TableName& table) {
        if (!table.table.empty())
            written_tables_.note_unstamped(table.keyspace.empty() ? keyspace : std::string_view(table.keyspace),
                                           table.table);
    };
    if (statement.tables.empty()) note(statement.table);
    for (const cql::TableName& table : statement.tables) note(table);
}

void DualPolicy::note_unstamped_children(const relay::Request& request, const cql::BatchRequest& batch,
                                         std::string_view keyspace) {
    std::size_t prepared = 0;
    cql::for_each_child(batch, [&](const cql::BatchChild& child) {
        if (!child.is_prepared) {
            note_unstamped(cql::classify(child.text), keyspace);
            return;
        }
        const relay::PreparedStatement& statement = *request.prepared[prepared++];
        note_unstamped(statement.statement, statement.keyspace);
    });
}

void DualPolicy::on_session_closed(relay::ClientSession& session) {
    const auto found = client_kinds_.find(&session);
    if (found == client_kinds_.end()) return;
    shared_.connected_clients->gone(found->second);
    client_kinds_.erase(found);
}

void DualPolicy::note_client(const relay::ClientSession& session) {
    // An IPv6 address keeps its brackets.
    const std::string& peer = session.peer();
    ClientKind kind{session.startup_option("DRIVER_NAME"), session.startup_option("DRIVER_VERSION"),
                    session.startup_option("APPLICATION_NAME"), peer.substr(0, peer.rfind(':'))};
    client_kinds_[&session] =
        shared_.connected_clients->came(std::move(kind), base::system_clock().wall_microseconds());
}

}  // namespace crossfade::proxy

#include "cells/table_access.hpp"

#include <algorithm>
#include <cstdlib>

#include "cells/expiry_search.hpp"

namespace crossfade::cells {
namespace {

constexpr std::size_t scopes = 4;

bool refuses_the_text(const base::Error& error) {
    if (error.kind != base::ErrorKind::server) return false;
    const auto code = static_cast<cql::ErrorCode>(error.server_code);
    return code == cql::ErrorCode::invalid || code == cql::ErrorCode::syntax_error;
}

// An older node would take a later instant for one before 1970. Precondition: versions are "4.1.7" or the like.
std::int64_t last_instant_of(const nodes::Topology& topology) {
    const bool are_all_new = std::all_of(topology.nodes.begin(), topology.nodes.end(), [](const nodes::Node& node) {
        return std::strtol(node.release_version.c_str(), nullptr, 10) >= 5;
    });
    return are_all_new ? last_instant : last_instant_before_5_0;
}

// What is bound to the list of Scope::rows: a list of values, or of tuples.
Bytes list_of_rows(const std::vector<RowKey>& keys) {
    Bytes list;
    cql::Writer out(list);
    out.int_number(static_cast<std::int32_t>(keys.size()));
    for (const RowKey& key : keys) {
        if (key.clustering.size() == 1) {
            out.bytes(key.clustering.front());
            continue;
        }
        Bytes tuple;
        cql::Writer parts(tuple);
        for (const Bytes& component : key.clustering) parts.bytes(component);
        out.bytes(tuple);
    }
    return list;
}

}  // namespace

bool is_repeatable(const Write& write) {
    switch (write.kind) {
        case Write::Kind::append:
        case Write::Kind::prepend:
        case Write::Kind::delete_place:
        case Write::Kind::add:
            return false;
        default:
            return true;
    }
}

TableAccess::TableAccess(std::shared_ptr<driver::Session> session, std::shared_ptr<const Layout> layout,
                         const base::Clock& clock)
    : session_(std::move(session)), layout_(std::move(layout)), clock_(clock), readability_(hoped_for(*layout_)) {
    no_stamps_.statics.assign(layout_->statics.size(), false);
    no_stamps_.regulars.assign(layout_->regulars.size(), false);
}

base::Task<base::Result<std::shared_ptr<TableAccess>>> TableAccess::open(std::shared_ptr<driver::Session> session,
                                                                         std::shared_ptr<const Layout> layout,
                                                                         const base::Clock& clock) {
    auto access = std::make_shared<TableAccess>(std::move(session), std::move(layout), clock);
    auto found = co_await access->find_readable();
    if (!found) co_return base::fail(std::move(found.error()));
    auto prepared = co_await access->prepare_reads();
    if (!prepared) co_return base::fail(std::move(prepared.error()));
    co_return access;
}

base::Task<base::Result<void>> TableAccess::find_readable() {
    for (const bool of_statics : {false, true}) {
        auto& readable = of_statics ? readability_.statics : readability_.regulars;
        const auto& columns = layout_->cells(of_statics);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            // Cells of plain types have told their stamps since CQL exists.
            const bool is_certain = columns[i].shape == Shape::single && columns[i].type->parameters.empty() &&
                                    columns[i].type->code != cql::TypeCode::custom;
            if (!readable[i] || is_certain) continue;
            auto prepared = co_await session_->prepare(select_stamps(*layout_, columns[i]));
            if (prepared) continue;
            if (!refuses_the_text(prepared.error())) co_return base::fail(std::move(prepared.error()));
            readable[i] = false;
        }
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> TableAccess::prepare_reads() {
    for (const bool of_statics : {false, true}) {
        if (of_statics && layout_->statics.empty()) continue;
        for (const bool without_stamps : {false, true}) {
            const Readability& readability = without_stamps ? no_stamps_ : readability_;
            for (std::size_t scope = 0; scope < scopes; ++scope) {
                const auto of_scope = static_cast<Scope>(scope);
                if (of_statics && of_scope != Scope::range && of_scope != Scope::partition) continue;
                // Only searches for expiries read several rows at once.
                const bool is_of_rows = of_scope == Scope::rows;
                if (is_of_rows && (!finds_expiry() || !without_stamps || layout_->clustering.empty())) continue;
                std::string text = of_statics ? select_statics(*layout_, readability, of_scope)
                                              : select_rows(*layout_, readability, of_scope);
                auto prepared = co_await session_->prepare(std::move(text));
                if (!prepared && is_of_rows && refuses_the_text(prepared.error())) continue;
                if (!prepared) co_return base::fail(std::move(prepared.error()));
                reads_[of_statics][without_stamps][scope] = std::move(*prepared);
            }
        }
    }
    co_return base::Result<void>();
}

bool TableAccess::takes_now() const {
    return cql::has_now_in_seconds(session_->version());
}

base::Task<base::Result<std::shared_ptr<const Page>>> TableAccess::read(PageRequest request) {
    const bool searches = request.finds_expiry && finds_expiry() && !request.without_stamps;
    auto page = co_await read_once(request);
    if (!page) co_return base::fail(std::move(page.error()));
    if (searches && !(*page)->rows.empty()) {
        const auto self = shared_from_this();
        ExpirySearch search;
        search.layout = layout_;
        search.of_statics = request.of_statics;
        search.takes_lists = reads_[false][true][static_cast<std::size_t>(Scope::rows)] != nullptr;
        search.last = last_instant_of(*session_->topology());
        search.read = [self](PageRequest later) { return self->read(std::move(later)); };
        auto found = co_await find_expiries(std::move(search), *page);
        if (!found) co_return base::fail(std::move(found.error()));
    }
    co_return std::shared_ptr<const Page>(std::move(*page));
}

base::Task<base::Result<std::shared_ptr<Page>>> TableAccess::read_once(PageRequest request) {
    std::array<std::uint8_t, 16> bounds{};
    std::vector<cql::ValueView> values;
    const bool is_of_rows = request.scope == Scope::rows;
    const RowKey& row_key = is_of_rows ? request.keys.front() : request.key;
    const PartitionKey key = row_key.partition_key();
    const std::vector<ByteView> clustering = row_key.clustering_views();
    Bytes rows_list;
    driver::ExecuteOptions options;
    options.idempotent = true;
    options.page_size = request.page_size;
    options.paging_state = request.paging_state;
    // From 5.0 on it is taken for unsigned.
    if (request.now != 0 && takes_now()) options.now_in_seconds = static_cast<std::int32_t>(request.now);
    const bool is_range = request.scope == Scope::range;
    options.routing_token = is_range ? request.range.end : key.token;
    const auto add = [&values](ByteView bytes) { values.push_back({cql::ValueView::State::bytes, bytes}); };
    if (is_range) {
        for (std::size_t i = 0; i < 8; ++i) {
            bounds[i] = static_cast<std::uint8_t>(request.range.start >> (56 - 8 * i));
            bounds[8 + i] = static_cast<std::uint8_t>(request.range.end >> (56 - 8 * i));
        }
        add(ByteView(bounds).first(8));
        add(ByteView(bounds).last(8));
    } else {
        for (const ByteView component : key.components) add(component);
        if (request.scope == Scope::row)
            for (const ByteView component : clustering) add(component);
        if (is_of_rows) {
            rows_list = list_of_rows(request.keys);
            add(rows_list);
        }
    }
    // The statics of a partition have no row to ask for.
    const std::size_t scope = request.of_statics && !is_range ? static_cast<std::size_t>(Scope::partition)
                                                              : static_cast<std::size_t>(request.scope);
    auto answer = co_await session_->execute(reads_[request.of_statics][request.without_stamps][scope],
                                             std::move(values), std::move(options));
    if (!answer) co_return base::fail(std::move(answer.error()));
    const bool said_now = request.now != 0 && takes_now();
    const std::int64_t read_at = said_now ? request.now : clock_.wall_microseconds() / 1000000;
    co_return read_page(*layout_, request.without_stamps ? no_stamps_ : readability_, request.of_statics,
                        std::move(*answer), read_at);
}

base::Task<base::Result<TableAccess::PreparedPtr>> TableAccess::statement_for(const Write& write) {
    const bool has_unset = cql::has_unset(session_->version());
    if (!has_unset) {
        std::string text = write_text(*layout_, write, false);
        const auto found = writes_by_text_.find(text);
        if (found != writes_by_text_.end()) co_return found->second;
        auto prepared = co_await session_->prepare(text);
        if (prepared) writes_by_text_[text] = *prepared;
        co_return prepared;
    }
    const bool is_field =
        write.kind == Write::Kind::delete_element && layout_->cells(write.of_statics)[write.column].shape == Shape::udt;
    const std::uint64_t name = static_cast<std::uint64_t>(write.kind) | (write.of_statics ? 1U << 8 : 0U) |
                               static_cast<std::uint64_t>(write.column) << 16 |
                               (is_field ? static_cast<std::uint64_t>(field_of(write.element)) << 48 : 0);
    const auto found = writes_.find(name);
    if (found != writes_.end()) co_return found->second;
    auto prepared = co_await session_->prepare(write_text(*layout_, write, true));
    if (prepared) writes_[name] = *prepared;
    co_return prepared;
}

driver::ExecuteOptions TableAccess::write_options(std::int64_t now, cql::Token token, bool idempotent) const {
    driver::ExecuteOptions options;
    options.idempotent = idempotent;
    options.routing_token = token;
    options.routing_keyspace = layout_->table.keyspace;
    if (takes_now() && now != 0) options.now_in_seconds = static_cast<std::int32_t>(now);
    return options;
}

base::Task<base::Result<void>> TableAccess::write(PartitionKey key, std::span<const Write> writes, std::int64_t now) {
    std::vector<PartitionWrites> one;
    one.push_back({std::move(key), writes});
    return write_together(std::move(one), now);
}

base::Task<base::Result<void>> TableAccess::write_together(std::vector<PartitionWrites> partitions, std::int64_t now) {
    std::vector<PreparedPtr> statements;
    bool idempotent = true, adds = false;
    for (const PartitionWrites& partition : partitions) {
        for (const Write& write : partition.writes) {
            idempotent = idempotent && is_repeatable(write);
            adds = adds || write.kind == Write::Kind::add;
            auto statement = co_await statement_for(write);
            if (!statement) co_return base::fail(std::move(statement.error()));
            statements.push_back(std::move(*statement));
        }
    }
    if (statements.empty()) co_return base::Result<void>();

    const bool has_unset = cql::has_unset(session_->version());
    // Before v5 the cluster counts TTLs from its own now.
    const std::int64_t counts_from = takes_now() && now != 0 ? now : clock_.wall_microseconds() / 1000000;
    driver::ExecuteOptions options = write_options(now, partitions.front().key.token, idempotent);
    std::deque<std::array<std::uint8_t, 8>> numbers;
    std::vector<driver::BatchStatement> children;
    std::size_t next = 0;
    for (const PartitionWrites& partition : partitions)
        for (const Write& write : partition.writes)
            children.emplace_back(std::move(statements[next++]),
                                  bound_values(*layout_, partition.key, write, has_unset, counts_from, numbers));

    base::Result<driver::Rows> answer = base::fail(base::ErrorKind::internal, "");
    if (children.size() == 1) {
        answer = co_await session_->execute(std::move(children[0].prepared), std::move(children[0].values),
                                            std::move(options));
    } else {
        answer = co_await session_->batch(adds ? cql::BatchType::counter : cql::BatchType::unlogged,
                                          std::move(children), std::move(options));
    }
    if (!answer) co_return base::fail(std::move(answer.error()));
    co_return base::Result<void>();
}

}  // namespace crossfade::cells

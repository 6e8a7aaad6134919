// One table on one cluster, to be read and written cell by cell: which stamps it tells, and its prepared statements.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "cells/page.hpp"
#include "cells/row_key.hpp"
#include "cells/select_text.hpp"
#include "cells/write.hpp"
#include "driver/session.hpp"

namespace crossfade::cells {

// Which page to read. A value without views: it may wait.
struct PageRequest {
    PageRequest() = default;

    Scope scope = Scope::range;
    bool of_statics = false;
    cql::TokenRange range;     // scope range
    RowKey key;                // scopes partition and row
    std::vector<RowKey> keys;  // scope rows: of one partition
    Bytes paging_state;        // of the page before; empty: the first one
    std::int32_t page_size = 1000;
    std::int64_t now =
        0;  // seconds since 1970 that expiry is judged by, where the protocol can say it (v5); 0: the cluster's
    // Leave out WRITETIME and TTL: smaller answers, and stamps that are not known.
    bool without_stamps = false;
    // Find out when cells end whose TTL CQL does not tell (expiry_search.hpp), where finds_expiry() says it can be.
    bool finds_expiry = false;
};

// Made once for each table and cluster, shared by all who copy, compare or repair it. Loop's thread only.
class TableAccess : public std::enable_shared_from_this<TableAccess> {
public:
    // Finds out which columns tell their stamps, by preparing what asks for them. Errors: the cluster's, when even the
    // plain columns cannot be read.
    static base::Task<base::Result<std::shared_ptr<TableAccess>>> open(std::shared_ptr<driver::Session> session,
                                                                       std::shared_ptr<const Layout> layout,
                                                                       const base::Clock& clock = base::system_clock());

    const Layout& layout() const { return *layout_; }
    const std::shared_ptr<const Layout>& shared_layout() const { return layout_; }
    const Readability& readability() const { return readability_; }
    const std::shared_ptr<driver::Session>& session() const { return session_; }
    // Whether reads and writes can say which instant expiry counts from (protocol v5).
    bool takes_now() const;
    // Whether a page's rows can be asked for again at later instants.
    bool finds_expiry() const { return takes_now() && !layout_->is_counter; }

    // One page. Errors: the session's; protocol, for answers that make no sense. SELECTs are retried by the session,
    // not here.
    base::Task<base::Result<std::shared_ptr<const Page>>> read(PageRequest request);

    // Writes to one partition: alone, or as one unlogged batch. What all views show must stay until it is done. `now`,
    // in seconds since 1970, is the instant that the expiry of the cells was read at. Repeats by itself, on another
    // node, only what can be repeated without harm: not counters, and not what adds to lists or takes out of them by
    // place. Errors: the session's; a timeout leaves open whether it was done.
    base::Task<base::Result<void>> write(PartitionKey key, std::span<const Write> writes, std::int64_t now);
    // The same for several partitions with one request, as an unlogged batch of all. They should have the same
    // replicas.
    struct PartitionWrites {
        PartitionKey key;
        std::span<const Write> writes;
    };
    base::Task<base::Result<void>> write_together(std::vector<PartitionWrites> partitions, std::int64_t now);

    TableAccess(std::shared_ptr<driver::Session> session, std::shared_ptr<const Layout> layout,
                const base::Clock& clock);

private:
    using PreparedPtr = std::shared_ptr<const driver::Prepared>;
    base::Task<base::Result<void>> prepare_reads();
    base::Task<base::Result<std::shared_ptr<Page>>> read_once(PageRequest request);
    base::Task<base::Result<void>> find_readable();
    base::Task<base::Result<PreparedPtr>> statement_for(const Write& write);
    driver::ExecuteOptions write_options(std::int64_t now, cql::Token token, bool idempotent) const;

    std::shared_ptr<driver::Session> session_;
    std::shared_ptr<const Layout> layout_;
    const base::Clock& clock_;
    Readability readability_, no_stamps_;
    PreparedPtr reads_[2][2][4];                                   // [of statics][without stamps][scope]
    std::unordered_map<std::uint64_t, PreparedPtr> writes_;        // with unset values: by kind, column and field
    std::unordered_map<std::string, PreparedPtr> writes_by_text_;  // before v4
};

// Whether a write may be sent twice.
bool is_repeatable(const Write& write);

}  // namespace crossfade::cells

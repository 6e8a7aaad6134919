// The prepared statements of a session: each text once, and again where a node has forgotten it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/protocol.hpp"
#include "driver/dispatcher.hpp"
#include "driver/prepared.hpp"

namespace crossfade::driver {

using TimePoint = std::chrono::steady_clock::time_point;

// Loop's thread only.
class PreparedCache : public std::enable_shared_from_this<PreparedCache> {
public:
    // Texts that are kept; the oldest goes first. Who holds its Prepared can use it all the same.
    static constexpr std::size_t most_statements = 10000;

    PreparedCache(std::shared_ptr<Dispatcher> dispatcher, cql::ProtocolVersion version,
                  std::chrono::milliseconds timeout)
        : dispatcher_(std::move(dispatcher)), version_(version), timeout_(timeout) {}

    // `keyspace`: what unqualified names are in, for versions that can say so (has_request_keyspace); else empty.
    base::Task<base::Result<PreparedPtr>> prepare(std::string text, std::string keyspace = {});
    // `node` answered UNPREPARED: prepares there, once for all who ask meanwhile, and brings the statement's ids up to
    // date.
    base::Task<base::Result<void>> prepare_again(NodeId node, PreparedPtr statement, TimePoint deadline);

    // What requests are written with.
    static base::ByteView id(const Prepared& statement) { return statement.current_id_; }
    static base::ByteView result_metadata_id(const Prepared& statement) {
        return statement.current_result_metadata_id_;
    }
    static const std::shared_ptr<const nodes::ResultColumns>& columns(const Prepared& statement) {
        return statement.current_columns_;
    }
    // v5: `rows` of this statement came with other columns and a new id for them.
    static void columns_changed(const Prepared& statement, const Rows& rows);

    std::uint64_t prepared_again() const { return prepared_again_; }

private:
    class Waiting;
    // One PREPARE under way, and those who wait for it.
    struct Flight {
        std::vector<Waiting*> waiting;
    };
    // As `key`, or as one under way with the same key.
    base::Task<base::Result<PreparedPtr>> fly(std::string key, std::string text, std::string keyspace, NodeId node,
                                              TimePoint deadline);
    base::Task<base::Result<PreparedPtr>> send(std::string text, std::string keyspace, NodeId node, TimePoint deadline);
    base::Result<PreparedPtr> read(const std::string& text, const std::string& keyspace, const Rows& rows) const;
    void keep(std::string key, const PreparedPtr& statement);

    const std::shared_ptr<Dispatcher> dispatcher_;
    const cql::ProtocolVersion version_;
    const std::chrono::milliseconds timeout_;
    std::unordered_map<std::string, PreparedPtr> statements_;
    std::deque<std::string> order_;
    std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
    std::uint64_t prepared_again_ = 0;
};

}  // namespace crossfade::driver

#include "proxy/rehearsal.hpp"

#include <algorithm>

#include "proxy/rehearsable.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::milliseconds before_second_look{1000};

// What of an answer is compared: its rows, cell by cell, without what may rightly differ (paging state, warnings,
// tracing).
struct Rows {
    bool is_error = false;
    std::int32_t columns = 0, count = 0;
    base::Bytes cells;
    bool operator==(const Rows&) const = default;
};

Rows rows_of(cql::ProtocolVersion version, const relay::Response& response) {
    Rows rows;
    rows.is_error = true;
    const auto prefix = cql::read_body_prefix(response.header, response.body());
    if (response.header.opcode != cql::Opcode::result || !prefix) return rows;
    const auto parsed = cql::parse_rows(version, response.body().subspan(prefix->size));
    if (!parsed) return rows;
    rows.is_error = false;
    rows.columns = parsed->metadata.column_count;
    rows.count = parsed->row_count;
    rows.cells.assign(parsed->rows.begin(), parsed->rows.end());
    return rows;
}

bool is_rehearsable(const relay::Request& read) {
    if (!read.prepared.empty())
        return proxy::is_rehearsable(read.prepared.front()->text, read.prepared.front()->keyspace);
    const base::ByteView body = base::ByteView(read.frame).subspan(cql::frame_header_size);
    const auto prefix = cql::read_body_prefix(cql::read_frame_header(read.frame.data()), body);
    if (!prefix) return false;
    const auto query = cql::parse_query(read.version, body.subspan(prefix->size));
    return query && proxy::is_rehearsable(
                        query->text, query->parameters.keyspace.empty() ? read.keyspace : query->parameters.keyspace);
}

}  // namespace

struct Rehearsal::Comparison {
    explicit Comparison(net::Loop& loop) : timer(loop) {}
    const relay::Request* read = nullptr;                         // the client's, until it is answered
    relay::Request* again[relay::clusters] = {nullptr, nullptr};  // ours
    std::optional<Rows> rows[relay::clusters];
    bool has_failed = false;
    bool is_second_look = false;
    // What is needed to ask again.
    base::Bytes frame;
    cql::FrameHeader header;
    std::size_t ids_offset = 0, ids_size = 0;
    relay::PreparedId client_metadata_id{};
    std::vector<relay::PreparedPtr> prepared;
    std::array<relay::Pool*, relay::clusters> pools{};
    std::string keyspace;
    std::optional<cql::Token> token;
    net::Timer timer;
};

Rehearsal::Rehearsal(DualPolicy& policy) : policy_(policy) {}

Rehearsal::~Rehearsal() = default;

Rehearsal::Comparison* Rehearsal::of(const relay::Request& request) {
    const auto found = of_request_.find(&request);
    return found == of_request_.end() ? nullptr : found->second.get();
}

void Rehearsal::begin(const relay::Request& read) {
    if (!is_rehearsable(read)) return;
    if (comparisons_.size() >= policy_.shared_.options.async_reads) {
        policy_.counters_.rehearsal_skipped.add();
        return;
    }
    // A later page began elsewhere: its paging state means nothing to the target.
    if (read.is_later_page) return;
    auto comparison = std::make_shared<Comparison>(policy_.engine_.loop());
    comparison->read = &read;
    comparison->frame = read.frame;
    comparison->header = cql::read_frame_header(read.frame.data());
    comparison->header.stream_id = 0;
    comparison->ids_offset = read.ids_offset;
    comparison->ids_size = read.ids_size;
    comparison->client_metadata_id = read.client_metadata_id;
    comparison->prepared = read.prepared;
    comparison->pools = read.pools;
    comparison->keyspace = read.keyspace;
    comparison->token = read.wish.token;
    comparisons_.emplace(comparison.get(), comparison);
    of_request_.emplace(&read, comparison);
    policy_.counters_.rehearsed.add();
    read_again(*comparison);
}

// Asks the target; on the second look both.
void Rehearsal::read_again(Comparison& comparison) {
    for (std::size_t cluster = comparison.is_second_look ? 0 : target_cluster; cluster < relay::clusters; ++cluster) {
        relay::Request& request = policy_.engine_.open_request(nullptr, comparison.header);
        request.policy.kind = static_cast<std::uint8_t>(DualPolicy::Kind::rehearsal);
        request.frame = comparison.frame;
        request.ids_offset = comparison.ids_offset;
        request.ids_size = comparison.ids_size;
        request.client_metadata_id = comparison.client_metadata_id;
        request.prepared = comparison.prepared;
        request.pools = comparison.pools;
        request.keyspace = comparison.keyspace;
        request.wish.keyspace = request.keyspace;
        request.wish.token = comparison.token;
        comparison.again[cluster] = &request;
        of_request_.emplace(&request, comparisons_.at(&comparison));
        if (policy_.engine_.has_room(request, cluster)) {
            policy_.engine_.set_deadline(request, policy_.shared_.options.request_timeout);
            policy_.engine_.send(request, cluster);
        } else {
            // Never queued: what cannot go now is a rehearsal that failed.
            comparison.has_failed = true;
            comparison.again[cluster] = nullptr;
            of_request_.erase(&request);
            policy_.engine_.answer(request, {});
            policy_.engine_.release_if_over(request);
        }
    }
    compare(comparison);
}

void Rehearsal::primary_answered(const relay::Request& read, const relay::Response& response) {
    if (of_request_.empty()) return;
    Comparison* const comparison = of(read);
    if (comparison == nullptr) return;
    const std::shared_ptr<Comparison> keep = comparisons_.at(comparison);
    of_request_.erase(&read);
    comparison->read = nullptr;
    comparison->rows[origin_cluster] = rows_of(read.version, response);
    compare(*comparison);
}

void Rehearsal::primary_failed(const relay::Request& read) {
    if (of_request_.empty()) return;
    Comparison* const comparison = of(read);
    if (comparison == nullptr) return;
    const std::shared_ptr<Comparison> keep = comparisons_.at(comparison);
    of_request_.erase(&read);
    comparison->read = nullptr;
    comparison->has_failed = true;
    compare(*comparison);
}

void Rehearsal::answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) {
    if (Comparison* const comparison = of(request)) {
        const std::shared_ptr<Comparison> keep = comparisons_.at(comparison);
        of_request_.erase(&request);
        comparison->again[leg.cluster()] = nullptr;
        comparison->rows[leg.cluster()] = rows_of(request.version, response);
        compare(*comparison);
    }
    policy_.engine_.answer(request, {});
}

void Rehearsal::lost(relay::Request& request, relay::Leg& leg) {
    if (Comparison* const comparison = of(request)) {
        const std::shared_ptr<Comparison> keep = comparisons_.at(comparison);
        of_request_.erase(&request);
        comparison->again[leg.cluster()] = nullptr;
        comparison->has_failed = true;
        compare(*comparison);
    }
    policy_.engine_.answer(request, {});
}

void Rehearsal::over_time(relay::Request& request) {
    for (relay::Leg& leg : request.legs) {
        if (leg.state != relay::Leg::State::sent && leg.state != relay::Leg::State::waiting) continue;
        policy_.engine_.forget(leg);
        lost(request, leg);
        return;
    }
}

void Rehearsal::compare(Comparison& comparison) {
    if (comparison.read != nullptr || comparison.again[0] != nullptr || comparison.again[1] != nullptr ||
        comparison.timer.is_running())
        return;
    const auto& first = comparison.rows[0];
    const auto& second = comparison.rows[1];
    Counters& counters = policy_.counters_;
    if (comparison.has_failed || !first || !second || second->is_error || first->is_error) {
        counters.rehearsal_failed.add();
    } else if (*first == *second) {
        counters.rehearsal_equal.add();
    } else if (!comparison.is_second_look) {
        // A write may have been between the two reads: looked at once more.
        comparison.is_second_look = true;
        comparison.timer.start(before_second_look, [this, &comparison] {
            comparison.rows[0].reset();
            comparison.rows[1].reset();
            read_again(comparison);
        });
        return;
    } else {
        counters.rehearsal_different.add();
    }
    finish(comparison);
}

void Rehearsal::finish(Comparison& comparison) {
    comparisons_.erase(&comparison);
}

}  // namespace crossfade::proxy

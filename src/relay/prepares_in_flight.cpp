#include "relay/prepares_in_flight.hpp"

#include "cql/request.hpp"
#include "relay/request.hpp"

namespace crossfade::relay {

PrepareInFlight::PrepareInFlight(PreparesInFlight& all, Backend& backend, std::size_t cluster, PreparedPtr statement)
    : all_(all), backend_(backend), cluster_(cluster), statement_(std::move(statement)) {}

Leg* PrepareInFlight::take_leg() {
    while (taken_ < legs_.size()) {
        Leg* const leg = legs_[taken_++];
        if (leg != nullptr) return leg;
    }
    return nullptr;
}

void PrepareInFlight::on_response(Backend& from, const Response& response) {
    const std::unique_ptr<PrepareInFlight> self = all_.take(*this);
    all_.owner_.on_prepared(*self, from, response);
}

void PrepareInFlight::on_lost(Backend&, const base::Error& why) {
    const std::unique_ptr<PrepareInFlight> self = all_.take(*this);
    all_.owner_.on_prepare_lost(*self, why);
}

PrepareInFlight* PreparesInFlight::find(const Backend& backend, const PreparedId& statement) {
    if (all_.empty()) return nullptr;
    const auto found = all_.find(Key{&backend, statement});
    return found == all_.end() ? nullptr : found->second.get();
}

PrepareInFlight& PreparesInFlight::send(Backend& backend, std::size_t cluster, PreparedPtr statement) {
    auto made = std::make_unique<PrepareInFlight>(*this, backend, cluster, std::move(statement));
    PrepareInFlight& one = *made;
    const PreparedStatement& what = *one.statement_;
    all_.emplace(Key{&backend, what.id}, std::move(made));
    const std::uint16_t stream_id = backend.begin_send(one);
    const bool keyspace_goes_along = cql::has_request_keyspace(backend.version());
    cql::append_prepare(backend.buffer(), backend.version(), stream_id, what.text,
                        keyspace_goes_along ? std::string_view(what.keyspace) : std::string_view());
    backend.sent();
    return one;
}

std::unique_ptr<PrepareInFlight> PreparesInFlight::take(PrepareInFlight& one) {
    auto node = all_.extract(Key{&one.backend_, one.statement_->id});
    return std::move(node.mapped());
}

}  // namespace crossfade::relay

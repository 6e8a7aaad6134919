#include "stub_node/worker.hpp"

namespace crossfade::lab {

base::Result<net::Address> Worker::listen(const net::Address& address) {
    auto listener = net::listen(loop_, address, nullptr, [this](std::unique_ptr<net::Stream> stream) {
        auto session = std::make_unique<Session>(loop_, std::move(stream), node_, counts_, handler_,
                                                 [this](Session& ended) { sessions_.erase(&ended); });
        Session* const key = session.get();
        sessions_.emplace(key, std::move(session));
    });
    if (!listener) return base::fail(std::move(listener.error()));
    listener_ = std::move(*listener);
    return listener_->address();
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
}

void Worker::close_connections() {
    for (const auto& [key, session] : sessions_) session->close();
}

}  // namespace crossfade::lab

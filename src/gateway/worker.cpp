#include "gateway/worker.hpp"

namespace crossfade::gateway {

net::TlsListening listening_of(Shared& shared, const char* port) {
    net::TlsListening tls;
    tls.context = [&shared] { return shared.tls.get(); };
    tls.failed = [&shared, port](const std::string& peer, const base::Error& why) {
        shared.audit.write("tls_refused",
                           base::JsonObject().field("peer", peer).field("port", port).field("reason", why.message));
    };
    return tls;
}

Worker::Worker(Shared& shared, FactsPtr facts, unsigned workers)
    : shared_(shared), facts_(std::move(facts)), newcomers_(Newcomers::share_of(workers)) {}

Worker::~Worker() {
    if (thread_.joinable()) {
        // What belongs to the loop goes on its own thread.
        loop_.post([this] {
            listeners_.clear();
            sessions_.clear();
            loop_.stop();
        });
        thread_.join();
    }
    listeners_.clear();
    sessions_.clear();
}

void Worker::start() {
    loop_.post([this] { tick(); });
    thread_ = std::thread([this] { loop_.run(); });
}

void Worker::post(std::function<void(Worker&)> task) {
    loop_.post([this, task = std::move(task)] { task(*this); });
}

base::Result<void> Worker::listen(const net::Address& on) {
    auto listener = net::listen(loop_, on, listening_of(shared_, "cql"), [this](std::unique_ptr<net::Stream> stream) {
        auto session = std::make_unique<Session>(*this, std::move(stream));
        Session* const key = session.get();
        sessions_.emplace(key, std::move(session));
    });
    if (!listener) return base::fail(listener.error());
    listeners_.push_back(std::move(*listener));
    return {};
}

void Worker::drain() {
    listeners_.clear();
    for (const auto& [key, session] : sessions_) session->drain();
}

void Worker::set_facts(FactsPtr facts) {
    facts_ = std::move(facts);
    check_sessions();
}

void Worker::session_ended(Session& session) {
    loop_.post([this, key = &session] { sessions_.erase(key); });
}

void Worker::tick() {
    check_sessions();
    second_.start(std::chrono::seconds(1), [this] { tick(); });
}

void Worker::check_sessions() {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (const auto& [key, session] : sessions_) session->check(*facts_, now);
}

}  // namespace crossfade::gateway

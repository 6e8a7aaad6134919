#include "gateway/node_login.hpp"

namespace crossfade::gateway {

NodeLogin::NodeLogin(net::Loop& loop, net::Address node, std::shared_ptr<net::TlsContext> tls,
                     std::chrono::milliseconds patience)
    : loop_(loop), node_(std::move(node)), tls_(std::move(tls)), patience_(patience), timer_(loop) {}

NodeLogin::~NodeLogin() = default;

void NodeLogin::connect(std::function<void(base::Result<void>)> done) {
    net::ConnectOptions options;
    options.timeout = patience_;
    options.tls = tls_;
    connecting_ = net::connect(loop_, node_, options,
                               [this, done = std::move(done)](base::Result<std::unique_ptr<net::Stream>> stream) {
                                   connecting_.reset();
                                   if (!stream) {
                                       done(base::fail(stream.error()));
                                       return;
                                   }
                                   stream_ = std::move(*stream);
                                   stream_->start(*this);
                                   done({});
                               });
}

void NodeLogin::log_in(cql::HandshakeOptions options, std::function<void(base::Result<LoggedIn>)> done) {
    handshake_.emplace(std::move(options));
    done_ = std::move(done);
    timer_.start(patience_, [this] {
        finish(base::fail(base::ErrorKind::timeout,
                          net::to_text(node_) + ": no login within " + std::to_string(patience_.count()) + " ms"));
    });
    if (stream_ == nullptr)
        connect_again();
    else
        take(handshake_->resume(cql::Handshake::Connected{}));
}

void NodeLogin::connect_again() {
    connect([this](const base::Result<void>& connected) {
        if (done_ == nullptr) return;
        take(connected ? handshake_->resume(cql::Handshake::Connected{})
                       : handshake_->resume(cql::Handshake::Disconnected{connected.error()}));
    });
}

std::size_t NodeLogin::on_bytes(std::span<std::uint8_t> bytes) {
    if (!handshake_ || done_ == nullptr) return 0;
    auto action = handshake_->resume(cql::Handshake::Received{bytes});
    const std::size_t consumed = action.consumed;
    take(std::move(action));
    return consumed;
}

void NodeLogin::on_closed(const base::Error& why) {
    stream_.reset();
    if (handshake_ && done_ != nullptr) take(handshake_->resume(cql::Handshake::Disconnected{why}));
}

void NodeLogin::take(cql::HandshakeAction action) {
    using Kind = cql::HandshakeAction::Kind;
    switch (action.kind) {
        case Kind::need_more:
            return;
        case Kind::write:
            base::append(stream_->out(), action.bytes);
            stream_->send_soon();
            return;
        case Kind::reconnect:
            stream_.reset();
            connect_again();
            return;
        case Kind::done:
            finish(LoggedIn{std::move(stream_), action.compression});
            return;
        case Kind::fail:
            if (action.error.message.find(net::to_text(node_)) == std::string::npos)
                action.error.message.insert(0, net::to_text(node_) + ": ");
            finish(base::fail(std::move(action.error)));
            return;
    }
}

void NodeLogin::finish(base::Result<LoggedIn> result) {
    timer_.cancel();
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace crossfade::gateway

#include "nodes/open_connection.hpp"

#include <optional>

#include "cql/handshake.hpp"

namespace crossfade::nodes {
namespace {

cql::HandshakeOptions handshake_options(const OpenOptions& options) {
    cql::HandshakeOptions handshake;
    handshake.versions = options.versions;
    handshake.compression = options.compression;
    handshake.username = options.credentials.username;
    handshake.password = options.credentials.password;
    handshake.startup_options = options.startup_options;
    return handshake;
}

// One attempt, through as many connections as it takes versions. Alive while the network may call it.
class Opening final : public net::StreamUser, public std::enable_shared_from_this<Opening> {
public:
    Opening(net::Loop& loop, OpenOptions options, OpenDone done)
        : loop_(loop),
          options_(std::move(options)),
          done_(std::move(done)),
          handshake_(handshake_options(options_)),
          timer_(loop) {}

    void begin() {
        timer_.start(options_.timeout, [this] {
            const std::string stage = stream_ == nullptr ? "connection" : "login";
            finish(base::fail(base::ErrorKind::timeout, "no " + stage + " at " + peer() + " within " +
                                                            std::to_string(options_.timeout.count()) + " ms"));
        });
        connect();
    }

    void cancel() {
        done_ = nullptr;
        let_go();
    }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        if (result_) return 0;
        auto action = handshake_.resume(cql::Handshake::Received{bytes});
        const std::size_t consumed = action.consumed;
        take(std::move(action));
        return consumed;
    }

    void on_closed(const base::Error& why) override {
        stream_.reset();
        // Between the login's end and its announcement.
        if (result_) {
            result_.emplace(base::fail(why));
            return;
        }
        take(handshake_.resume(cql::Handshake::Disconnected{why}));
    }

private:
    std::string peer() const { return to_text(Endpoint{options_.to, options_.connect.server_name}); }

    void connect() {
        connecting_ = net::connect(loop_, options_.to, options_.connect,
                                   [this](base::Result<std::unique_ptr<net::Stream>> stream) {
                                       connecting_.reset();
                                       if (!stream) {
                                           take(handshake_.resume(cql::Handshake::Disconnected{stream.error()}));
                                           return;
                                       }
                                       stream_ = std::move(*stream);
                                       stream_->start(*this);
                                       take(handshake_.resume(cql::Handshake::Connected{}));
                                   });
    }

    void take(cql::HandshakeAction action) {
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
                connect();
                return;
            case Kind::done: {
                OpenedConnection opened;
                opened.stream = std::move(stream_);
                opened.version = action.version;
                opened.compression = action.compression;
                opened.peer = peer();
                opened.supported = std::move(action.supported);
                opened.authenticator = std::move(action.authenticator);
                finish(std::move(opened));
                return;
            }
            case Kind::fail:
                if (action.error.message.find(peer()) == std::string::npos)
                    action.error.message.insert(0, peer() + ": ");
                finish(base::fail(std::move(action.error)));
                return;
        }
    }

    // Told in a later turn: then nothing of the stream, of this or of the caller's handle is in the middle of a call.
    void finish(base::Result<OpenedConnection> result) {
        if (result_) return;
        if (!result) let_go();
        timer_.cancel();
        result_.emplace(std::move(result));
        loop_.post([self = shared_from_this()] {
            if (self->done_ == nullptr) return;
            const OpenDone done = std::move(self->done_);
            self->done_ = nullptr;
            done(std::move(*self->result_));
        });
    }

    void let_go() {
        timer_.cancel();
        connecting_.reset();
        stream_.reset();
        if (result_) result_.emplace(base::fail(base::ErrorKind::interrupted, "given up"));
    }

    net::Loop& loop_;
    const OpenOptions options_;
    OpenDone done_;
    cql::Handshake handshake_;
    net::Timer timer_;
    std::unique_ptr<net::PendingConnect> connecting_;
    std::unique_ptr<net::Stream> stream_;
    std::optional<base::Result<OpenedConnection>> result_;
};

class Handle final : public PendingOpen {
public:
    explicit Handle(std::shared_ptr<Opening> opening) : opening_(std::move(opening)) {}
    ~Handle() override { opening_->cancel(); }

private:
    const std::shared_ptr<Opening> opening_;
};

}  // namespace

std::unique_ptr<PendingOpen> open_connection(net::Loop& loop, OpenOptions options, OpenDone done) {
    auto opening = std::make_shared<Opening>(loop, std::move(options), std::move(done));
    opening->begin();
    return std::make_unique<Handle>(std::move(opening));
}

}  // namespace crossfade::nodes

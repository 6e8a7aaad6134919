#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/connect_any.hpp"
#include "net/resolver.hpp"
#include "net/socket_stream.hpp"
#include "net/stream_handle.hpp"
#include "net/tls_stream.hpp"

namespace crossfade::net {
namespace {

constexpr std::chrono::milliseconds shortest_attempt{50};

// One connect on its way: resolving, trying one address after the other, then the TLS handshake.
class Connecting final : public Ready, public std::enable_shared_from_this<Connecting> {
public:
    Connecting(Loop& loop, Address to, std::vector<Endpoint> endpoints, ConnectOptions options, ConnectDone done)
        : loop_(loop),
          to_(std::move(to)),
          options_(std::move(options)),
          done_(std::move(done)),
          deadline_(loop),
          attempt_(loop),
          endpoints_(std::move(endpoints)) {}
    ~Connecting() { loop_.implementation().forget(*this); }

    void begin() {
        ends_ = Loop::Clock::now() + options_.timeout;
        deadline_.start(options_.timeout, [this] { give_up_late(); });
        if (const auto literal = endpoint_of_literal(to_); literal && endpoints_.empty()) endpoints_ = {*literal};
        if (!endpoints_.empty()) {
            // `done` is never called from inside connect(): a refusal may come at once.
            loop_.implementation().again(*this);
            return;
        }
        resolve_later(loop_.poster(), to_, [weak = weak_from_this()](base::Result<std::vector<Endpoint>> result) {
            const auto connecting = weak.lock();
            if (connecting == nullptr || connecting->is_over_) return;
            if (!result) {
                connecting->finish(base::fail(result.error()));
                return;
            }
            connecting->endpoints_ = std::move(*result);
            connecting->try_next();
        });
    }

    void cancel() {
        is_over_ = true;
        done_ = nullptr;
        clean_up();
    }

    void on_ready(std::uint32_t events) override {
        if (is_over_) return;
        if (!socket_.is_open()) {
            try_next();
            return;
        }
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            attempt_failed(text_of_error(error));
            return;
        }
        const Endpoint peer = peer_endpoint(socket_.get());
        if (peer.size == 0) return;  // not connected yet
        // On a loopback a socket may reach itself when nobody listens: its own port was the one it looked for.
        if (peer == local_endpoint(socket_.get()))
            attempt_failed(text_of_error(ECONNREFUSED));
        else
            connected();
    }

private:
    void try_next() {
        for (; next_ < endpoints_.size(); ++next_) {
            const Endpoint& endpoint = endpoints_[next_];
            socket_ = open_tcp(endpoint);
            if (!socket_.is_open()) {
                last_error_ = text_of_error(errno);
                continue;
            }
            if (::connect(socket_.get(), endpoint.get(), endpoint.size) != 0 && errno != EINPROGRESS &&
                errno != EINTR) {
                last_error_ = text_of_error(errno);
                socket_.close();
                continue;
            }
            if (!loop_.implementation().watch(socket_.get(), *this)) {
                last_error_ = text_of_error(errno);
                socket_.close();
                continue;
            }
            ++next_;
            share_time();
            return;
        }
        finish(base::fail(base::ErrorKind::connection, "cannot connect to " + to_text(to_) + ": " + last_error_));
    }

    // One address that does not answer must not use up the time of the others.
    void share_time() {
        const std::size_t others = endpoints_.size() - next_;
        if (others == 0) {
            attempt_.cancel();
            return;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(ends_ - Loop::Clock::now());
        attempt_.start(std::max(shortest_attempt, left / static_cast<std::int64_t>(others + 1)),
                       [this] { attempt_failed(text_of_error(ETIMEDOUT)); });
    }

    void attempt_failed(std::string why) {
        last_error_ = std::move(why);
        loop_.implementation().forget(*this);
        socket_.close();
        try_next();
    }

    void connected() {
        attempt_.cancel();
        auto state = make_socket_state(loop_, std::move(socket_), true);
        loop_.implementation().forget(*this);
        auto stream = std::make_unique<StreamHandle<SocketState>>(loop_, std::move(state));
        if (options_.tls == nullptr) {
            finish(std::move(stream));
            return;
        }
        auto engine =
            std::make_unique<TlsEngine>(options_.tls, options_.server_name.empty() ? to_.host : options_.server_name,
                                        options_.verify_name.empty() ? to_.host : options_.verify_name);
        handshake_ = std::make_unique<TlsHandshake>(
            loop_, std::move(stream), std::move(engine), [this](base::Result<std::unique_ptr<Stream>> result) {
                if (!result)
                    finish(base::fail(result.error().kind,
                                      "no TLS connection to " + to_text(to_) + ": " + result.error().message));
                else
                    finish(std::move(result));
            });
    }

    void give_up_late() {
        std::string doing = "name resolution is";
        if (handshake_ != nullptr)
            doing = "the TLS handshake is";
        else if (!endpoints_.empty())
            doing = "the connection is";
        finish(base::fail(base::ErrorKind::timeout, "no connection to " + to_text(to_) + " within " +
                                                        std::to_string(options_.timeout.count()) + " ms (" + doing +
                                                        " not complete)"));
    }

    // `done` may destroy the handle: this object lives on until the call returns.
    void finish(base::Result<std::unique_ptr<Stream>> result) {
        if (is_over_) return;
        const auto self = shared_from_this();
        is_over_ = true;
        const ConnectDone done = std::move(done_);
        done_ = nullptr;
        clean_up();
        done(std::move(result));
    }

    void clean_up() {
        deadline_.cancel();
        attempt_.cancel();
        loop_.implementation().forget(*this);
        socket_.close();
        if (handshake_ == nullptr) return;
        handshake_->abandon();
        loop_.implementation().dispose(std::move(handshake_));
    }

    Loop& loop_;
    const Address to_;
    const ConnectOptions options_;
    ConnectDone done_;
    Timer deadline_, attempt_;
    Loop::Clock::time_point ends_;
    std::vector<Endpoint> endpoints_;
    std::size_t next_ = 0;  // the endpoint to try after the present one
    Socket socket_;
    std::unique_ptr<TlsHandshake> handshake_;
    std::string last_error_ = "it has no address";
    bool is_over_ = false;
};

class Handle final : public PendingConnect {
public:
    explicit Handle(std::shared_ptr<Connecting> connecting) : connecting_(std::move(connecting)) {}
    ~Handle() override { connecting_->cancel(); }

private:
    const std::shared_ptr<Connecting> connecting_;
};

}  // namespace

std::unique_ptr<PendingConnect> connect_any(Loop& loop, const Address& to, std::vector<Endpoint> endpoints,
                                            const ConnectOptions& options, ConnectDone done) {
    auto connecting = std::make_shared<Connecting>(loop, to, std::move(endpoints), options, std::move(done));
    connecting->begin();
    return std::make_unique<Handle>(std::move(connecting));
}

std::unique_ptr<PendingConnect> connect(Loop& loop, const Address& to, const ConnectOptions& options,
                                        ConnectDone done) {
    return connect_any(loop, to, {}, options, std::move(done));
}

}  // namespace crossfade::net

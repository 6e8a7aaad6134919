#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/socket_stream.hpp"

namespace crossfade::net {
namespace {

using boost::asio::ip::tcp;

// One connect on its way; alive while Asio may call it.
class Connecting final : public std::enable_shared_from_this<Connecting> {
public:
    Connecting(Loop& loop, Address to, ConnectOptions options, ConnectDone done)
        : loop_(loop),
          to_(std::move(to)),
          options_(std::move(options)),
          done_(std::move(done)),
          resolver_(loop.implementation().context),
          socket_(loop.implementation().context),
          timer_(loop.implementation().context) {}

    void begin() {
        timer_.expires_after(options_.timeout);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error) self->finish(base::fail(base::ErrorKind::timeout, "no connection to " + to_text(self->to_) + " within " +
                                                                              std::to_string(self->options_.timeout.count()) + " ms"));
        });
        boost::system::error_code no_address;
        const auto literal = boost::asio::ip::make_address(to_.host, no_address);
        if (!no_address) {
            endpoints_ = {tcp::endpoint(literal, to_.port)};
            connect_next();
            return;
        }
        resolver_.async_resolve(to_.host, std::to_string(to_.port),
                                [self = shared_from_this()](const boost::system::error_code& error, const tcp::resolver::results_type& results) {
                                    if (self->is_over_) return;
                                    if (error) {
                                        self->finish(base::fail(base::ErrorKind::connection, "the name '" + self->to_.host + "' does not resolve: " + error.message()));
                                        return;
                                    }
                                    for (const auto& entry : results) self->endpoints_.push_back(entry.endpoint());
                                    self->connect_next();
                                });
    }

    void cancel() {
        is_over_ = true;
        done_ = nullptr;
        boost::system::error_code ignored;
        timer_.cancel();
        resolver_.cancel();
        socket_.close(ignored);
        if (state_ != nullptr) state_->close();
    }

private:
    void connect_next() {
        if (next_ == endpoints_.size()) {
            finish(base::fail(base::ErrorKind::connection, "cannot connect to " + to_text(to_) + ": " + last_error_.message()));
            return;
        }
        boost::system::error_code ignored;
        socket_.close(ignored);
        socket_.async_connect(endpoints_[next_++], [self = shared_from_this()](const boost::system::error_code& error) {
            if (self->is_over_) return;
            self->last_error_ = error;
            if (error) self->connect_next(); else self->connected();
        });
    }

    void connected() {
        std::unique_ptr<TlsEngine> tls;
        if (options_.tls != nullptr)
            tls = std::make_unique<TlsEngine>(options_.tls, options_.server_name.empty() ? to_.host : options_.server_name,
                                              options_.verify_name.empty() ? to_.host : options_.verify_name);
        state_ = std::make_shared<SocketState>(loop_, std::move(socket_), std::move(tls));
        state_->open([self = shared_from_this()](const base::Result<void>& result) {
            if (self->is_over_) return;
            auto state = std::exchange(self->state_, nullptr);
            if (!result) self->finish(base::fail(result.error().kind, to_text(self->to_) + ": " + result.error().message));
            else self->finish(std::make_unique<SocketStream>(std::move(state)));
        });
    }

    void finish(base::Result<std::unique_ptr<Stream>> result) {
        if (is_over_) return;
        ConnectDone done = std::move(done_);
        cancel();
        // In a later turn: the handle that the caller holds may be destroyed by what it does.
        auto shared = std::make_shared<base::Result<std::unique_ptr<Stream>>>(std::move(result));
        boost::asio::post(loop_.implementation().context, [self = shared_from_this(), done = std::move(done), shared] {
            if (!self->is_abandoned_) done(std::move(*shared));
        });
    }

    friend class Handle;
    Loop& loop_;
    const Address to_;
    const ConnectOptions options_;
    ConnectDone done_;
    tcp::resolver resolver_;
    tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::vector<tcp::endpoint> endpoints_;
    std::size_t next_ = 0;
    boost::system::error_code last_error_;
    std::shared_ptr<SocketState> state_;
    bool is_over_ = false;
    bool is_abandoned_ = false;
};

class Handle final : public PendingConnect {
public:
    explicit Handle(std::shared_ptr<Connecting> connecting) : connecting_(std::move(connecting)) {}
    ~Handle() override {
        connecting_->is_abandoned_ = true;
        if (!connecting_->is_over_) connecting_->cancel();
    }

private:
    const std::shared_ptr<Connecting> connecting_;
};

}  // namespace

std::unique_ptr<PendingConnect> connect(Loop& loop, const Address& to, const ConnectOptions& options, ConnectDone done) {
    auto connecting = std::make_shared<Connecting>(loop, to, options, std::move(done));
    connecting->begin();
    return std::make_unique<Handle>(std::move(connecting));
}

}  // namespace crossfade::net

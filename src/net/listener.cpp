#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "net/socket_stream.hpp"

namespace crossfade::net {
namespace {

using boost::asio::ip::tcp;
using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::chrono::seconds handshake_time{10};
constexpr std::chrono::milliseconds pause_without_descriptors{100};

class Accepting final : public std::enable_shared_from_this<Accepting> {
public:
    Accepting(Loop& loop, std::shared_ptr<TlsContext> tls, std::function<void(std::unique_ptr<Stream>)> accepted)
        : loop_(loop), acceptor_(loop.implementation().context), pause_(loop.implementation().context), tls_(std::move(tls)), accepted_(std::move(accepted)) {}

    boost::system::error_code open(const tcp::endpoint& endpoint) {
        boost::system::error_code error;
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.set_option(ReusePort(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(4096, error);
        return error;
    }
    tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](const boost::system::error_code& error, tcp::socket socket) {
            if (self->is_stopped_) return;
            if (!error) {
                self->greet(std::move(socket));
                self->accept();
                return;
            }
            // No descriptor is left, most likely: the listener waits for some to come back instead of turning in circles.
            self->pause_.expires_after(pause_without_descriptors);
            self->pause_.async_wait([self](const boost::system::error_code& cancelled) {
                if (!cancelled && !self->is_stopped_) self->accept();
            });
        });
    }

    void stop() {
        is_stopped_ = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (const auto& state : greeting_) state->close();
        greeting_.clear();
        accepted_ = nullptr;
    }

private:
    void greet(tcp::socket socket) {
        std::unique_ptr<TlsEngine> tls;
        if (tls_ != nullptr) tls = std::make_unique<TlsEngine>(tls_, "", "");
        auto state = std::make_shared<SocketState>(loop_, std::move(socket), std::move(tls));
        if (tls_ == nullptr) {
            accepted_(std::make_unique<SocketStream>(std::move(state)));
            return;
        }
        greeting_.insert(state);
        auto timer = std::make_shared<boost::asio::steady_timer>(loop_.implementation().context, handshake_time);
        timer->async_wait([self = shared_from_this(), state](const boost::system::error_code& cancelled) {
            if (!cancelled && self->greeting_.erase(state) > 0) state->close();
        });
        state->open([self = shared_from_this(), state, timer](const base::Result<void>& result) {
            timer->cancel();
            if (self->greeting_.erase(state) > 0 && result) self->accepted_(std::make_unique<SocketStream>(state));
        });
    }

    Loop& loop_;
    tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    const std::shared_ptr<TlsContext> tls_;
    std::function<void(std::unique_ptr<Stream>)> accepted_;
    std::set<std::shared_ptr<SocketState>> greeting_;
    bool is_stopped_ = false;
};

class SocketListener final : public Listener {
public:
    explicit SocketListener(std::shared_ptr<Accepting> accepting) : accepting_(std::move(accepting)) {}
    ~SocketListener() override { accepting_->stop(); }
    Address address() const override {
        const tcp::endpoint endpoint = accepting_->endpoint();
        return {endpoint.address().to_string(), endpoint.port()};
    }

private:
    const std::shared_ptr<Accepting> accepting_;
};

}  // namespace

base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls,
                                               std::function<void(std::unique_ptr<Stream>)> accepted) {
    boost::system::error_code error;
    tcp::endpoint endpoint(boost::asio::ip::make_address(on.host, error), on.port);
    if (error) {
        tcp::resolver resolver(loop.implementation().context);
        const auto results = resolver.resolve(on.host, std::to_string(on.port), error);
        if (error) return base::fail(base::ErrorKind::connection, "the name '" + on.host + "' does not resolve: " + error.message());
        endpoint = results.begin()->endpoint();
    }
    auto accepting = std::make_shared<Accepting>(loop, std::move(tls), std::move(accepted));
    if (const auto failed = accepting->open(endpoint))
        return base::fail(base::ErrorKind::connection, "cannot listen on " + to_text(on) + ": " + failed.message());
    accepting->accept();
    return std::make_unique<SocketListener>(std::move(accepting));
}

}  // namespace crossfade::net

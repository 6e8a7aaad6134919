#include <sys/socket.h>

#include <cerrno>
#include <map>

#include "base/log.hpp"
#include "net/resolver.hpp"
#include "net/socket_stream.hpp"
#include "net/stream_handle.hpp"
#include "net/tls_stream.hpp"

namespace crossfade::net {
namespace {

constexpr std::chrono::milliseconds pause_without_descriptors{100};
constexpr std::chrono::seconds log_again_after{10};
constexpr int backlog = 4096;
constexpr int most_accepted_at_once = 64;  // then others have their turn

bool set_true(const Socket& socket, int name) {
    const int value = 1;
    return ::setsockopt(socket.get(), SOL_SOCKET, name, &value, sizeof value) == 0;
}

class SocketListener final : public Listener, public Ready {
public:
    using Accepted = std::function<void(std::unique_ptr<Stream>)>;

    // `tls` without a context: plain.
    SocketListener(Loop& loop, Socket socket, TlsListening tls, Accepted accepted)
        : loop_(loop),
          socket_(std::move(socket)),
          address_(local_endpoint(socket_.get()).address()),
          pause_(loop),
          tls_(std::move(tls)),
          accepted_(std::make_shared<const Accepted>(std::move(accepted))) {}
    ~SocketListener() override {
        loop_.implementation().forget(*this);
        for (auto& [number, greeting] : greetings_) dispose(*greeting);
        *is_alive_ = false;
    }
    bool begin() { return loop_.implementation().watch(socket_.get(), *this); }
    Address address() const override { return address_; }

    void on_ready(std::uint32_t) override {
        if (pause_.is_running()) return;
        const auto is_alive = is_alive_;  // `accepted` may destroy the listener
        for (int i = 0; i < most_accepted_at_once && *is_alive; ++i) {
            Socket socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (socket.is_open())
                greet(std::move(socket));
            else if (!goes_on_after(errno))
                return;
        }
        if (*is_alive) loop_.implementation().again(*this);
    }

private:
    struct Greeting {
        explicit Greeting(Loop& loop) : timer(loop) {}
        Timer timer;
        std::string peer;
        std::unique_ptr<TlsHandshake> handshake;
    };

    // Whether to try to accept once more at once.
    bool goes_on_after(int error) {
        if (error == EAGAIN || error == EWOULDBLOCK) return false;
        // These end one connection that was about to be accepted, not the listener (accept(2)).
        if (error == EINTR || error == ECONNABORTED || error == EPERM || error == EPROTO || error == ENETDOWN ||
            error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
            error == ENETUNREACH)
            return true;
        // No descriptor or memory is left: who has one and says nothing gives way, and where nobody does it waits for
        // some to come back instead of turning in circles.
        if (const auto now = loop_.now(); now - last_log_ >= log_again_after) {
            last_log_ = now;
            base::log_warning(
                "{} cannot accept connections: {}; they wait. Raise the limit of open files (ulimit -n) if this comes "
                "again",
                to_text(address_), text_of_error(error));
        }
        if (greetings_.empty()) {
            pause_.start(pause_without_descriptors, [this] { on_ready(0); });
        } else {
            loop_.implementation().again(*this);  // its descriptor comes back when the turn ends
            give_up(greetings_.begin()->first, "others came in its place");
        }
        return false;
    }

    void greet(Socket socket) {
        auto state = make_socket_state(loop_, std::move(socket), false);
        if (state == nullptr) return;
        auto stream = std::make_unique<StreamHandle<SocketState>>(loop_, std::move(state));
        if (!tls_.context) {
            show(std::move(stream));
            return;
        }
        if (greetings_.size() >= tls_.most_handshakes) give_up(greetings_.begin()->first, "others came in its place");
        const std::uint64_t number = next_number_++;
        auto& greeting = greetings_[number] = std::make_unique<Greeting>(loop_);
        greeting->peer = stream->peer_address();
        greeting->timer.start(tls_.handshake_time, [this, number] {
            give_up(number, "it took longer than " + std::to_string(tls_.handshake_time.count()) + " ms");
        });
        greeting->handshake = std::make_unique<TlsHandshake>(
            loop_, std::move(stream), std::make_unique<TlsEngine>(tls_.context(), "", ""),
            [this, number](base::Result<std::unique_ptr<Stream>> result) {
                const std::string peer = greetings_[number]->peer;
                dismiss(number);
                if (result)
                    show(std::move(*result));
                else
                    tell(peer, result.error());
            });
    }

    void give_up(std::uint64_t number, const std::string& why) {
        const std::string peer = greetings_[number]->peer;
        dismiss(number);
        tell(peer, base::Error(base::ErrorKind::timeout, peer + ": the TLS handshake was given up: " + why));
    }

    void tell(const std::string& peer, const base::Error& why) const {
        if (tls_.failed)
            tls_.failed(peer, why);
        else
            base::log_debug("{}: {}", to_text(address_), why.message);
    }

    // Kept alive while it runs: it may destroy the listener.
    void show(std::unique_ptr<Stream> stream) const {
        const auto accepted = accepted_;
        (*accepted)(std::move(stream));
    }

    void dismiss(std::uint64_t number) {
        const auto found = greetings_.find(number);
        if (found == greetings_.end()) return;
        dispose(*found->second);
        greetings_.erase(found);
    }
    void dispose(Greeting& greeting) {
        greeting.handshake->abandon();
        loop_.implementation().dispose(std::move(greeting.handshake));
    }

    Loop& loop_;
    Socket socket_;
    const Address address_;
    Timer pause_;
    const TlsListening tls_;
    const std::shared_ptr<const Accepted> accepted_;
    std::map<std::uint64_t, std::unique_ptr<Greeting>> greetings_;  // the oldest first
    std::uint64_t next_number_ = 0;
    Loop::Clock::time_point last_log_{};
    const std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace

base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls,
                                               std::function<void(std::unique_ptr<Stream>)> accepted) {
    TlsListening listening;
    if (tls != nullptr) listening.context = [tls] { return tls; };
    return listen(loop, on, std::move(listening), std::move(accepted));
}

base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& on, TlsListening tls,
                                               std::function<void(std::unique_ptr<Stream>)> accepted) {
    auto endpoint = endpoint_of_literal(on);
    if (!endpoint) {
        const auto found = resolve(on);
        if (!found)
            return base::fail(found.error().kind, "cannot listen on " + to_text(on) + ": " + found.error().message);
        endpoint = found->front();
    }
    const auto failed = [&] {
        const bool is_elsewhere = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
        return base::fail(is_elsewhere ? base::ErrorKind::not_found : base::ErrorKind::connection,
                          "cannot listen on " + to_text(on) + ": " + text_of_error(errno));
    };
    Socket socket = open_tcp(*endpoint);
    if (!socket.is_open() || !set_true(socket, SO_REUSEADDR) || !set_true(socket, SO_REUSEPORT)) return failed();
    if (::bind(socket.get(), endpoint->get(), endpoint->size) != 0 || ::listen(socket.get(), backlog) != 0)
        return failed();
    auto listener = std::make_unique<SocketListener>(loop, std::move(socket), std::move(tls), std::move(accepted));
    if (!listener->begin()) return failed();
    return listener;
}

}  // namespace crossfade::net

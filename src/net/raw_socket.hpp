// The other end of a connection, with nothing of net/ in it: what a peer may do to us. For net's tests only.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "net/socket.hpp"

namespace crossfade::net {

class RawSocket {
public:
    RawSocket() = default;
    explicit RawSocket(int descriptor) : socket_(descriptor) {}
    int get() const { return socket_.get(); }
    bool is_open() const { return socket_.is_open(); }

    static RawSocket connected_to(const Address& address, int receive_buffer = 0) {
        const auto endpoint = endpoint_of_literal(address);
        RawSocket raw(::socket(endpoint->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (receive_buffer > 0) raw.set(SOL_SOCKET, SO_RCVBUF, receive_buffer);
        if (::connect(raw.get(), endpoint->get(), endpoint->size) != 0)
            ADD_FAILURE() << "connect: " << text_of_error(errno);
        ::fcntl(raw.get(), F_SETFL, O_NONBLOCK);
        return raw;
    }
    // Listens on a port of its own on the loopback.
    static RawSocket listening(int backlog = 16) {
        RawSocket raw(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto any = endpoint_of_literal({"127.0.0.1", 0});
        EXPECT_EQ(::bind(raw.get(), any->get(), any->size), 0);
        EXPECT_EQ(::listen(raw.get(), backlog), 0);
        return raw;
    }
    Address address() const { return local_endpoint(get()).address(); }
    // Not open when nobody has connected yet.
    RawSocket accept() const { return RawSocket(::accept4(get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)); }

    void set(int level, int name, int value) const {
        EXPECT_EQ(::setsockopt(get(), level, name, &value, sizeof value), 0);
    }
    // Sends as much as the kernel takes now.
    std::size_t send(std::string_view text) const {
        const ssize_t count = ::send(get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    // Appends what has come, at most `most`; false once the other side ended or reset the connection (see reset()).
    bool receive(std::string& into, std::size_t most = 1U << 20U) {
        const std::size_t before = into.size();
        into.resize(before + most);
        const ssize_t count = ::recv(get(), into.data() + before, most, MSG_DONTWAIT);
        into.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
        if (count < 0 && errno != EAGAIN) was_reset_ = true;
        return count > 0 || (count < 0 && errno == EAGAIN);
    }
    bool was_reset() const { return was_reset_; }
    void half_close() const { ::shutdown(get(), SHUT_WR); }
    void close() { socket_.close(); }
    // Closes with a reset instead of an orderly end.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

private:
    Socket socket_;
    bool was_reset_ = false;
};

}  // namespace crossfade::net

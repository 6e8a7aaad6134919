// For unit tests: a connection that is a buffer.
#pragma once

#include <chrono>
#include <string>

#include "net/stream.hpp"

namespace crossfade::net {

class FakeStream final : public Stream {
public:
    struct Seen {
        base::Bytes out;
        StreamUser* user = nullptr;
        bool is_paused = false, is_closed = false;
        std::string server_name{};
    };
    explicit FakeStream(Seen& seen) : seen_(seen) {}
    ~FakeStream() override { seen_.user = nullptr; }
    void start(StreamUser& user) override { seen_.user = &user; }
    void pause_reading() override { seen_.is_paused = true; }
    void resume_reading() override { seen_.is_paused = false; }
    base::Bytes& out() override { return seen_.out; }
    void send_soon() override {}
    std::size_t unsent() const override { return seen_.out.size(); }
    void notify_when_unsent_below(std::size_t) override {}
    void close() override { seen_.is_closed = true; }
    void close_after_sending(std::chrono::milliseconds) override { seen_.is_closed = true; }
    std::string peer_address() const override { return "127.0.0.1:1"; }
    std::string local_address() const override { return "127.0.0.1:2"; }
    std::string server_name() const override { return seen_.server_name; }

private:
    Seen& seen_;
};

}  // namespace crossfade::net

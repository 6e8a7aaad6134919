// A path to a node that fails at the byte that a test says: cut, silent, a byte at a time. (lab/fault_relay.py is one
// for programs.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::driver {

// What happens to a connection, counted in bytes that the node has sent on it.
struct WireFaults {
    std::optional<std::size_t> cut_after;     // then both sides see its end
    std::optional<std::size_t> silent_after;  // then nothing passes any more, and nobody is told
    bool is_byte_at_a_time = false;           // in both directions, one write for each
};

// Loop's thread only, as long as it lives.
class FaultyWire {
public:
    // Listens at any port of `host`, and leads to `to`.
    FaultyWire(net::Loop& loop, const std::string& host, net::Address to);
    ~FaultyWire();
    FaultyWire(const FaultyWire&) = delete;
    FaultyWire& operator=(const FaultyWire&) = delete;

    net::Address address() const { return listener_->address(); }
    // Of connections that come from now on.
    void set(const WireFaults& faults) { faults_ = faults; }
    // All that are open now end when the node has sent `bytes` more on them.
    void cut_open_after(std::size_t bytes);
    // All that are open now are silent for good.
    void silence_open();

    std::uint32_t accepted() const { return accepted_; }
    std::uint32_t open() const { return static_cast<std::uint32_t>(paths_.size()); }
    // What the node has sent on the connection that it has sent most on.
    std::size_t most_sent() const { return most_sent_; }

private:
    class Path;
    void ended(Path& path);

    net::Loop& loop_;
    const net::Address to_;
    WireFaults faults_;
    std::vector<std::unique_ptr<Path>> paths_;
    std::unique_ptr<net::Listener> listener_;
    std::uint32_t accepted_ = 0;
    std::size_t most_sent_ = 0;
};

}  // namespace crossfade::driver

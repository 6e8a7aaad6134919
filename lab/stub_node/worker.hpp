// One event loop of a stub node, on a thread of its own, with its share of the connections.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>

#include "net/loop.hpp"
#include "net/stream.hpp"
#include "stub_node/session.hpp"

namespace crossfade::lab {

class Worker {
public:
    explicit Worker(Node& node) : node_(node), handler_(node, counts_, records_) {}
    ~Worker() { stop(); }

    // Listens at `address`; several workers share one. Before run(). Errors: connection.
    base::Result<net::Address> listen(const net::Address& address);
    void run() {
        thread_ = std::thread([this] { loop_.run(); });
    }
    void stop();

    net::Loop& loop() { return loop_; }
    // On the loop's thread only (or before run()).
    Counts& counts() { return counts_; }
    WriteRing& records() { return records_; }
    void close_connections();

private:
    Node& node_;
    net::Loop loop_;
    Counts counts_;
    WriteRing records_;
    RequestHandler handler_;
    std::unique_ptr<net::Listener> listener_;
    std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
    std::thread thread_;
};

}  // namespace crossfade::lab

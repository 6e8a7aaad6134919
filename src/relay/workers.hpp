// What is done with all loops of an endpoint at once. A Worker is one loop with its engine(), its policy() and
// stop_listening(); see net::Workers.
#pragma once

#include <chrono>
#include <memory>
#include <thread>

#include "cql/response.hpp"
#include "net/serving.hpp"
#include "nodes/control_connection.hpp"
#include "relay/engine.hpp"

namespace crossfade::relay {

template <class Worker>
std::size_t requests_in_flight(net::Workers<Worker>& workers) {
    std::size_t sum = 0;
    workers.each([&](Worker& worker) { sum += worker.engine().requests_in_flight(); });
    return sum;
}

// Nobody new comes in, new requests are answered as "not executed: try another host", and those in flight are waited
// for, at most `longest`. Gives whether all were answered.
template <class Worker>
bool drain(net::Workers<Worker>& workers, std::chrono::milliseconds longest) {
    workers.each([](Worker& worker) {
        worker.stop_listening();
        worker.policy().drain();
    });
    const auto until = std::chrono::steady_clock::now() + longest;
    while (requests_in_flight(workers) > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return requests_in_flight(workers) == 0;
}

// Tells the clients that asked for them. Any thread.
template <class Worker>
void broadcast_schema_change(net::Workers<Worker>& workers, const std::shared_ptr<const nodes::ClusterEvent>& event) {
    workers.post([event](Worker& one) {
        one.engine().broadcast_event(EventKind::schema_change, [&](cql::ProtocolVersion version, base::Bytes& frame) {
            cql::append_event(frame, static_cast<std::uint8_t>(version), event->event);
        });
    });
}

}  // namespace crossfade::relay

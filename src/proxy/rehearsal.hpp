// Phase 3: reads also go to the target, asynchronously, and the answers are compared (SEMANTICS, Phases). Never delays
// or fails the client.
#pragma once

#include <memory>
#include <unordered_map>

#include "net/loop.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {

// Loop's thread only. Bounded: past Options::async_reads a read is not rehearsed, and counted as skipped.
class Rehearsal {
public:
    explicit Rehearsal(DualPolicy& policy);
    ~Rehearsal();
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;

    // `read` was just sent to the origin: the same goes to the target.
    void begin(const relay::Request& read);
    // The origin's answer to it.
    void primary_answered(const relay::Request& read, const relay::Response& response);

    // The client's read failed: there is nothing to compare with.
    void primary_failed(const relay::Request& read);

    // Of the rehearsing requests themselves.
    void answered(relay::Request& request, relay::Leg& leg, const relay::Response& response);
    void lost(relay::Request& request, relay::Leg& leg);
    void over_time(relay::Request& request);

    std::size_t under_way() const { return comparisons_.size(); }

private:
    struct Comparison;

    void compare(Comparison& comparison);
    void read_again(Comparison& comparison);
    void finish(Comparison& comparison);
    relay::Request& copy_of(const relay::Request& read);
    Comparison* of(const relay::Request& request);

    DualPolicy& policy_;
    std::unordered_map<const relay::Request*, std::shared_ptr<Comparison>>
        of_request_;  // reads and rehearsing requests
    std::unordered_map<Comparison*, std::shared_ptr<Comparison>> comparisons_;
};

}  // namespace crossfade::proxy

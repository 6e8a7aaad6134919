// The proxy's admin API (docs/admin-api.md): phases, journal, repair, status, metrics, health.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "proxy/counters.hpp"
#include "proxy/journal.hpp"
#include "proxy/phase_control.hpp"
#include "proxy/repair.hpp"

namespace crossfade::proxy {

// One client connection, as status shows it.
struct SessionLine {
    std::string peer, driver, application, version, username;
    std::uint32_t in_flight = 0;
};

// What the API needs to know of the rest; all calls on the control loop.
class AdminSource {
public:
    virtual void sessions(std::function<void(std::vector<SessionLine>)> done) = 0;
    virtual std::vector<const Counters*> counters() const = 0;
    virtual FactsPtr facts() const = 0;
    virtual std::string problem(std::size_t cluster) const = 0;  // empty: connected

protected:
    ~AdminSource() = default;
};

// Control loop's thread only.
class Admin {
public:
    Admin(const Options& options, PhaseControl& phase, Journal& journal, Repair& repair, AdminSource& source);
    // The handler of net::serve_http.
    void handle(const net::HttpRequest& request, net::HttpReply reply);

private:
    void show_phase(const net::HttpReply& reply) const;
    void prepare(const net::HttpRequest& request, net::HttpReply reply);
    void commit(const net::HttpRequest& request, net::HttpReply reply);
    void abort(const net::HttpRequest& request, const net::HttpReply& reply);
    void list_journal(const net::HttpRequest& request, const net::HttpReply& reply) const;
    void summarise_journal(const net::HttpReply& reply) const;
    void show_repair(const net::HttpReply& reply) const;
    void show_status(net::HttpReply reply) const;
    std::string metrics() const;

    const Options& options_;
    PhaseControl& phase_;
    Journal& journal_;
    Repair& repair_;
    AdminSource& source_;
};

}  // namespace crossfade::proxy

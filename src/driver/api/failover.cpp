#include "driver/api/failover.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/log.hpp"
#include "driver/api/session_core.hpp"

namespace crossfade::driver {
namespace {

bool has_regions(const SessionSetup& setup) {
    return !setup.regions.empty();
}
std::size_t count_of(const SessionSetup& setup) {
    return has_regions(setup) ? setup.regions.size() : 1 + setup.cluster.failover_datacenters.size();
}
const std::string& datacenter(const SessionSetup& setup, std::size_t place) {
    return place == 0 ? setup.cluster.local_datacenter : setup.cluster.failover_datacenters[place - 1];
}
std::string name_of(const SessionSetup& setup, std::size_t place) {
    return has_regions(setup) ? setup.regions[place].path : "datacenter '" + datacenter(setup, place) + "'";
}

base::Task<base::Result<std::shared_ptr<Session>>> connect_to(net::Loop& loop,
                                                              std::shared_ptr<const SessionSetup> setup,
                                                              std::size_t place, SessionOptions options,
                                                              std::stop_token stop) {
    if (has_regions(*setup)) {
        options.cluster.metadata_service = setup->regions[place].metadata_service;
        options.cluster.tls = setup->regions[place].tls;
        options.cluster.metadata_timeout = options.cluster.connect_timeout;
    } else {
        options.cluster.local_datacenter = datacenter(*setup, place);
    }
    auto session = co_await Session::connect(loop, std::move(options), stop);
    if (!session && has_regions(*setup))
        session.error().message = setup->regions[place].path + ": " + session.error().message;
    co_return session;
}

// A name that is wrong is told when a session is made, not on the day that it is needed.
base::Result<void> check_datacenters(const SessionSetup& setup, const nodes::Topology& topology) {
    const std::vector<std::string> known = topology.datacenters();
    for (const std::string& name : setup.cluster.failover_datacenters) {
        if (std::ranges::find(known, name) != known.end()) continue;
        std::string all;
        for (const std::string& one : known) all += (all.empty() ? "'" : ", '") + one + "'";
        return base::fail(base::ErrorKind::bad_configuration,
                          "failover_datacenters: there is no data centre '" + name + "'; the cluster has " + all);
    }
    return {};
}

}  // namespace

base::Task<base::Result<Arrival>> connect_to_first(net::Loop& loop, std::shared_ptr<const SessionSetup> setup,
                                                   std::string keyspace, std::stop_token stop) {
    std::optional<base::Error> first_error;
    for (std::size_t place = 0; place < count_of(*setup); ++place) {
        SessionOptions options = setup->session;
        options.keyspace = keyspace;
        auto session = co_await connect_to(loop, setup, place, std::move(options), stop);
        if (session) {
            if (const auto checked = check_datacenters(*setup, *(*session)->topology()); !checked)
                co_return base::fail(checked.error());
            co_return Arrival(std::move(*session), place);
        }
        base::Error& error = session.error();
        const bool is_wrong_name = error.kind == base::ErrorKind::bad_configuration && !has_regions(*setup);
        const bool is_last = error.kind == base::ErrorKind::authentication || is_wrong_name || stop.stop_requested();
        if (!first_error || is_last) first_error = std::move(error);
        if (is_last) break;
    }
    co_return base::fail(std::move(*first_error));
}

Failover::Failover(SessionCore& of, std::shared_ptr<const SessionSetup> setup, std::size_t place)
    : of_(of), setup_(std::move(setup)), place_(place), look_(of.loop()), back_(of.loop()) {
    if (place_ > 0) go_back_later();
}

Failover::~Failover() {
    stop_.request_stop();
}

std::chrono::milliseconds Failover::lost_for() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(of_.loop().now() - *lost_since_);
}

void Failover::lost() {
    if (lost_since_) return;
    lost_since_ = of_.loop().now();
    pause_ = setup_->cluster.first_reconnection;
    look_again();
}

void Failover::look_again() {
    auto pause = pause_;
    const auto left = setup_->cluster.failover_after - lost_for();
    if (left.count() > 0) pause = std::min(pause, left);
    look_.start(pause, [this] { look(); });
    pause_ = std::min(pause_ * 2, setup_->cluster.longest_reconnection);
}

void Failover::look() {
    if (of_.is_connected()) {
        lost_since_.reset();
        return;
    }
    if (is_busy_)
        look_again();
    else
        search(*this, stop_.get_token()).detach();
}

// Who requests the stop is the destructor: after each wait nothing may be touched before that was looked at.
base::Task<void> Failover::search(Failover& self, std::stop_token stop) {
    self.is_busy_ = true;
    if (self.lost_for() >= self.setup_->cluster.failover_after) {
        std::vector<std::size_t> others(count_of(*self.setup_));
        std::iota(others.begin(), others.end(), 0);
        std::erase(others, self.place_);
        self.is_moving_back_ = false;
        co_await move_to_one_of(self, std::move(others), stop);
        if (stop.stop_requested()) co_return;
    }
    self.is_busy_ = false;
    if (self.of_.is_connected())
        self.lost_since_.reset();
    else
        self.look_again();
}

void Failover::go_back_later() {
    back_.start(setup_->cluster.failover_back, [this] {
        if (is_busy_)
            go_back_later();
        else
            go_back(*this, stop_.get_token()).detach();
    });
}

base::Task<void> Failover::go_back(Failover& self, std::stop_token stop) {
    self.is_busy_ = true;
    std::vector<std::size_t> nearer(self.place_);
    std::iota(nearer.begin(), nearer.end(), 0);
    self.is_moving_back_ = true;
    co_await move_to_one_of(self, std::move(nearer), stop);
    if (stop.stop_requested()) co_return;
    self.is_busy_ = false;
    if (self.place_ > 0) self.go_back_later();
}

base::Task<void> Failover::move_to_one_of(Failover& self, std::vector<std::size_t> places, std::stop_token stop) {
    const std::shared_ptr<const SessionSetup> setup = self.setup_;
    for (const std::size_t place : places) {
        const std::string name = name_of(*setup, place);
        SessionOptions options = setup->session;
        options.keyspace = self.of_.internal().options().keyspace;
        // Statements were made for this version.
        options.version = self.of_.version();
        const auto known = self.of_.topology();
        if (!has_regions(*setup)) {
            // The contact points may be those that are lost.
            std::vector<net::Address>& points = options.cluster.contact_points;
            for (const nodes::Node& node : known->nodes)
                if (node.datacenter == datacenter(*setup, place)) points.insert(points.begin(), node.address);
        }
        auto session = co_await connect_to(self.of_.loop(), setup, place, std::move(options), stop);
        if (stop.stop_requested()) co_return;
        if (!session) {
            base::log_info("{}: {} cannot be reached either: {}", setup->session.cluster.label, name,
                           session.error().message);
            continue;
        }
        if ((*session)->topology()->cluster_name != known->cluster_name) {
            base::log_warning("{}: {} belongs to the cluster '{}', not to '{}': the session does not go there",
                              setup->session.cluster.label, name, (*session)->topology()->cluster_name,
                              known->cluster_name);
            continue;
        }
        if (!self.is_moving_back_ && self.of_.is_connected()) co_return;  // it is back meanwhile
        base::log_warning("{}: the session goes to {}", setup->session.cluster.label, name);
        self.place_ = place;
        self.lost_since_.reset();
        self.look_.cancel();
        if (place > 0) self.go_back_later();
        self.of_.move_to(std::move(*session));
        co_return;
    }
}

}  // namespace crossfade::driver

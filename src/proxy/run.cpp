#include "proxy/run.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <mutex>
#include <optional>

#include "base/log.hpp"
#include "cql/response.hpp"
#include "proxy/admin.hpp"
#include "proxy/control.hpp"
#include "proxy/sibling_states.hpp"
#include "proxy/state_folder.hpp"
#include "proxy/worker.hpp"
#include "relay/workers.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds patience_at_start{10};

// What is known of a cluster that tells whose state there is.
SeenCluster seen_cluster(const nodes::ClusterOptions& options, const nodes::Topology* topology) {
    SeenCluster seen;
    for (const net::Address& point : options.contact_points) seen.addresses.push_back(net::to_text(point));
    if (options.metadata_service) seen.addresses.push_back(net::to_text(*options.metadata_service));
    if (topology == nullptr) return seen;
    seen.name = topology->cluster_name;
    for (const nodes::Node& node : topology->nodes) {
        // Behind an SNI proxy, which may lead to other clusters too, with the node's name.
        std::string address = nodes::to_text(node.endpoint());
        if (std::ranges::find(seen.addresses, address) == seen.addresses.end())
            seen.addresses.push_back(std::move(address));
    }
    return seen;
}

// Nothing that runs can mend it.
int exit_with(const base::Error& why) {
    std::fprintf(stderr, "crossfade proxy: %s\n", why.message.c_str());
    return 30;
}

// Everything that runs, in the order in which it is made; taken down in the opposite one.
class Proxy final : public PhaseLoops, public AdminSource {
public:
    explicit Proxy(const Options& options)
        : options_(options), registry_(options.prepared_statements), stamps_(base::system_clock()) {}

    ~Proxy() {
        stop_control();
        repair_.reset();
        if (journal_ != nullptr) journal_->close(was_clean_);
        workers_.clear();
    }

    base::Result<void> start() {
        control_loop_.start();
        auto ready = std::make_shared<std::promise<void>>();
        auto known = ready->get_future();
        control_loop_.call([this, ready] { make_control(ready); });
        // A cluster that is away does not stop the start: the other answers, and the journal keeps what is missed.
        known.wait_for(patience_at_start);
        SeenClusters seen;
        control_loop_.call([&] {
            for (std::size_t side = 0; side < seen.size(); ++side) seen[side] = seen_now(side, *control_->facts());
        });
        if (const auto opened = open_state(seen); !opened) return opened;
        shared_ = std::make_unique<Shared>(Shared{options_, stamps_, *journal_, registry_});
        for (unsigned i = 0; i < net::serving_threads(options_.threads); ++i)
            workers_.add(std::make_unique<Worker>(*shared_));
        for (auto& worker : workers_) {
            worker->policy().set_phase(state_);
            worker->start();
        }
        auto followed = std::make_shared<std::promise<void>>();
        control_loop_.call([this, followed] {
            make_phase();
            has_workers_ = true;
            hand_out(control_->facts());
            phase_->catch_up([followed] { followed->set_value(); });
        });
        followed->get_future().wait_for(patience_at_start);
        if (const auto why = taken_over()) return base::fail(*why);
        return listen();
    }

    void stop() { was_clean_ = relay::drain(workers_, options_.request_timeout); }
    bool was_clean() const { return was_clean_; }
    // Why it ended itself: another cluster has answered in place of one whose state this is.
    std::optional<base::Error> taken_over() const {
        const std::lock_guard guard(taken_over_mutex_);
        return taken_over_;
    }

    // PhaseLoops
    void hold(bool primary_changes, std::function<void()> quiet) override {
        auto left = std::make_shared<std::size_t>(workers_.size());
        for (auto& worker : workers_) {
            worker->post([this, left, primary_changes, quiet](Worker& one) {
                one.policy().hold_conditional_writes(primary_changes, [this, left, quiet] {
                    control_loop_.loop().post([left, quiet] {
                        if (--*left == 0) quiet();
                    });
                });
            });
        }
    }
    void take(const PhaseState& state, std::function<void()> taken) override {
        primary_ = state.primary();
        auto left = std::make_shared<std::size_t>(workers_.size());
        for (auto& worker : workers_) {
            worker->post([this, left, taken, state](Worker& one) {
                one.policy().set_phase(state);
                control_loop_.loop().post([left, taken] {
                    if (--*left == 0) taken();
                });
            });
        }
    }
    void release() override {
        workers_.post([](Worker& one) { one.policy().release_conditional_writes(); });
    }

    // AdminSource
    void sessions(std::function<void(std::vector<SessionLine>)> done) override {
        auto lines = std::make_shared<std::vector<SessionLine>>();
        auto left = std::make_shared<std::size_t>(workers_.size());
        for (auto& worker : workers_) {
            worker->post([this, lines, left, done](Worker& one) {
                std::vector<SessionLine> mine;
                one.engine().for_each_session([&](const relay::ClientSession& session) {
                    SessionLine line;
                    line.peer = session.peer();
                    line.driver =
                        session.startup_option("DRIVER_NAME") + " " + session.startup_option("DRIVER_VERSION");
                    line.application = session.startup_option("APPLICATION_NAME");
                    line.version = cql::name_of(session.version());
                    line.username = session.credentials().username;
                    line.in_flight = session.in_flight();
                    mine.push_back(std::move(line));
                });
                control_loop_.loop().post([lines, left, done, mine] {
                    lines->insert(lines->end(), mine.begin(), mine.end());
                    if (--*left == 0) done(*lines);
                });
            });
        }
    }
    std::vector<const Counters*> counters() const override {
        std::vector<const Counters*> all;
        for (const auto& worker : workers_) all.push_back(&worker->counters());
        return all;
    }
    FactsPtr facts() const override { return control_->facts(); }
    std::string problem(std::size_t cluster) const override { return control_->problems()[cluster]; }

private:
    // Before the workers go: its callbacks reach into them. The journal's do, too, and end with its close().
    void stop_control() {
        if (!control_loop_.is_running()) return;
        control_loop_.call([this] {
            http_.reset();
            admin_.reset();
            control_.reset();
            siblings_.reset();
            phase_.reset();
        });
        control_loop_.stop();
    }

    SeenCluster seen_now(std::size_t side, const Facts& facts) const {
        return seen_cluster(side == origin_cluster ? options_.origin : options_.target,
                            facts.clusters[side].topology.get());
    }

    base::Result<void> open_state(const SeenClusters& seen) {
        auto folder = StateFolder::open(options_.state_dir, net::to_text(options_.listen), seen);
        if (!folder) return base::fail(std::move(folder.error()));
        folder_ = std::move(*folder);
        const auto saved = load_phase(folder_->path() + "/phase");
        if (!saved) return base::fail(saved.error());
        state_ = saved->value_or(PhaseState{0, options_.phase, options_.write_mode});
        primary_ = state_.primary();
        Journal::Options journal;
        journal.directory = folder_->path();
        journal.bound = options_.journal_entries;
        journal.request_timeout = options_.request_timeout;
        journal.origin_cluster = folder_->names()[origin_cluster];
        journal.target_cluster = folder_->names()[target_cluster];
        auto opened = Journal::open(std::move(journal));
        if (!opened) return base::fail(opened.error());
        journal_ = std::move(*opened);
        Repair::Options repair;
        repair.origin = options_.origin;
        repair.target = options_.target;
        repair.request_timeout = options_.request_timeout;
        repair.check_cluster = [this](std::size_t side, const nodes::Topology& topology) {
            auto own = folder_->check(
                side, seen_cluster(side == origin_cluster ? options_.origin : options_.target, &topology));
            // That a new address cannot be recorded is no reason to leave the clusters different.
            return own || own.error().kind != base::ErrorKind::bad_configuration ? base::Result<void>() : own;
        };
        repair.primary = [this] { return primary_.load(); };
        repair_ = std::make_unique<Repair>(*journal_, std::move(repair));
        return {};
    }

    // Control loop's thread, as the two below.
    void make_phase() {
        PhaseControl::Settings settings;
        settings.file = folder_->path() + "/phase";
        settings.longest_hold = options_.request_timeout;
        settings.siblings = options_.siblings;
        settings.ask_siblings = [this](SiblingStates::Done done) { siblings_->ask(std::move(done)); };
        if (!options_.siblings.empty())
            siblings_ = std::make_unique<SiblingStates>(control_loop_.loop(), options_.siblings);
        phase_ = std::make_unique<PhaseControl>(control_loop_.loop(), *this, *journal_, std::move(settings), state_);
    }

    void hand_out(const FactsPtr& facts) {
        if (!has_workers_) return;
        for (std::size_t side = 0; side < facts->clusters.size(); ++side) {
            if (facts->clusters[side].topology == nullptr) continue;
            const auto own = folder_->check(side, seen_now(side, *facts));
            if (own) continue;
            if (own.error().kind == base::ErrorKind::bad_configuration) {
                end_taken_over(own.error());
                return;
            }
            base::log_warning("{}", own.error().message);
        }
        workers_.post([facts](Worker& one) { one.set_facts(facts); });
    }

    // What clients send must not reach clusters that it is not meant for.
    void end_taken_over(const base::Error& why) {
        const std::lock_guard guard(taken_over_mutex_);
        if (taken_over_) return;
        taken_over_ = why;
        base::log_error("{}", why.message);
        ::kill(::getpid(), SIGTERM);
    }

    void make_control(const std::shared_ptr<std::promise<void>>& ready) {
        Control::Callbacks callbacks;
        callbacks.on_facts = [this](const FactsPtr& facts) { hand_out(facts); };
        callbacks.on_event = [this](std::size_t cluster, const std::shared_ptr<const nodes::ClusterEvent>& event) {
            // Drivers see the proxy as the one node there is: of the cluster that answers they are told schema changes
            // only.
            if (!has_workers_ || cluster != phase_->state().primary() ||
                event->event.kind != cql::Event::Kind::schema_change)
                return;
            relay::broadcast_schema_change(workers_, event);
        };
        control_ = std::make_unique<Control>(control_loop_.loop(), options_, stamps_, std::move(callbacks));
        control_->start([ready] { ready->set_value(); });
    }

    base::Result<void> listen() {
        base::Result<void> result;
        workers_.each([&](Worker& worker) {
            if (result) result = worker.listen();
        });
        if (!result) return result;
        control_loop_.call([&] {
            admin_ = std::make_unique<Admin>(options_, *phase_, *journal_, *repair_, *this);
            auto server = net::serve_http(control_loop_.loop(), options_.admin, nullptr, net::HttpLimits{},
                                          [this](const net::HttpRequest& request, net::HttpReply reply) {
                                              admin_->handle(request, std::move(reply));
                                          });
            if (server)
                http_ = std::move(*server);
            else
                result = base::fail(server.error());
        });
        return result;
    }

    const Options& options_;
    std::unique_ptr<StateFolder> folder_;
    mutable std::mutex taken_over_mutex_;
    std::optional<base::Error> taken_over_;
    PhaseState state_;
    std::atomic<std::size_t> primary_{0};
    relay::PreparedRegistry registry_;
    WriteStamps stamps_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Repair> repair_;
    std::unique_ptr<Shared> shared_;
    net::Workers<Worker> workers_;
    net::ControlLoop control_loop_;
    bool has_workers_ = false;                 // control loop's thread
    std::unique_ptr<SiblingStates> siblings_;  // none: alone
    std::unique_ptr<PhaseControl> phase_;
    std::unique_ptr<Control> control_;
    std::unique_ptr<Admin> admin_;
    std::unique_ptr<net::HttpServer> http_;
    bool was_clean_ = false;  // until stop() has seen every request end
};

}  // namespace

int run(const Options& options) {
    const net::Termination termination;
    Proxy proxy(options);
    if (const auto started = proxy.start(); !started) return exit_with(started.error());
    base::log_info("listening on {}, admin API on http://{}", net::to_text(options.listen),
                   net::to_text(options.admin));
    termination.wait();
    base::log_info("stopping: new requests are sent elsewhere, those in flight are ended");
    proxy.stop();
    if (const auto why = proxy.taken_over()) return exit_with(*why);
    return proxy.was_clean() ? 0 : 20;
}

}  // namespace crossfade::proxy

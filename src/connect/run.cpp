#include "connect/run.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "connect/control.hpp"
#include "connect/health.hpp"
#include "connect/worker.hpp"
#include "net/descriptors.hpp"
#include "net/http.hpp"

namespace crossfade::connect {
namespace {

// For the first connection to the cluster, beside what asking the metadata service may take.
constexpr std::chrono::seconds patience_at_start{10};

// What asking again will not mend.
bool is_final(const base::Error& error) {
    return error.kind == base::ErrorKind::authentication || error.kind == base::ErrorKind::bad_configuration ||
           error.kind == base::ErrorKind::bad_input;
}

base::Error with_advice(base::Error error) {
    if (error.kind == base::ErrorKind::authentication)
        error.message += "; give the right user and password, or token, by --username and --password-file";
    return error;
}

// Everything that runs, in the order in which it is made; taken down in the opposite one.
class Endpoint {
public:
    explicit Endpoint(const Options& options) : options_(options), registry_(options.prepared_statements) {}

    ~Endpoint() {
        if (control_thread_.joinable()) {
            // Before the workers go: its callbacks reach into them.
            on_control([this] {
                http_.reset();
                control_.reset();
            });
            control_loop_.stop();
            control_thread_.join();
        }
        workers_.clear();
    }

    base::Result<void> start() {
        const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < (options_.threads == 0 ? cores : options_.threads); ++i)
            workers_.push_back(std::make_unique<Worker>(options_, registry_));
        control_thread_ = std::thread([this] { control_loop_.run(); });
        auto first_round = std::make_shared<std::promise<base::Result<void>>>();
        auto is_over = first_round->get_future();
        base::Result<void> health;
        on_control([&] {
            make_control(first_round);
            health = serve_health();
        });
        if (!health) return health;
        // A cluster that is away does not stop the start: whoever waits for it asks /readiness.
        if (is_over.wait_for(patience_at_start + options_.cluster.metadata_timeout) == std::future_status::ready) {
            const base::Result<void> found = is_over.get();
            if (!found && is_final(found.error())) return base::fail(with_advice(found.error()));
        }
        return listen();
    }

    // Whether every request that had come was answered.
    bool stop() {
        each_worker([](Worker& worker) {
            worker.stop_listening();
            worker.policy().drain();
        });
        const auto until = std::chrono::steady_clock::now() + options_.request_timeout;
        while (in_flight() > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return in_flight() == 0;
    }

private:
    void on_control(const std::function<void()>& task) {
        std::promise<void> done;
        control_loop_.post([&] {
            task();
            done.set_value();
        });
        done.get_future().wait();
    }

    void each_worker(const std::function<void(Worker&)>& task) {
        for (auto& worker : workers_) {
            std::promise<void> done;
            worker->post([&](Worker& one) {
                task(one);
                done.set_value();
            });
            done.get_future().wait();
        }
    }

    std::size_t in_flight() {
        std::size_t sum = 0;
        each_worker([&](Worker& worker) { sum += worker.engine().requests_in_flight(); });
        return sum;
    }

    // Control loop's thread, as the two below.
    void make_control(const std::shared_ptr<std::promise<base::Result<void>>>& first_round) {
        Control::Callbacks callbacks;
        callbacks.on_facts = [this](const FactsPtr& facts) {
            for (auto& worker : workers_) worker->post([facts](Worker& one) { one.set_facts(facts); });
        };
        callbacks.on_event = [this](const std::shared_ptr<const nodes::ClusterEvent>& event) { pass_on(event); };
        callbacks.on_first_round = [first_round](const base::Result<void>& result) { first_round->set_value(result); };
        control_ = std::make_unique<Control>(control_loop_, options_, std::move(callbacks));
        control_->start();
    }

    // Drivers see the endpoint as the node there is: of the cluster they are told schema changes only.
    void pass_on(const std::shared_ptr<const nodes::ClusterEvent>& event) {
        if (event->event.kind != cql::Event::Kind::schema_change) return;
        for (auto& worker : workers_) {
            worker->post([event](Worker& one) {
                one.engine().broadcast_event(
                    relay::EventKind::schema_change, [&](cql::ProtocolVersion version, base::Bytes& frame) {
                        cql::append_event(frame, static_cast<std::uint8_t>(version), event->event);
                    });
            });
        }
    }

    base::Result<void> serve_health() {
        if (!options_.health) return {};
        auto server = net::serve_http(control_loop_, *options_.health, nullptr, net::HttpLimits{},
                                      [this](const net::HttpRequest& request, const net::HttpReply& reply) {
                                          reply(health_answer(request, control_->outage(), options_.readiness_timeout));
                                      });
        if (!server) return base::fail(server.error());
        http_ = std::move(*server);
        base::log_info("health checks on http://{}/liveness and /readiness", net::to_text(*options_.health));
        return {};
    }

    base::Result<void> listen() {
        base::Result<void> result;
        each_worker([&](Worker& worker) {
            if (result) result = worker.listen();
        });
        return result;
    }

    const Options& options_;
    relay::PreparedRegistry registry_;
    std::vector<std::unique_ptr<Worker>> workers_;
    net::Loop control_loop_;
    std::thread control_thread_;
    std::unique_ptr<Control> control_;
    std::unique_ptr<net::HttpServer> http_;
};

}  // namespace

int run(const Options& options) {
    // Before any thread is made, so that all of them inherit it and only sigwait() below sees a signal.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    net::allow_all_descriptors();

    Endpoint endpoint(options);
    if (const auto started = endpoint.start(); !started) {
        std::fprintf(stderr, "crossfade connect: %s\n", started.error().message.c_str());
        return 30;
    }
    base::log_info("listening on {}{}", net::to_text(options.bind), options.client_tls == nullptr ? "" : " with TLS");
    int signal = 0;
    sigwait(&signals, &signal);
    base::log_info("stopping: new requests are sent elsewhere, those in flight are ended");
    return endpoint.stop() ? 0 : 20;
}

}  // namespace crossfade::connect

#include "connect/run.hpp"

#include <cstdio>
#include <future>

#include "base/log.hpp"
#include "connect/control.hpp"
#include "connect/health.hpp"
#include "connect/worker.hpp"
#include "net/http.hpp"
#include "relay/workers.hpp"

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
        if (control_loop_.is_running()) {
            // Before the workers go: its callbacks reach into them.
            control_loop_.call([this] {
                http_.reset();
                control_.reset();
            });
            control_loop_.stop();
        }
        workers_.clear();
    }

    base::Result<void> start() {
        for (unsigned i = 0; i < net::serving_threads(options_.threads); ++i)
            workers_.add(std::make_unique<Worker>(options_, registry_));
        control_loop_.start();
        auto first_round = std::make_shared<std::promise<base::Result<void>>>();
        auto is_over = first_round->get_future();
        base::Result<void> health;
        control_loop_.call([&] {
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
    bool stop() { return relay::drain(workers_, options_.request_timeout); }

private:
    // Control loop's thread, as the two below.
    void make_control(const std::shared_ptr<std::promise<base::Result<void>>>& first_round) {
        Control::Callbacks callbacks;
        callbacks.on_facts = [this](const FactsPtr& facts) {
            workers_.post([facts](Worker& one) { one.set_facts(facts); });
        };
        callbacks.on_event = [this](const std::shared_ptr<const nodes::ClusterEvent>& event) { pass_on(event); };
        callbacks.on_first_round = [first_round](const base::Result<void>& result) { first_round->set_value(result); };
        control_ = std::make_unique<Control>(control_loop_.loop(), options_, std::move(callbacks));
        control_->start();
    }

    // Drivers see the endpoint as the node there is: of the cluster they are told schema changes only.
    void pass_on(const std::shared_ptr<const nodes::ClusterEvent>& event) {
        if (event->event.kind == cql::Event::Kind::schema_change) relay::broadcast_schema_change(workers_, event);
    }

    base::Result<void> serve_health() {
        if (!options_.health) return {};
        auto server = net::serve_http(control_loop_.loop(), *options_.health, nullptr, net::HttpLimits{},
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
        workers_.each([&](Worker& worker) {
            if (result) result = worker.listen();
        });
        return result;
    }

    const Options& options_;
    relay::PreparedRegistry registry_;
    net::Workers<Worker> workers_;
    net::ControlLoop control_loop_;
    std::unique_ptr<Control> control_;
    std::unique_ptr<net::HttpServer> http_;
};

}  // namespace

int run(const Options& options) {
    const net::Termination termination;
    Endpoint endpoint(options);
    if (const auto started = endpoint.start(); !started) {
        std::fprintf(stderr, "crossfade connect: %s\n", started.error().message.c_str());
        return 30;
    }
    base::log_info("listening on {}{}", net::to_text(options.bind), options.client_tls == nullptr ? "" : " with TLS");
    termination.wait();
    base::log_info("stopping: new requests are sent elsewhere, those in flight are ended");
    return endpoint.stop() ? 0 : 20;
}

}  // namespace crossfade::connect

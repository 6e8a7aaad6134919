#include "gateway/run.hpp"

#include <algorithm>
#include <cstdio>
#include <future>
#include <thread>

#include "base/log.hpp"
#include "gateway/cluster_tls.hpp"
#include "gateway/control.hpp"
#include "gateway/worker.hpp"
#include "net/serving.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::chrono::seconds patience_at_start{10};

// Everything that runs, in the order in which it is made; taken down in the opposite one.
class Gateway {
public:
    Gateway(const Folder& folder, const Settings& settings) : folder_(folder), shared_(settings, folder) {}
    ~Gateway() {
        if (control_loop_.is_running()) {
            control_loop_.call([this] { control_.reset(); });
            control_loop_.stop();
        }
        workers_.clear();
    }

    base::Result<void> start(const nodes::Credentials& credentials) {
        if (auto is_private = check_privacy(folder_); !is_private) return is_private;
        if (auto opened = shared_.audit.open(); !opened) return opened;
        auto tls = make_cluster_tls(folder_, shared_.settings);
        if (!tls) return base::fail(tls.error().kind, folder_.settings() + ": cluster_tls: " + tls.error().message);
        shared_.cluster_tls = std::move(*tls);
        const auto hosts = listening_hosts(shared_.settings);
        if (!hosts) return base::fail(hosts.error());
        control_loop_.start();
        base::Result<void> result;
        auto reached = std::make_shared<std::promise<base::Result<void>>>();
        auto known = reached->get_future();
        control_loop_.call([&] {
            control_ = std::make_unique<Control>(control_loop_.loop(), shared_, folder_, credentials,
                                                 [this](const FactsPtr& facts) { hand_out(facts); });
            result = control_->load();
            if (result) control_->start([reached](base::Result<void> how) { reached->set_value(std::move(how)); });
        });
        if (!result) return result;
        // A cluster that is away does not stop the start: it is tried again, and clients are told.
        if (known.wait_for(patience_at_start) == std::future_status::ready)
            if (const auto how = known.get(); !how)
                base::log_warning("the cluster is not reached yet, and tried again: {}", how.error().message);
        start_workers();
        return listen(*hosts);
    }

    // Gives how many connections were ended with requests under way.
    std::size_t stop() {
        control_loop_.call([this] { control_->stop_serving(); });
        workers_.each([](Worker& one) { one.drain(); });
        const auto until = std::chrono::steady_clock::now() + drain_time;
        while (sum_of(&Worker::sessions) + sum_of(&Worker::lingering) > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return sum_of(&Worker::sessions);
    }

private:
    std::size_t sum_of(std::size_t (Worker::*count)()) {
        std::size_t sum = 0;
        workers_.each([&](Worker& one) { sum += (one.*count)(); });
        return sum;
    }

    void start_workers() {
        control_loop_.call([&] {
            const unsigned wanted = net::serving_threads(shared_.settings.threads);
            for (unsigned i = 0; i < wanted; ++i)
                workers_.add(std::make_unique<Worker>(shared_, control_->facts(), wanted));
            for (auto& worker : workers_) worker->start();
        });
    }

    // Control loop's thread.
    void hand_out(const FactsPtr& facts) {
        workers_.post([facts](Worker& one) { one.set_facts(facts); });
    }

    base::Result<void> listen(const std::vector<std::string>& hosts) {
        std::size_t listening = 0;
        for (const std::string& host : hosts) {
            const auto result = listen_on(host);
            if (result) {
                ++listening;
                base::log_info("listening on {} (CQL) and {} (metadata service)",
                               net::to_text({host, shared_.settings.cql_port}),
                               net::to_text({host, shared_.settings.metadata_port}));
            } else if (result.error().kind == base::ErrorKind::not_found) {
                base::log_warning("{}: left out", result.error().message);
            } else {
                return result;
            }
        }
        if (listening > 0) return {};
        return base::fail(base::ErrorKind::bad_configuration,
                          folder_.settings() +
                              ": hosts: this machine has none of their addresses; name those to listen "
                              "on under 'bind' ('0.0.0.0' for all)");
    }

    base::Result<void> listen_on(const std::string& host) {
        base::Result<void> result;
        control_loop_.call([&] { result = control_->serve_metadata({host, shared_.settings.metadata_port}); });
        workers_.each([&](Worker& one) {
            if (result) result = one.listen({host, shared_.settings.cql_port});
        });
        return result;
    }

    const Folder folder_;
    Shared shared_;
    net::Workers<Worker> workers_;
    net::ControlLoop control_loop_;
    std::unique_ptr<Control> control_;
};

}  // namespace

base::Result<std::vector<std::string>> listening_hosts(const Settings& settings) {
    std::vector<std::string> found;
    for (const std::string& name : settings.bind.empty() ? settings.hosts : settings.bind) {
        const auto addresses = net::addresses_of({name, settings.cql_port});
        if (!addresses)
            return base::fail(addresses.error().kind,
                              addresses.error().message +
                                  "; wait until this machine can look it up, or name the addresses to listen on under "
                                  "'bind' in gateway.json ('gateway init --bind')");
        for (const net::Address& address : *addresses)
            if (std::find(found.begin(), found.end(), address.host) == found.end()) found.push_back(address.host);
    }
    return found;
}

int run(const Folder& folder, const Settings& settings, const nodes::Credentials& credentials) {
    const net::Termination termination;
    Gateway gateway(folder, settings);
    if (const auto started = gateway.start(credentials); !started) {
        std::fprintf(stderr, "crossfade gateway: %s\n", started.error().message.c_str());
        return 30;
    }
    base::log_info("the gateway '{}' serves", settings.name);
    termination.wait();
    base::log_info("stopping: new requests are not taken, those under way are answered");
    const std::size_t cut_off = gateway.stop();
    if (cut_off == 0) return 0;
    base::log_warning("{} connections were ended with requests that the nodes had not answered", cut_off);
    return 20;
}

}  // namespace crossfade::gateway

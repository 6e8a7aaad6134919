// The control loop of a gateway: its connection to the cluster, the metadata service, and the files that commands
// change while it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "gateway/facts.hpp"
#include "gateway/reachability.hpp"
#include "net/http.hpp"
#include "nodes/control_connection.hpp"

namespace crossfade::gateway {

// Its loop's thread only.
class Control {
public:
    static constexpr std::chrono::milliseconds look_every{250};  // at the files

    // `changed` is called with each new state.
    Control(net::Loop& loop, Shared& shared, Folder folder, nodes::Credentials credentials,
            std::function<void(FactsPtr)> changed);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    // Reads the files; then facts() has all but the cluster. Errors: bad_configuration.
    base::Result<void> load();
    // Connects to the cluster, now and whenever it is away, and watches the files; `reached` is called once, when the
    // first round of contact points is over, and which nodes can be reached is known.
    void start(std::function<void(base::Result<void>)> reached);
    base::Result<void> serve_metadata(const net::Address& on);
    void stop_serving() { services_.clear(); }
    const FactsPtr& facts() const { return facts_; }

private:
    base::Result<void> load_tokens();
    base::Result<void> load_identity();
    void look();
    void publish(const std::function<void(Facts&)>& change);
    void publish_nodes();
    void warn_of_dates() const;
    void complain(const std::string& what);

    net::Loop& loop_;
    Shared& shared_;
    const Folder folder_;
    std::function<void(FactsPtr)> changed_;
    FactsPtr facts_;
    net::Timer look_;
    int looks_ = 0;
    std::string tokens_seen_, identity_seen_, last_complaint_;
    std::vector<std::unique_ptr<net::HttpServer>> services_;
    std::shared_ptr<const nodes::Topology> told_;  // by the cluster; null before the first
    Reachability reachability_;
    std::unique_ptr<nodes::ControlConnection> cluster_;
    std::vector<base::Task<void>> tasks_;
};

}  // namespace crossfade::gateway

// What all loops of a running gateway share: what never changes, and what the control loop tells them anew.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gateway/audit_log.hpp"
#include "gateway/client_login.hpp"
#include "gateway/identity.hpp"
#include "gateway/prepared_statements.hpp"
#include "gateway/settings.hpp"
#include "gateway/token_use.hpp"
#include "gateway/tokens.hpp"
#include "nodes/topology.hpp"

namespace crossfade::gateway {

// One state of the world. Immutable.
struct Facts {
    Facts() = default;

    std::shared_ptr<const nodes::Topology> topology;  // null: the cluster has not been reached yet
    std::shared_ptr<const Greeting> greeting;
    TokenTablePtr tokens;
    std::shared_ptr<const Issued> issued;
};
using FactsPtr = std::shared_ptr<const Facts>;

// What clients are told of a cluster whose own connection speaks `highest` and answered OPTIONS with `supported`.
Greeting greeting_of(cql::ProtocolVersion highest, std::map<std::string, std::vector<std::string>> supported,
                     Guardrails guardrails);
constexpr const char* product_type = "PRODUCT_TYPE";
constexpr const char* apollo = "DATASTAX_APOLLO";

// Where a connection with this server name may go, the best first: the node of that host id alone; for none and for the
// gateway's own hosts any node, those of the local datacenter that are up first. Empty: nowhere.
std::vector<net::Address> routes(const Settings& settings, const nodes::Topology* topology,
                                 std::string_view server_name);
// Whether routes() is for one node by its name.
bool names_node(std::string_view server_name);

// Which server names clients may ask for. Any thread.
class ServerNames {
public:
    explicit ServerNames(const Settings& settings) : settings_(settings) {}
    void set_nodes(const nodes::Topology& topology);
    bool accepts(const std::string& server_name) const;

private:
    const Settings& settings_;
    mutable std::mutex mutex_;
    std::unordered_set<std::string> host_ids_;
};

// The certificates as they are now. Any thread.
class CurrentTls {
public:
    void set(std::shared_ptr<net::TlsContext> context) {
        const std::lock_guard guard(mutex_);
        context_ = std::move(context);
    }
    std::shared_ptr<net::TlsContext> get() const {
        const std::lock_guard guard(mutex_);
        return context_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<net::TlsContext> context_;
};

struct Shared {
    Shared(Settings with, const Folder& folder)
        : settings(std::move(with)), names(settings), audit(folder.audit_log()) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    const Settings settings;
    std::shared_ptr<net::TlsContext> cluster_tls;  // to nodes, set before the loops run; null: plain
    ServerNames names;
    CurrentTls tls;
    AuditLog audit;
    PreparedStatements statements{200'000};
    TokenUses uses;
};

}  // namespace crossfade::gateway

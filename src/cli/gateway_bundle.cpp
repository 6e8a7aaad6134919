// `crossfade gateway bundle create`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "bundle/certificate_facts.hpp"
#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/gateway_cluster.hpp"
#include "cli/gateway_part.hpp"
#include "cli/text_table.hpp"
#include "gateway/cluster_tls.hpp"
#include "gateway/identity.hpp"

namespace crossfade::cli {
namespace {

std::string list_of(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + printable(word);
    return text;
}

class BundleCreate final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_option("--datacenter", datacenter_, "the datacenter to make bundles for")
            ->type_name("DC")
            ->default_str("every one that the cluster has");
        app.add_option("--host", host_, "the host to make bundles for")
            ->type_name("HOST")
            ->default_str("every one that gateway.json has");
    }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(std::filesystem::absolute(path_).string());
        const auto made = make(folder, out);
        return made ? exit_done : end_with(made.error(), error);
    }

private:
    base::Result<void> make(const gateway::Folder& folder, std::ostream& out) const {
        const auto settings = gateway::read_settings(folder);
        if (!settings) return base::fail(settings.error());
        if (auto is_private = gateway::check_privacy(folder); !is_private) return is_private;
        const auto hosts = chosen_hosts(folder, *settings);
        if (!hosts) return base::fail(hosts.error());
        const auto datacenters = chosen_datacenters(folder, *settings);
        if (!datacenters) return base::fail(datacenters.error());
        for (const std::string& datacenter : *datacenters)
            for (const std::string& host : *hosts)
                if (auto is_made = make_one(folder, *settings, datacenter, host, out); !is_made) return is_made;
        return tell_of_server(folder, *hosts, out);
    }

    base::Result<std::vector<std::string>> chosen_hosts(const gateway::Folder& folder,
                                                        const gateway::Settings& settings) const {
        if (host_.empty()) return settings.hosts;
        const std::string host = settings.host_named(host_);
        if (!host.empty()) return std::vector{host};
        return base::fail(base::ErrorKind::bad_input, "--host: '" + host_ + "' is no host of this gateway, which has " +
                                                          list_of(settings.hosts) + "; add it under 'hosts' in " +
                                                          folder.settings());
    }

    base::Result<std::vector<std::string>> chosen_datacenters(const gateway::Folder& folder,
                                                              const gateway::Settings& settings) const {
        const auto role = role_of(settings);
        if (!role) return base::fail(role.error().kind, folder.settings() + ": password_env: " + role.error().message);
        const auto tls = gateway::make_cluster_tls(folder, settings);
        if (!tls) return base::fail(tls.error().kind, folder.settings() + ": cluster_tls: " + tls.error().message);
        auto datacenters = datacenters_of(settings, *role, *tls);
        if (!datacenters)
            return base::fail(datacenters.error().kind,
                              folder.settings() + ": cluster: " + datacenters.error().message);
        if (datacenter_.empty()) return datacenters;
        if (std::find(datacenters->begin(), datacenters->end(), datacenter_) != datacenters->end())
            return std::vector{datacenter_};
        return base::fail(base::ErrorKind::bad_input, "--datacenter: the cluster has no datacenter '" + datacenter_ +
                                                          "'; it has " + list_of(*datacenters));
    }

    // One that is there already stays as it is: applications have it.
    static base::Result<void> make_one(const gateway::Folder& folder, const gateway::Settings& settings,
                                       const std::string& datacenter, const std::string& host, std::ostream& out) {
        const auto issued = gateway::read_issued(folder);
        if (!issued) return base::fail(issued.error());
        const gateway::IssuedBundle* const before = issued->newest(datacenter, host);
        const bool counts = before != nullptr && before->counts(present());
        const std::string file = folder.bundle(settings.name, datacenter, host == settings.hosts.front() ? "" : host);
        std::error_code ignored;
        if (counts && std::filesystem::exists(file, ignored)) {
            out << file << ": is there already\n";
            return {};
        }
        const auto bundle = gateway::issue_bundle(folder, settings, datacenter, host, present());
        if (!bundle) return base::fail(bundle.error());
        out << bundle->file << ": the bundle for " << printable(datacenter) << " behind " << host;
        if (counts) out << "; the certificate before it, " << before->serial << ", counts until it is revoked";
        out << "\n";
        return {};
    }

    // A host that came after init is not in the certificate that clients are shown.
    static base::Result<void> tell_of_server(const gateway::Folder& folder, const std::vector<std::string>& hosts,
                                             std::ostream& out) {
        const auto text = gateway::read_text(folder.server_certificate());
        if (!text) return base::fail(text.error());
        const auto facts = bundle::read_certificate_facts(folder.server_certificate(), *text);
        if (!facts) return base::fail(facts.error());
        for (const std::string& host : hosts) {
            const auto is_host = [&](const std::string& name) {
                return gateway::lower_case(name) == gateway::lower_case(host);
            };
            if (std::any_of(facts->dns_names.begin(), facts->dns_names.end(), is_host) ||
                std::any_of(facts->addresses.begin(), facts->addresses.end(), is_host))
                continue;
            out << folder.server_certificate() << ": does not name " << host
                << "; 'crossfade gateway certificate renew --server --dir " << folder.path
                << "' makes one that does, and then the gateway has to be started again\n";
        }
        return {};
    }

    std::string path_, datacenter_, host_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_bundle_create() {
    return std::make_unique<BundleCreate>();
}

}  // namespace crossfade::cli

// `crossfade gateway init`.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <ostream>

#include "base/durable_file.hpp"
#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/gateway_cluster.hpp"
#include "cli/gateway_part.hpp"
#include "cli/text_table.hpp"
#include "gateway/cluster_tls.hpp"
#include "gateway/identity.hpp"
#include "gateway/token_file.hpp"

namespace crossfade::cli {
namespace {

// From the user's folder, since the gateway has another one.
void make_absolute(std::string& file) {
    if (!file.empty()) file = std::filesystem::absolute(file).string();
}

class GatewayInit final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_option("--cluster", cluster_, "a node of the cluster, or several, separated by commas; port 9042")
            ->type_name("HOST[:PORT]")
            ->delimiter(',')
            ->required();
        app.add_option("--name", settings_.name, "the database's name: bundles are named after it")
            ->type_name("NAME")
            ->required();
        app.add_option("--host", settings_.hosts,
                       "the name that clients know the gateway by, in DNS; may be given again for further names. The "
                       "first one may be an IP address")
            ->type_name("HOST")
            ->required();
        app.add_option("--cql-port", settings_.cql_port, "the port for CQL")->type_name("PORT")->capture_default_str();
        app.add_option("--metadata-port", settings_.metadata_port, "the port of the metadata service")
            ->type_name("PORT")
            ->capture_default_str();
        app.add_option("--username", settings_.username,
                       "the role of the gateway's own connection and of the first token")
            ->type_name("ROLE")
            ->default_str("none, the cluster asks for no login");
        app.add_option("--password-env", settings_.password_variable,
                       "the environment variable that holds its password; the gateway reads it again when it runs")
            ->type_name("VARIABLE")
            ->default_str("none");
        app.add_flag("--cluster-tls", settings_.cluster_tls.is_on,
                     "TLS to the cluster; the other TLS flags turn it on, too")
            ->default_str("false");
        app.add_option("--cluster-ca", settings_.cluster_tls.ca, "PEM certificates that vouch for the nodes")
            ->type_name("FILE")
            ->default_str("those that this system trusts");
        app.add_option("--cluster-cert", settings_.cluster_tls.certificate, "PEM certificate to show to the nodes")
            ->type_name("FILE")
            ->default_str("none");
        app.add_option("--cluster-key", settings_.cluster_tls.key, "PEM key of that certificate")
            ->type_name("FILE")
            ->default_str("none");
        app.add_option("--cluster-verify-host", settings_.cluster_tls.verifies_host,
                       "whether a node's certificate must name its address")
            ->type_name("true|false")
            ->default_str("true");
        app.add_option("--guardrails", guardrails_, "off, or astra: refuse what Astra refuses")
            ->type_name("off|astra")
            ->capture_default_str();
        app.add_option("--bind", settings_.bind, "an address to listen on; may be given again")
            ->type_name("ADDRESS")
            ->default_str("every address of every --host");
    }

    std::vector<std::string> problems() const override {
        gateway::Settings wished = with_tls(settings_);
        std::vector<std::string> found;
        for (const std::string& text : cluster_) {
            const auto address = net::parse_address(text, 9042);
            if (address)
                wished.cluster.push_back(*address);
            else
                found.push_back("--cluster: " + address.error().message);
        }
        if (const auto guardrails = gateway::guardrails_named(guardrails_); !guardrails)
            found.push_back("--guardrails: " + guardrails.error().message);
        for (std::string& problem : gateway::problems(wished)) found.push_back(std::move(problem));
        return found;
    }

    int run(std::ostream& out, std::ostream& error) override {
        for (const std::string& text : cluster_) settings_.cluster.push_back(*net::parse_address(text, 9042));
        settings_ = with_tls(std::move(settings_));
        gateway::ClusterTls& tls = settings_.cluster_tls;
        for (std::string* const file : {&tls.ca, &tls.certificate, &tls.key}) make_absolute(*file);
        settings_.guardrails = *gateway::guardrails_named(guardrails_);
        const gateway::Folder folder = folder_of(std::filesystem::absolute(path_).string());
        const auto made = make(folder, out);
        return made ? exit_done : end_with(made.error(), error);
    }

private:
    static gateway::Settings with_tls(gateway::Settings settings) {
        gateway::ClusterTls& tls = settings.cluster_tls;
        tls.is_on = tls.is_on || !tls.ca.empty() || !tls.certificate.empty() || !tls.key.empty();
        return settings;
    }

    base::Result<void> make(const gateway::Folder& folder, std::ostream& out) {
        std::error_code ignored;
        if (std::filesystem::exists(folder.settings(), ignored))
            return base::fail(base::ErrorKind::bad_input,
                              folder.settings() + ": there is a gateway in this folder already; give another --dir");
        // Before anything is written: a folder that others can read, a cluster that does not answer.
        if (auto is_private = gateway::check_privacy(folder); !is_private) return is_private;
        const auto role = role_of(settings_);
        if (!role) return base::fail(role.error().kind, "--password-env: " + role.error().message);
        const auto tls = tls_to_cluster(folder);
        if (!tls) return base::fail(tls.error());
        const auto datacenters = datacenters_of(settings_, *role, *tls);
        if (!datacenters) return base::fail(datacenters.error().kind, "--cluster: " + datacenters.error().message);
        if (auto is_made = gateway::make_folder(folder); !is_made) return is_made;
        if (auto is_kept = gateway::keep_cluster_files(folder, settings_); !is_kept) return is_kept;
        if (auto is_made = gateway::make_identity(folder, settings_, present()); !is_made) return is_made;
        for (const std::string& datacenter : *datacenters)
            for (const std::string& host : settings_.hosts) {
                const auto bundle = gateway::issue_bundle(folder, settings_, datacenter, host, present());
                if (!bundle) return base::fail(bundle.error());
                out << bundle->file << ": the bundle for " << printable(datacenter) << " behind " << host << "\n";
            }
        const auto token = gateway::make_token(*role, {}, present(), {});
        if (auto added = gateway::add_token(folder, token.token); !added) return added;
        if (auto written = base::write_durably(folder.first_token(), token.secrets.token.reveal() + "\n"); !written)
            return written;
        out << folder.first_token() << ": a token for "
            << (role->username.empty() ? "the cluster, which asks for no login"
                                       : "the role " + printable(role->username))
            << "; take it away, nothing else needs this file\n";
        if (auto written = base::write_durably(folder.settings(), gateway::to_json(settings_)); !written)
            return written;
        out << folder.settings() << ": the settings; start it with 'crossfade gateway run --dir " << folder.path
            << "'\n";
        return {};
    }

    // What is wrong with a file is said of its flag.
    base::Result<std::shared_ptr<net::TlsContext>> tls_to_cluster(const gateway::Folder& folder) const {
        auto made = gateway::make_cluster_tls(folder, settings_);
        if (made) return made;
        const gateway::ClusterTls& tls = settings_.cluster_tls;
        for (const auto& [flag, file] :
             {std::pair("--cluster-ca: ", tls.ca), std::pair("--cluster-cert: ", tls.certificate),
              std::pair("--cluster-key: ", tls.key)})
            if (!file.empty() && made.error().message.starts_with(file + ":"))
                return base::fail(made.error().kind, flag + made.error().message);
        return base::fail(made.error().kind, "--cluster-tls: " + made.error().message);
    }

    std::string path_, guardrails_ = "off";
    std::vector<std::string> cluster_;
    gateway::Settings settings_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_init() {
    return std::make_unique<GatewayInit>();
}

}  // namespace crossfade::cli

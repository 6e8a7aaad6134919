#include "cli/connect_source.hpp"

#include <sys/stat.h>

#include <optional>

#include "cli/cluster_bundle.hpp"
#include "cli/devops_client.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

class Source {
public:
    Source(const ConnectSettings& settings, ConnectSettingTable& table, ConnectOptionsResult& result)
        : settings_(settings), table_(table), result_(result) {}

    void take() {
        take_credentials();
        take_source();
    }

private:
    connect::Options& options() { return result_.options; }
    bool has(const char* name) const { return table_.is_given(name); }
    void warn(std::string text) { result_.warnings.push_back(std::move(text)); }
    bool has_token() const { return !settings_.astra_token.empty() || !settings_.astra_token_file.empty(); }
    bool has_bundle() const { return !settings_.astra_bundle.empty() || has_token(); }

    std::string secret_in(const char* name, const std::string& path) {
        auto secret = read_secret_file(path);
        if (!secret) {
            table_.problem(name, printable(secret.error().message));
            return {};
        }
        if (is_open_to_others(path))
            warn(path + ": every user of this machine can read it; chmod 600 keeps what is in it private");
        return secret->reveal();
    }

    // A flag counts before what the environment or the configuration says.
    std::string password() {
        if (settings_.password_file.empty()) return settings_.password;
        const bool is_flag = table_.place_of("password") == "--password";
        if (is_flag && table_.place_of("password-file") == "--password-file")
            table_.problem("password", "there is --password-file too; keep one of them");
        return is_flag ? settings_.password : secret_in("password-file", settings_.password_file);
    }

    void take_credentials() {
        nodes::Credentials& credentials = options().cluster.credentials;
        credentials = {settings_.username, password()};
        if (!credentials.username.empty() && credentials.password.empty() && table_.problems().empty())
            table_.problem("username", "has no password; give --password-file FILE");
        if (credentials.username.empty() && !credentials.password.empty()) {
            if (has_bundle())
                credentials.username = "token";
            else
                table_.problem(has("password") ? "password" : "password-file",
                               "is a password without a user; give --username NAME");
        }
    }

    void take_source() {
        if (!settings_.astra_bundle.empty()) {
            if (has_token()) warn("the bundle counts: the application token and its database are not used");
            if (!settings_.contact_points.empty()) warn("the bundle counts: the contact points are not used");
            take_bundle(open_cluster_bundle(settings_.astra_bundle), "astra-bundle");
        } else if (has_token()) {
            if (!settings_.contact_points.empty()) warn("the token counts: the contact points are not used");
            fetch();
        } else if (!settings_.contact_points.empty()) {
            take_contact_points();
        } else {
            table_.problem("astra-bundle",
                           "there is no cluster to connect to; give --astra-bundle FILE, or --astra-token-file FILE "
                           "with --astra-database-id ID, or --contact-points HOST[:PORT],…");
        }
    }

    void take_contact_points() {
        for (const std::string& point : settings_.contact_points) {
            auto address = net::parse_address(point, settings_.port);
            if (!address || address->port == 0)
                table_.problem("contact-points", address ? "'" + printable(point) + "': the port goes from 1 to 65535"
                                                         : printable(address.error().message));
            else
                options().cluster.contact_points.push_back(std::move(*address));
        }
    }

    void fetch() {
        DevopsQuestion question;
        question.api_url = settings_.astra_api_url;
        question.api_url_flag = "--astra-api-url";
        question.database_id_flag = "--astra-database-id";
        question.database_id = settings_.astra_database_id;
        question.patience = settings_.astra_timeout;
        question.token = base::Secret<std::string>(settings_.astra_token_file.empty()
                                                       ? settings_.astra_token
                                                       : secret_in("astra-token-file", settings_.astra_token_file));
        if (!is_database_id(question.database_id))
            table_.problem("astra-database-id",
                           question.database_id.empty()
                               ? "is missing; a token goes with the id of its database"
                               : "'" + printable(question.database_id.substr(0, 100)) +
                                     "' is no id of a database; it is made of letters, digits and dashes");
        if (const auto url = safe_url(settings_.astra_api_url, "it"); !url)
            table_.problem("astra-api-url", url.error().message);
        if (!table_.problems().empty()) return;
        options().cluster.credentials = {"token", question.token.reveal()};
        auto sources = ask_bundle_sources(question);
        if (!sources) {
            result_.fetched = base::fail(sources.error());
            return;
        }
        const auto source = choose(*sources);
        if (!source) return;
        const std::string where = "the bundle of database " + question.database_id;
        const auto archive = fetch_bundle(*source, where, question.patience);
        if (!archive)
            result_.fetched = base::fail(archive.error());
        else
            take_bundle(open_cluster_bundle(where, base::bytes_of(*archive)), "astra-database-id");
    }

    std::optional<BundleSource> choose(const std::vector<BundleSource>& sources) {
        std::string names;
        for (const BundleSource& source : sources) {
            if (source.region == settings_.astra_region && !source.region.empty()) return source;
            names += (names.empty() ? "" : ", ") + printable(source.region);
        }
        if (!settings_.astra_region.empty()) {
            table_.problem("astra-region",
                           "the database has no region '" + printable(settings_.astra_region) + "'; it has " + names);
            return std::nullopt;
        }
        if (sources.size() > 1)
            warn("the database has several regions (" + names + "), and " + printable(sources.front().region) +
                 " is used; --astra-region NAME chooses");
        return sources.front();
    }

    void take_bundle(ClusterBundle bundle, const char* setting) {
        for (std::string& warning : bundle.warnings) warn(std::move(warning));
        for (const std::string& problem : bundle.problems) table_.problem(setting, problem);
        if (!bundle.problems.empty()) return;
        options().cluster.tls = std::move(bundle.tls);
        options().cluster.metadata_service = std::move(bundle.metadata_service);
        nodes::Credentials& credentials = options().cluster.credentials;
        if (credentials.empty()) credentials = std::move(bundle.credentials);
        if (credentials.empty())
            table_.problem("username", "a bundle goes with a login; give --username token --password-file FILE");
    }

    const ConnectSettings& settings_;
    ConnectSettingTable& table_;
    ConnectOptionsResult& result_;
};

}  // namespace

bool is_open_to_others(const std::string& path) {
    struct stat about {};
    return ::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

void take_source(const ConnectSettings& settings, ConnectSettingTable& table, ConnectOptionsResult& result) {
    Source(settings, table, result).take();
}

}  // namespace crossfade::cli

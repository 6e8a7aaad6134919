#include "cli/cluster_section.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "cli/cluster_bundle.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::uint16_t lowest_port = 1, highest_port = 65535;

Complaint check_contact_point(const std::string& text) {
    auto address = net::parse_address(text, lowest_port);
    if (!address) return address.error().message;
    if (address->port == 0) return "'" + text + "': the port goes from 1 to 65535";
    return std::nullopt;
}

std::string first_line(Keys& keys, const std::string& key, const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) keys.problem(key, "the first line of '" + path + "' is empty; it has to be the password");
    return line;
}

// The first line of the password file, or of the JSON that comes with an application token the token; a problem of the
// key and empty where there is none.
std::string password_in_file(Keys& keys, const std::string& key, const std::string& path, bool may_be_token) {
    std::string line;
    if (may_be_token) {
        const auto secret = read_secret_file(path);
        if (secret)
            line = secret->reveal();
        else
            keys.problem(key, printable(secret.error().message));
    } else {
        line = first_line(keys, key, path);
    }
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0)
        keys.warning(key, "every user of this machine can read '" + path + "'; chmod 600 keeps the password private");
    return line;
}

std::string password_in_environment(Keys& keys, const std::string& key, const std::string& variable) {
    const char* const value = std::getenv(variable.c_str());
    if (value != nullptr && value[0] != '\0') return value;
    keys.problem(key, "the environment variable " + variable + (value == nullptr ? " is not set" : " is empty"));
    return {};
}

nodes::Credentials credentials_of(Keys& keys, const std::string& side, const ClusterSection& section) {
    const std::string file_key = side + ".password_file", environment_key = side + ".password_env";
    nodes::Credentials credentials{section.username, {}};
    const bool has_bundle = keys.is_given(side + ".secure_connect_bundle");
    const bool has_file = keys.is_given(file_key), has_environment = keys.is_given(environment_key);
    if (has_file && has_environment) {
        keys.problem(environment_key, "there is " + side + ".password_file too; keep one of them");
    } else if (has_file) {
        if (!keys.is_wrong(file_key))
            credentials.password = password_in_file(keys, file_key, section.password_file, has_bundle);
    } else if (has_environment) {
        if (!keys.is_wrong(environment_key))
            credentials.password = password_in_environment(keys, environment_key, section.password_env);
    } else if (keys.is_given(side + ".username") && !keys.is_given(side + ".password")) {
        keys.problem(side + ".username",
                     "has no password; give " + side + ".password_file or " + side + ".password_env");
    }
    if ((has_file || has_environment) && !keys.is_given(side + ".username")) {
        if (has_bundle)
            credentials.username = "token";
        else
            keys.problem(has_file ? file_key : environment_key,
                         "is a password without a user; give " + side + ".username");
    }
    return credentials;
}

std::shared_ptr<net::TlsContext> tls_of(Keys& keys, const std::string& side, const ClusterSection& section) {
    if (!keys.is_given(side + ".tls")) return nullptr;
    const bool has_certificate = keys.is_given(side + ".tls.cert"), has_key = keys.is_given(side + ".tls.key");
    if (has_certificate != has_key) {
        keys.problem(side + (has_certificate ? ".tls.cert" : ".tls.key"),
                     has_certificate ? "a certificate needs its key; give " + side + ".tls.key"
                                     : "a key needs its certificate; give " + side + ".tls.cert");
        return nullptr;
    }
    for (const char* key : {".tls", ".tls.ca", ".tls.cert", ".tls.key"})
        if (keys.is_wrong(side + key)) return nullptr;
    net::TlsOptions options;
    options.ca_file = section.tls_ca;
    options.certificate_file = section.tls_certificate;
    options.key_file = section.tls_key;
    options.verify_host = section.tls_verify_host;
    auto context = net::make_client_tls(options);
    if (context) return *context;
    keys.problem(side + ".tls", context.error().message);
    return nullptr;
}

void take_contact_points(Keys& keys, const std::string& side, const ClusterSection& section,
                         nodes::ClusterOptions& options) {
    const std::string points = side + ".contact_points";
    if (section.contact_points.empty()) {
        if (!keys.is_given(points))
            keys.problem(points, "is missing; name at least one node of the " + side + " (--" + side +
                                     " HOST[:PORT]), or give " + side + ".secure_connect_bundle");
        else if (!keys.is_wrong(points))
            keys.problem(points, "is empty; name at least one node of the " + side);
    }
    for (const std::string& point : section.contact_points)
        if (auto address = net::parse_address(point, section.port))
            options.contact_points.push_back(std::move(*address));
}

void take_bundle(Keys& keys, const std::string& side, const ClusterSection& section, nodes::ClusterOptions& options) {
    const std::string key = side + ".secure_connect_bundle";
    for (const auto& [other, what] :
         {std::pair(".contact_points", "the contact points come"), std::pair(".port", "ports come"),
          std::pair(".tls", "the certificates come"), std::pair(".local_datacenter", "the local datacenter comes")})
        if (keys.is_given(side + other))
            keys.problem(side + other, "there is " + key + " too: " + what + " from it; keep one of them");
    if (keys.is_wrong(key)) return;
    ClusterBundle bundle = open_cluster_bundle(section.secure_connect_bundle);
    for (const std::string& warning : bundle.warnings) keys.warning(key, warning);
    for (const std::string& problem : bundle.problems) keys.problem(key, problem);
    if (!bundle.problems.empty()) return;
    options.metadata_service = std::move(bundle.metadata_service);
    options.tls = std::move(bundle.tls);
    const bool says_nothing = !keys.is_given(side + ".username") && !keys.is_given(side + ".password_file") &&
                              !keys.is_given(side + ".password_env");
    if (says_nothing) options.credentials = std::move(bundle.credentials);
    if (says_nothing && options.credentials.empty())
        keys.problem(key, "a bundle goes with a login; give " + side +
                              ".password_file with the application token (or " + side +
                              ".username with a client id, and its secret)");
}

}  // namespace

void add_cluster_keys(Keys& keys, const std::string& side, ClusterSection& section) {
    const std::string cluster = "the " + side;
    keys.list(side + ".contact_points", section.contact_points, "HOST[:PORT],…", check_contact_point,
              "some nodes of " + cluster + "; the others are found through them")
        .bare_flag()
        .shown_default("none; needed unless there is a bundle");
    keys.number(side + ".port", section.port, lowest_port, highest_port, "port of every contact point that names none");
    keys.file(side + ".secure_connect_bundle", section.secure_connect_bundle,
              "instead of contact points, TLS and local datacenter: the Secure Connect Bundle of " + cluster)
        .shown_default("none");
    keys.text(side + ".local_datacenter", section.local_datacenter, "NAME",
              "the datacenter whose nodes get the requests")
        .shown_default("that of the contact point that answers first");
    keys.text(side + ".username", section.username, "NAME",
              "the role that Crossfade itself logs in with; with a bundle `token`, or a client id")
        .shown_default("none, no login; with a bundle token");
    keys.file(side + ".password_file", section.password_file,
              "a file whose first line is the password of that role; with a bundle the application token, also as the "
              "JSON that came with it")
        .shown_default("none");
    keys.text(side + ".password_env", section.password_env, "VARIABLE",
              "the environment variable that holds the password of that role")
        .shown_default("none");
    keys.file(side + ".tls.ca", section.tls_ca,
              "PEM certificates that vouch for " + cluster + "; any tls key turns TLS on")
        .shown_default("those that this system trusts");
    keys.file(side + ".tls.cert", section.tls_certificate, "PEM certificate to show to " + cluster)
        .shown_default("none");
    keys.file(side + ".tls.key", section.tls_key, "PEM key of that certificate").shown_default("none");
    keys.boolean(side + ".tls.verify_host", section.tls_verify_host,
                 "whether a node's certificate must name its address");
    keys.refuse(side + ".password",
                "a password is not taken from here, where others could read it; put it into a file and give " + side +
                    ".password_file, or into an environment variable and give " + side + ".password_env");
}

nodes::ClusterOptions finish_cluster(Keys& keys, const std::string& side, const ClusterSection& section) {
    nodes::ClusterOptions options;
    options.label = side;
    options.local_datacenter = section.local_datacenter;
    const bool has_bundle = keys.is_given(side + ".secure_connect_bundle");
    if (!has_bundle) take_contact_points(keys, side, section, options);
    options.credentials = credentials_of(keys, side, section);
    if (has_bundle)
        take_bundle(keys, side, section, options);
    else
        options.tls = tls_of(keys, side, section);
    return options;
}

}  // namespace crossfade::cli

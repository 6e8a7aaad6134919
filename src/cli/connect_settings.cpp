#include "cli/connect_settings.hpp"

#include <algorithm>
#include <charconv>

#include "cli/devops_client.hpp"
#include "cli/text_table.hpp"
#include "connect/go_duration.hpp"

namespace crossfade::cli {
namespace {

using Setter = std::function<Complaint(const std::string&)>;

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::string shown(const std::string& text) {
    return "'" + printable(text.substr(0, 100)) + "'";
}

std::vector<std::string> items_of(const std::string& text) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        std::string item = text.substr(at, comma - at);
        item.erase(0, item.find_first_not_of(" \t"));
        item.erase(item.find_last_not_of(" \t") + 1);
        if (!item.empty()) items.push_back(std::move(item));
        at = comma + 1;
    }
    return items;
}

Setter text_into(std::string& value) {
    return [&value](const std::string& text) {
        value = text;
        return Complaint();
    };
}

Setter list_into(std::vector<std::string>& value) {
    return [&value](const std::string& text) {
        value = items_of(text);
        return Complaint();
    };
}

Setter switch_into(bool& value) {
    return [&value](const std::string& text) {
        const std::string word = lower(text);
        const bool is_yes = word == "true" || word == "1" || word == "yes" || word == "on";
        const bool is_no = word == "false" || word == "0" || word == "no" || word == "off";
        if (!is_yes && !is_no) return Complaint(shown(text) + " is neither true nor false");
        value = is_yes;
        return Complaint();
    };
}

template <class Number>
Setter number_into(Number& value, std::int64_t least, std::int64_t most) {
    return [&value, least, most](const std::string& text) {
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem != std::errc() || end != text.data() + text.size() || number < least || number > most)
            return Complaint(shown(text) + " is no whole number from " + std::to_string(least) + " to " +
                             std::to_string(most));
        value = static_cast<Number>(number);
        return Complaint();
    };
}

Setter duration_into(std::chrono::milliseconds& value) {
    return [&value](const std::string& text) {
        const auto duration = connect::parse_go_duration(text);
        if (!duration) return Complaint(printable(duration.error().message));
        if (duration->count() < 10) return Complaint(shown(text) + " is too short; give 10ms at least");
        value = *duration;
        return Complaint();
    };
}

// ":9042" is every address of this machine.
Setter address_into(net::Address& value, std::uint16_t port) {
    return [&value, port](const std::string& text) {
        const auto address = net::parse_address(text.starts_with(':') ? "0.0.0.0" + text : text, port);
        if (!address) return Complaint(printable(address.error().message));
        value = *address;
        return Complaint();
    };
}

Setter version_into(cql::ProtocolVersion& value) {
    return [&value](const std::string& text) {
        static const std::map<std::string, cql::ProtocolVersion> names = {
            {"3", cql::ProtocolVersion::v3},      {"v3", cql::ProtocolVersion::v3},
            {"4", cql::ProtocolVersion::v4},      {"v4", cql::ProtocolVersion::v4},
            {"5", cql::ProtocolVersion::v5},      {"v5", cql::ProtocolVersion::v5},
            {"65", cql::ProtocolVersion::dse_v1}, {"dsev1", cql::ProtocolVersion::dse_v1},
            {"66", cql::ProtocolVersion::dse_v2}, {"dsev2", cql::ProtocolVersion::dse_v2}};
        const auto found = names.find(lower(text));
        if (found == names.end()) return Complaint(shown(text) + " is not v3, v4, v5, DSEv1 or DSEv2");
        value = found->second;
        return Complaint();
    };
}

std::optional<cql::Consistency> consistency_named(const std::string& name) {
    for (int code = 0; code <= static_cast<int>(cql::Consistency::local_one); ++code) {
        const auto consistency = static_cast<cql::Consistency>(code);
        if (lower(std::string(cql::name_of(consistency))) == lower(name)) return consistency;
    }
    return std::nullopt;
}

Complaint no_consistency(const std::string& text) {
    return Complaint(shown(text) + " is no consistency level such as ONE, LOCAL_QUORUM or EACH_QUORUM");
}

Setter consistency_into(cql::Consistency& value) {
    return [&value](const std::string& text) {
        const auto consistency = consistency_named(text);
        if (!consistency) return no_consistency(text);
        value = *consistency;
        return Complaint();
    };
}

Setter consistencies_into(std::vector<cql::Consistency>& value) {
    return [&value](const std::string& text) {
        std::vector<cql::Consistency> all;
        for (const std::string& item : items_of(text)) {
            const auto consistency = consistency_named(item);
            if (!consistency) return no_consistency(item);
            all.push_back(*consistency);
        }
        value = std::move(all);
        return Complaint();
    };
}

Setter client_login_into(bool& value) {
    return [&value](const std::string& text) {
        if (text != "none" && text != "cluster") return Complaint(shown(text) + " is not none or cluster");
        value = text == "cluster";
        return Complaint();
    };
}

}  // namespace

ConnectSettingTable::ConnectSettingTable(ConnectSettings& settings) : settings_(settings) {
    settings.astra_api_url = astra_api_url;
    add_cluster(settings);
    add_endpoint(settings);
    add_times(settings);
    add_shown(settings);
}

ConnectSetting& ConnectSettingTable::add(std::string name, char short_name, std::string variable,
                                         std::string value_name, std::string default_text, std::string help,
                                         Setter set) {
    ConnectSetting setting;
    setting.name = std::move(name);
    setting.short_name = short_name;
    setting.variable = std::move(variable);
    setting.value_name = std::move(value_name);
    setting.default_text = std::move(default_text);
    setting.help = std::move(help);
    setting.set = std::move(set);
    return all_.emplace_back(std::move(setting));
}

void ConnectSettingTable::add_cluster(ConnectSettings& s) {
    add("astra-bundle", 'b', "ASTRA_BUNDLE", "FILE", "none",
        "the Secure Connect Bundle of the cluster; counts before a token, and that before contact points",
        text_into(s.astra_bundle));
    add("astra-token", 't', "ASTRA_TOKEN", "TOKEN", "none",
        "the application token by which the bundle is fetched and the login done; --astra-token-file keeps it private",
        text_into(s.astra_token))
        .is_secret = true;
    add("astra-token-file", '\0', "ASTRA_TOKEN_FILE", "FILE", "none",
        "a file whose first line is that token, or the JSON that came with it", text_into(s.astra_token_file));
    add("astra-database-id", 'i', "ASTRA_DATABASE_ID", "ID", "none", "with a token: the database",
        text_into(s.astra_database_id));
    add("astra-region", '\0', "ASTRA_REGION", "NAME", "the first that the API names",
        "with a token: the region whose bundle is wanted", text_into(s.astra_region));
    add("astra-api-url", '\0', "ASTRA_API_URL", "URL", s.astra_api_url, "with a token: where the DevOps API is",
        text_into(s.astra_api_url));
    add("contact-points", 'c', "CONTACT_POINTS", "HOST[:PORT],…", "none",
        "some nodes of the cluster; the others are found through them", list_into(s.contact_points));
    add("port", 'r', "PORT", "N", std::to_string(s.port), "port of every contact point that names none",
        number_into(s.port, 1, 65535));
    add("username", 'u', "USERNAME", "NAME", "token with a bundle, else none",
        "the role that requests run under; the variable counts only together with PASSWORD", text_into(s.username));
    add("password", 'p', "PASSWORD", "TEXT", "none", "its password or token; --password-file keeps it private",
        text_into(s.password))
        .is_secret = true;
    add("password-file", '\0', "PASSWORD_FILE", "FILE", "none",
        "a file whose first line is that password or token, or the JSON that came with a token",
        text_into(s.password_file));
    add("local-datacenter", '\0', "LOCAL_DATACENTER", "NAME",
        "that of the bundle, or of the contact point that answers first", "the datacenter whose nodes get the requests",
        text_into(s.local_datacenter));
    add("cluster-tls", '\0', "CLUSTER_TLS", "", "false", "TLS to contact points, trusting what this system trusts",
        switch_into(s.cluster_tls))
        .is_switch = true;
    add("cluster-ca-file", '\0', "CLUSTER_CA_FILE", "FILE", "those that this system trusts",
        "TLS to contact points, trusting these PEM certificates alone", text_into(s.cluster_ca_file));
    add("cluster-cert-file", '\0', "CLUSTER_CERT_FILE", "FILE", "none", "PEM certificate to show to the nodes",
        text_into(s.cluster_cert_file));
    add("cluster-key-file", '\0', "CLUSTER_KEY_FILE", "FILE", "none", "PEM key of that certificate",
        text_into(s.cluster_key_file));
    add("cluster-verify-host", '\0', "CLUSTER_VERIFY_HOST", "true|false", "true",
        "whether a node's certificate must name its address", switch_into(s.cluster_verify_host));
    add("protocol-version", 'n', "PROTOCOL_VERSION", "VERSION", "v5",
        "the version to begin with at the cluster: v3, v4, v5, DSEv1 or DSEv2; it steps down by itself",
        version_into(s.protocol_version));
    add("max-protocol-version", 'm', "MAX_PROTOCOL_VERSION", "VERSION", "v5",
        "the highest version that clients are offered, as far as the cluster speaks it",
        version_into(s.max_protocol_version));
    add("num-conns", '\0', "NUM_CONNS", "N", "1", "connections of each event loop to a node",
        number_into(s.num_conns, 1, 128));
}

void ConnectSettingTable::add_endpoint(ConnectSettings& s) {
    add("bind", 'a', "BIND", "HOST:PORT", net::to_text(s.bind),
        "where clients connect; ':9042' is every address of this machine", address_into(s.bind, 9042));
    add("proxy-cert-file", '\0', "PROXY_CERT_FILE", "FILE", "none, clients connect without TLS",
        "PEM certificate, with its chain, to show to clients", text_into(s.proxy_cert_file));
    add("proxy-key-file", '\0', "PROXY_KEY_FILE", "FILE", "none", "PEM key of that certificate",
        text_into(s.proxy_key_file));
    add("proxy-client-ca-file", '\0', "PROXY_CLIENT_CA_FILE", "FILE", "none, clients need no certificate",
        "PEM certificates that have to vouch for the certificate of every client", text_into(s.proxy_client_ca_file));
    add("client-users-file", '\0', "CLIENT_USERS_FILE", "FILE", "none, clients need no login",
        "a file with one name:password a line: who may log in to the endpoint", text_into(s.client_users_file));
    add("client-auth", '\0', "CLIENT_AUTH", "none|cluster", "none",
        "cluster: clients log in with roles of the cluster, which proves them, and act under these",
        client_login_into(s.clients_log_in_to_cluster));
    add("unsupported-write-consistencies", '\0', "UNSUPPORTED_WRITE_CONSISTENCIES", "LEVEL,…", "none",
        "consistency levels that INSERT, UPDATE, DELETE and BATCH must not go on with",
        consistencies_into(s.unsupported_write_consistencies));
    add("unsupported-write-consistency-override", '\0', "", "LEVEL", "LOCAL_QUORUM", "the level in place of those",
        consistency_into(s.write_consistency));
    add("idempotent-graph", '\0', "IDEMPOTENT_GRAPH", "", "false",
        "DSE graph requests may be repeated after a lost connection", switch_into(s.idempotent_graph))
        .is_switch = true;
    add("threads", '\0', "", "N", "0, one for each core", "event loops", number_into(s.threads, 0, 1024));
    add("debug", '\0', "DEBUG", "", "false", "debug messages are logged too", switch_into(s.debug)).is_switch = true;
}

void ConnectSettingTable::add_times(ConnectSettings& s) {
    const auto add_time = [&](const char* name, const char* variable, std::chrono::milliseconds& value,
                              const char* help) {
        add(name, '\0', variable, "DURATION", connect::to_go_duration(value), help, duration_into(value));
    };
    add("health-check", '\0', "HEALTH_CHECK", "", "false", "/liveness and /readiness are served",
        switch_into(s.health_check))
        .is_switch = true;
    add("http-bind", '\0', "HTTP_BIND", "HOST:PORT", ":8000", "where they are served", address_into(s.http_bind, 8000));
    add_time("readiness-timeout", "READINESS_TIMEOUT", s.readiness_timeout,
             "how long the cluster may be away before /readiness says 503");
    add_time("astra-timeout", "ASTRA_TIMEOUT", s.astra_timeout,
             "patience with the DevOps API, the download and the metadata service, each");
    add_time("connect-timeout", "CONNECT_TIMEOUT", s.connect_timeout,
             "how long opening a connection to a node may take, login included");
    add_time("heartbeat-interval", "HEARTBEAT_INTERVAL", s.heartbeat_interval,
             "a connection that sent nothing for so long is asked with OPTIONS");
    add_time("idle-timeout", "IDLE_TIMEOUT", s.idle_timeout,
             "a connection is given up when nothing came for so long, at the latest 10 s after it was asked");
    add_time("request-timeout", "", s.request_timeout, "how long the cluster has for a request");
}

void ConnectSettingTable::add_shown(ConnectSettings& s) {
    add("rpc-address", '\0', "RPC_ADDRESS", "IP", "the address that a client came to",
        "the address that system.local shows; needed with peers", text_into(s.rpc_address));
    add("data-center", '\0', "DATA_CENTER", "NAME", "that of the cluster", "the datacenter that system tables show",
        text_into(s.data_center));
    add("tokens", '\0', "TOKENS", "TOKEN,…", "spread evenly over all peers", "the tokens that system.local shows",
        list_into(s.tokens));
}

std::string ConnectSettingTable::place_of(const std::string& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::string() : found->second;
}

void ConnectSettingTable::apply(const std::string& name, const std::string& text, const std::string& place) {
    const auto setting = std::ranges::find(all_, name, &ConnectSetting::name);
    places_[name] = place;
    if (const Complaint complaint = setting->set(text)) problems_.push_back(place + ": " + *complaint);
}

void ConnectSettingTable::read_file(const std::string& path) {
    ConnectFile file = read_connect_file(path);
    problems_.insert(problems_.end(), file.problems.begin(), file.problems.end());
    for (const ConnectFileEntry& entry : file.entries) {
        if (std::ranges::find(all_, entry.name, &ConnectSetting::name) == all_.end())
            problems_.push_back(entry.place + ": is no setting; 'crossfade connect --help' lists them");
        else
            apply(entry.name, entry.text, entry.place);
    }
    settings_.peers = std::move(file.peers);
}

void ConnectSettingTable::read_environment(const std::function<const char*(const char*)>& value_of) {
    const auto given = [&](const char* variable) {
        const char* const value = value_of(variable);
        return std::string(value == nullptr ? "" : value);
    };
    for (const ConnectSetting& setting : all_) {
        if (setting.variable.empty()) continue;
        const std::string value = given(setting.variable.c_str());
        if (value.empty() || (setting.name == "username" && given("PASSWORD").empty())) continue;
        variables_used_.push_back(setting.variable);
        apply(setting.name, value, "the environment variable " + setting.variable);
    }
}

}  // namespace crossfade::cli

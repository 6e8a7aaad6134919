#include "gateway/settings.hpp"

#include <arpa/inet.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/json_text.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::size_t longest_name = 48;  // it becomes part of a certificate's common name (64)

tl::unexpected<base::Error> wrong(const std::string& what) {
    return base::fail(base::ErrorKind::bad_configuration, what);
}

bool is_ip_address(const std::string& host, int family) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(family, host.c_str(), bytes.data()) == 1;
}

std::string list_of(const std::vector<std::string>& texts) {
    base::JsonList list;
    for (const std::string& text : texts) list.add(base::json_quoted(text));
    return list.text();
}

// Reads one field into the settings. Gives what it has to be, where it is not that.
class FieldReader {
public:
    explicit FieldReader(Settings& settings) : settings_(settings) {}

    base::Result<void> read(std::string_view name, const simdjson::dom::element& value) {
        if (name == "name") return text(value, settings_.name);
        if (name == "cluster") return addresses(value);
        if (name == "cluster_tls") return boolean(value, settings_.cluster_tls.is_on);
        if (name == "cluster_ca") return text(value, settings_.cluster_tls.ca);
        if (name == "cluster_cert") return text(value, settings_.cluster_tls.certificate);
        if (name == "cluster_key") return text(value, settings_.cluster_tls.key);
        if (name == "cluster_verify_host") return boolean(value, settings_.cluster_tls.verifies_host);
        if (name == "hosts") return texts(value, settings_.hosts);
        if (name == "bind") return texts(value, settings_.bind);
        if (name == "cql_port") return number(value, settings_.cql_port);
        if (name == "metadata_port") return number(value, settings_.metadata_port);
        if (name == "threads") return number(value, settings_.threads);
        if (name == "guardrails") return guardrails(value);
        if (name == "username") return text(value, settings_.username);
        if (name == "password_env") return text(value, settings_.password_variable);
        return wrong("there is no such setting; take it out");
    }

private:
    static base::Result<void> text(const simdjson::dom::element& value, std::string& into) {
        std::string_view read;
        if (value.get(read) != simdjson::SUCCESS) return wrong("it has to be text");
        into = read;
        return {};
    }
    static base::Result<void> boolean(const simdjson::dom::element& value, bool& into) {
        if (value.get(into) != simdjson::SUCCESS) return wrong("it has to be true or false");
        return {};
    }
    static base::Result<void> texts(const simdjson::dom::element& value, std::vector<std::string>& into) {
        simdjson::dom::array list;
        if (value.get(list) != simdjson::SUCCESS) return wrong("it has to be a list of texts");
        for (const simdjson::dom::element one : list) {
            into.emplace_back();
            if (auto read = text(one, into.back()); !read) return read;
        }
        return {};
    }
    template <class Number>
    static base::Result<void> number(const simdjson::dom::element& value, Number& into) {
        std::uint64_t read = 0;
        if (value.get(read) != simdjson::SUCCESS || read > std::numeric_limits<std::uint16_t>::max())
            return wrong("it has to be a number from 0 to 65535");
        into = static_cast<Number>(read);
        return {};
    }
    base::Result<void> addresses(const simdjson::dom::element& value) {
        std::vector<std::string> list;
        if (auto read = texts(value, list); !read) return read;
        for (const std::string& one : list) {
            const auto address = net::parse_address(one, 9042);
            if (!address) return wrong(address.error().message);
            settings_.cluster.push_back(*address);
        }
        return {};
    }
    base::Result<void> guardrails(const simdjson::dom::element& value) {
        std::string name;
        if (auto read = text(value, name); !read) return read;
        const auto named = guardrails_named(name);
        if (!named) return base::fail(named.error());
        settings_.guardrails = *named;
        return {};
    }

    Settings& settings_;
};

}  // namespace

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::string_view name_of(Guardrails guardrails) {
    return guardrails == Guardrails::astra ? "astra" : "off";
}

base::Result<Guardrails> guardrails_named(std::string_view name) {
    if (name == "off") return Guardrails::off;
    if (name == "astra") return Guardrails::astra;
    return base::fail(base::ErrorKind::bad_input,
                      "'" + std::string(name.substr(0, 60)) + "' are no guardrails; there is off and astra");
}

std::string Settings::host_named(std::string_view text) const {
    const std::string wanted = lower_case(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
    for (const std::string& host : hosts)
        if (lower_case(host) == wanted) return host;
    return {};
}

std::vector<std::string> problems(const Settings& settings) {
    std::vector<std::string> found;
    if (settings.name.empty() || settings.name.size() > longest_name || settings.name.find('/') != std::string::npos)
        found.push_back("name: '" + settings.name.substr(0, 60) + "' does not do: it has 1 to " +
                        std::to_string(longest_name) + " characters, none of them a slash");
    if (settings.cluster.empty()) found.emplace_back("cluster: name at least one node of the cluster");
    const ClusterTls& tls = settings.cluster_tls;
    if (tls.certificate.empty() != tls.key.empty())
        found.emplace_back(
            "cluster_cert and cluster_key: a certificate and its key belong together; give both or none");
    if (!tls.is_on && (!tls.ca.empty() || !tls.certificate.empty() || !tls.key.empty()))
        found.emplace_back(
            "cluster_ca, cluster_cert and cluster_key: they are for TLS; make cluster_tls true, or take them out");
    if (settings.hosts.empty()) found.emplace_back("hosts: name the host that clients know the gateway by");
    for (std::size_t i = 0; i < settings.hosts.size(); ++i) {
        const std::string& host = settings.hosts[i];
        if (is_ip_address(host, AF_INET6))
            found.push_back("hosts: '" + host +
                            "' is an IPv6 address, which drivers cannot read in a bundle; give a name");
        if (i > 0 && is_ip_address(host, AF_INET))
            found.push_back("hosts: '" + host + "' is an IP address; only the first host may be one");
        if (std::count_if(settings.hosts.begin(), settings.hosts.end(),
                          [&](const std::string& other) { return lower_case(other) == lower_case(host); }) > 1)
            found.push_back("hosts: '" + host + "' is there twice");
    }
    if (settings.cql_port == 0 || settings.metadata_port == 0)
        found.emplace_back("cql_port and metadata_port: a port goes from 1 to 65535");
    if (settings.cql_port == settings.metadata_port)
        found.emplace_back("cql_port and metadata_port: they have to be two ports");
    if (settings.username.empty() != settings.password_variable.empty())
        found.emplace_back("username and password_env: give both or none");
    return found;
}

std::string to_json(const Settings& settings) {
    std::vector<std::string> cluster;
    for (const net::Address& address : settings.cluster) cluster.push_back(net::to_text(address));
    std::string text = "{\n";
    const auto line = [&text](const char* name, const std::string& json) {
        text += (text.size() > 2 ? ",\n  \"" : "  \"") + std::string(name) + "\": " + json;
    };
    line("name", base::json_quoted(settings.name));
    line("cluster", list_of(cluster));
    line("cluster_tls", settings.cluster_tls.is_on ? "true" : "false");
    line("cluster_ca", base::json_quoted(settings.cluster_tls.ca));
    line("cluster_cert", base::json_quoted(settings.cluster_tls.certificate));
    line("cluster_key", base::json_quoted(settings.cluster_tls.key));
    line("cluster_verify_host", settings.cluster_tls.verifies_host ? "true" : "false");
    line("hosts", list_of(settings.hosts));
    line("cql_port", std::to_string(settings.cql_port));
    line("metadata_port", std::to_string(settings.metadata_port));
    line("bind", list_of(settings.bind));
    line("guardrails", base::json_quoted(name_of(settings.guardrails)));
    line("username", base::json_quoted(settings.username));
    line("password_env", base::json_quoted(settings.password_variable));
    line("threads", std::to_string(settings.threads));
    return text + "\n}\n";
}

base::Result<Settings> parse_settings(const std::string& where, std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
        return wrong(where + ": this is no JSON object");
    Settings settings;
    FieldReader fields(settings);
    for (const auto& [name, value] : root)
        if (const auto read = fields.read(name, value); !read)
            return wrong(where + ": " + std::string(name.substr(0, 60)) + ": " + read.error().message);
    if (const auto found = problems(settings); !found.empty()) return wrong(where + ": " + found.front());
    return settings;
}

base::Result<Settings> read_settings(const Folder& folder) {
    const auto text = read_text(folder.settings());
    if (!text)
        return wrong(text.error().message + "; 'crossfade gateway init --dir " + folder.path +
                     "' makes a gateway there");
    return parse_settings(folder.settings(), *text);
}

}  // namespace crossfade::gateway

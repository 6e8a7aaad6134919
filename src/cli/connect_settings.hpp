// The settings of `crossfade connect`, whose names and variables are those of cql-proxy: one table for the flags, the
// environment, the file and the help.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/keys.hpp"
#include "cql/protocol.hpp"

namespace crossfade::cli {

// As given, each in the shape it is used in; what belongs together is not checked yet.
struct ConnectSettings {
    std::string astra_bundle, astra_token, astra_token_file, astra_database_id, astra_region, astra_api_url;
    std::vector<std::string> contact_points;
    std::string username, password, password_file, local_datacenter;
    std::uint16_t port = 9042;
    bool cluster_tls = false, cluster_verify_host = true;
    std::string cluster_ca_file, cluster_cert_file, cluster_key_file;
    cql::ProtocolVersion protocol_version = cql::ProtocolVersion::v5, max_protocol_version = cql::ProtocolVersion::v5;
    net::Address bind{"127.0.0.1", 9042}, http_bind{"0.0.0.0", 8000};
    std::string proxy_cert_file, proxy_key_file, proxy_client_ca_file, client_users_file;
    bool clients_log_in_to_cluster = false;
    bool debug = false, health_check = false, idempotent_graph = false;
    std::chrono::milliseconds astra_timeout{10000}, heartbeat_interval{30000}, idle_timeout{60000},
        connect_timeout{10000}, readiness_timeout{30000}, request_timeout{10000};
    std::uint32_t num_conns = 1, threads = 0;
    std::string rpc_address, data_center;
    std::vector<std::string> tokens;
    std::vector<cql::Consistency> unsupported_write_consistencies;
    cql::Consistency write_consistency = cql::Consistency::local_quorum;
    struct Peer {
        std::string rpc_address, data_center;
        std::vector<std::string> tokens;
    };
    std::vector<Peer> peers;  // of the file only
};

struct ConnectSetting {
    std::string name;      // "astra-bundle": the flag without dashes, and the key in the file
    char short_name;       // '\0': none
    std::string variable;  // of the environment; empty: none
    std::string value_name, default_text, help;
    bool is_switch = false, is_secret = false;
    std::function<Complaint(const std::string&)> set;
};

// Gives `settings`, which outlives it and does not move, what people have written. Whatever is wrong becomes a problem.
class ConnectSettingTable {
public:
    explicit ConnectSettingTable(ConnectSettings& settings);
    const std::deque<ConnectSetting>& all() const { return all_; }

    // In this order, later ones count: the file, the environment, flags.
    void read_file(const std::string& path);
    // USERNAME, which shells and systems set too, counts only together with PASSWORD.
    void read_environment(const std::function<const char*(const char*)>& value_of);
    void apply_flag(const std::string& name, const std::string& text) { apply(name, text, "--" + name); }

    // Where a setting was given, as a message begins: "--bind", "BIND", "connect.yaml:3: bind"; empty: nowhere.
    std::string place_of(const std::string& name) const;
    bool is_given(const std::string& name) const { return places_.contains(name); }
    void problem(const std::string& name, const std::string& what) {
        problems_.push_back((is_given(name) ? place_of(name) : "--" + name) + ": " + what);
    }
    const std::vector<std::string>& problems() const { return problems_; }
    const std::vector<std::string>& variables_used() const { return variables_used_; }

private:
    ConnectSetting& add(std::string name, char short_name, std::string variable, std::string value_name,
                        std::string default_text, std::string help, std::function<Complaint(const std::string&)> set);
    void add_cluster(ConnectSettings& settings);
    void add_endpoint(ConnectSettings& settings);
    void add_times(ConnectSettings& settings);
    void add_shown(ConnectSettings& settings);
    void apply(const std::string& name, const std::string& text, const std::string& place);

    ConnectSettings& settings_;
    std::deque<ConnectSetting> all_;
    std::map<std::string, std::string> places_;
    std::vector<std::string> problems_, variables_used_;
};

// Of connect_file.cpp: what a YAML file says, as (name, text, place), and the peers in it.
struct ConnectFileEntry {
    std::string name, text, place;
};
struct ConnectFile {
    std::vector<ConnectFileEntry> entries;  // lists have commas between their items
    std::vector<ConnectSettings::Peer> peers;
    std::vector<std::string> problems;
};
ConnectFile read_connect_file(const std::string& path);

}  // namespace crossfade::cli

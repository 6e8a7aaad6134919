#include "gateway/identity.hpp"

#include <simdjson.h>

#include <algorithm>

#include "base/durable_file.hpp"
#include "base/json_text.hpp"
#include "bundle/authority.hpp"
#include "bundle/bundle.hpp"
#include "bundle/certificate_facts.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::size_t most_common_name = 64;

bundle::Validity validity_from(std::chrono::sys_seconds now) {
    return bundle::Validity::of_days(now, bundle::Authority::usual_life);
}

base::Result<bundle::Authority> load_root(const Folder& folder) {
    if (auto is_private = check_privacy(folder); !is_private) return base::fail(is_private.error());
    auto certificate = read_text(folder.root_certificate());
    if (!certificate) return base::fail(certificate.error());
    auto key = read_text(folder.root_key());
    if (!key) return base::fail(key.error());
    return bundle::Authority::load(folder.root_certificate(),
                                   {std::move(*certificate), base::Secret<std::string>(std::move(*key))});
}

base::Result<void> write_pair(const bundle::CertificateAndKey& pair, const std::string& certificate,
                              const std::string& key) {
    // The key first: whoever sees the new certificate finds its key.
    if (auto written = base::write_durably(key, pair.key.reveal()); !written) return written;
    return base::write_durably(certificate, pair.certificate);
}

base::Result<void> write_server(const Folder& folder, const Settings& settings, const bundle::Authority& root,
                                std::chrono::sys_seconds now) {
    const auto server = root.issue_server(settings.hosts, validity_from(now));
    if (!server) return base::fail(server.error());
    return write_pair(*server, folder.server_certificate(), folder.server_key());
}

base::Result<void> write_revocations(const Folder& folder, const bundle::Authority& root, Issued& issued,
                                     std::chrono::sys_seconds now) {
    std::vector<bundle::Revocation> revocations;
    for (const IssuedBundle& one : issued.bundles)
        if (one.revoked.time_since_epoch().count() != 0) revocations.push_back({one.serial, one.revoked});
    const auto list = root.revoke(revocations, ++issued.list_number, validity_from(now));
    if (!list) return base::fail(list.error());
    if (auto written = base::write_durably(folder.issued(), to_json(issued)); !written) return written;
    return base::write_durably(folder.revocations(), *list);
}

std::chrono::sys_seconds time_of(std::int64_t seconds) {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

bool read_one(const simdjson::dom::element& from, IssuedBundle& into) {
    std::string_view serial, datacenter, host, file;
    std::int64_t until = 0, revoked = 0;
    if (from["serial"].get(serial) != simdjson::SUCCESS || from["datacenter"].get(datacenter) != simdjson::SUCCESS ||
        from["host"].get(host) != simdjson::SUCCESS || from["file"].get(file) != simdjson::SUCCESS ||
        from["until"].get(until) != simdjson::SUCCESS || from["revoked"].get(revoked) != simdjson::SUCCESS)
        return false;
    into = {std::string(serial), std::string(datacenter), std::string(host),
            std::string(file),   time_of(until),          time_of(revoked)};
    return true;
}

}  // namespace

const IssuedBundle* Issued::find(std::string_view serial) const {
    const auto found =
        std::find_if(bundles.begin(), bundles.end(), [&](const IssuedBundle& one) { return one.serial == serial; });
    return found == bundles.end() ? nullptr : &*found;
}

const IssuedBundle* Issued::newest(std::string_view datacenter, std::string_view host) const {
    const auto found = std::find_if(bundles.rbegin(), bundles.rend(), [&](const IssuedBundle& one) {
        return one.datacenter == datacenter && one.host == host;
    });
    return found == bundles.rend() ? nullptr : &*found;
}

std::string to_json(const Issued& issued) {
    std::string text = "{\"list_number\":" + std::to_string(issued.list_number) + ",\"bundles\":[";
    for (const IssuedBundle& one : issued.bundles)
        text += (text.ends_with('[') ? "\n" : ",\n") + base::JsonObject()
                                                           .field("serial", one.serial)
                                                           .field("datacenter", one.datacenter)
                                                           .field("host", one.host)
                                                           .field("file", one.file)
                                                           .field("until", one.until.time_since_epoch().count())
                                                           .field("revoked", one.revoked.time_since_epoch().count())
                                                           .text();
    return text + "\n]}\n";
}

base::Result<Issued> parse_issued(const std::string& where, std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::array list;
    Issued issued;
    bool is_good = parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS &&
                   root["list_number"].get(issued.list_number) == simdjson::SUCCESS &&
                   root["bundles"].get(list) == simdjson::SUCCESS;
    if (is_good) {
        for (const simdjson::dom::element one : list) {
            issued.bundles.emplace_back();
            is_good = is_good && read_one(one, issued.bundles.back());
        }
    }
    if (!is_good)
        return base::fail(base::ErrorKind::bad_configuration,
                          where + ": this is no list of certificates; restore it from a copy");
    return issued;
}

base::Result<Issued> read_issued(const Folder& folder) {
    const auto text = read_text(folder.issued());
    if (!text) return base::fail(text.error());
    return parse_issued(folder.issued(), *text);
}

base::Result<void> make_identity(const Folder& folder, const Settings& settings, std::chrono::sys_seconds now) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    const auto root = bundle::Authority::make("Crossfade " + settings.name, validity_from(now));
    if (!root) return base::fail(root.error());
    if (auto written = write_pair(root->pem(), folder.root_certificate(), folder.root_key()); !written) return written;
    if (auto written = write_server(folder, settings, *root, now); !written) return written;
    Issued issued;
    return write_revocations(folder, *root, issued, now);
}

base::Result<IssuedBundle> issue_bundle(const Folder& folder, const Settings& settings, const std::string& datacenter,
                                        const std::string& host, std::chrono::sys_seconds now) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    const auto root = load_root(folder);
    if (!root) return base::fail(root.error());
    auto issued = read_issued(folder);
    if (!issued) return base::fail(issued.error());
    const auto client =
        root->issue_client((settings.name + " " + datacenter).substr(0, most_common_name), validity_from(now));
    if (!client) return base::fail(client.error());
    const auto facts = bundle::read_certificate_facts("the new certificate", client->certificate);
    if (!facts) return base::fail(facts.error());
    bundle::Bundle made;
    made.host = host;
    made.port = settings.metadata_port;
    made.cql_port = settings.cql_port;
    made.local_datacenter = datacenter;
    made.authority = root->pem().certificate;
    made.certificate = client->certificate;
    made.key = client->key;
    IssuedBundle one;
    one.serial = facts->serial;
    one.datacenter = datacenter;
    one.host = host;
    one.file = folder.bundle(settings.name, datacenter, host == settings.hosts.front() ? "" : host);
    one.until = facts->not_after;
    // Known before anybody can hold it.
    issued->bundles.push_back(one);
    if (auto written = base::write_durably(folder.issued(), to_json(*issued)); !written)
        return base::fail(written.error());
    if (auto written = bundle::write_bundle(made, one.file, now.time_since_epoch().count()); !written)
        return base::fail(written.error());
    return one;
}

base::Result<void> renew_server(const Folder& folder, const Settings& settings, std::chrono::sys_seconds now) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    const auto root = load_root(folder);
    if (!root) return base::fail(root.error());
    return write_server(folder, settings, *root, now);
}

base::Result<IssuedBundle> revoke_certificate(const Folder& folder, const std::string& serial,
                                              std::chrono::sys_seconds now) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    const auto root = load_root(folder);
    if (!root) return base::fail(root.error());
    auto issued = read_issued(folder);
    if (!issued) return base::fail(issued.error());
    const auto found = std::find_if(issued->bundles.begin(), issued->bundles.end(),
                                    [&](const IssuedBundle& one) { return one.serial == serial; });
    if (found == issued->bundles.end())
        return base::fail(base::ErrorKind::not_found,
                          folder.path + ": no certificate has the serial number '" + serial.substr(0, 60) +
                              "'; 'crossfade gateway certificate list' shows those there are");
    if (found->revoked.time_since_epoch().count() == 0) found->revoked = now;
    const IssuedBundle revoked = *found;
    if (auto written = write_revocations(folder, *root, *issued, now); !written) return base::fail(written.error());
    return revoked;
}

base::Result<net::TlsOptions> read_server_tls(const Folder& folder) {
    if (auto is_private = check_privacy(folder); !is_private) return base::fail(is_private.error());
    net::TlsOptions options;
    std::string key;
    for (const auto& [path, into] :
         {std::pair(folder.root_certificate(), &options.ca_pem),
          std::pair(folder.server_certificate(), &options.certificate_pem), std::pair(folder.server_key(), &key),
          std::pair(folder.revocations(), &options.revocations_pem)}) {
        auto text = read_text(path);
        if (!text) return base::fail(text.error());
        *into = std::move(*text);
    }
    // Without a list nobody would be looked up in one.
    if (options.revocations_pem.empty())
        return base::fail(base::ErrorKind::bad_configuration,
                          folder.revocations() +
                              ": is empty, and those that were revoked would come in; restore it "
                              "from a copy");
    options.key_pem = base::Secret<std::string>(std::move(key));
    return options;
}

}  // namespace crossfade::gateway

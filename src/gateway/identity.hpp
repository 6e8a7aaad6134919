// The certificates of a gateway's folder: its own root, the server's certificate, one client certificate for each
// bundle, and the list of those that count no more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gateway/folder.hpp"
#include "gateway/settings.hpp"
#include "net/stream.hpp"

namespace crossfade::gateway {

// A client certificate, by its serial number, and the bundle that it went into.
struct IssuedBundle {
    std::string serial;            // hexadecimal, upper case
    std::string datacenter, host;  // what the bundle is for: its holder is told this datacenter behind this host
    std::string file;              // its path
    std::chrono::sys_seconds until{}, revoked{};  // `revoked` 0: it counts
    bool counts(std::chrono::sys_seconds now) const { return revoked.time_since_epoch().count() == 0 && now < until; }
    bool operator==(const IssuedBundle&) const = default;
};
struct Issued {
    std::int64_t list_number = 0;  // of the last revocation list
    std::vector<IssuedBundle> bundles;
    const IssuedBundle* find(std::string_view serial) const;
    // What the bundle for it has now: the last that was issued. Null: none was.
    const IssuedBundle* newest(std::string_view datacenter, std::string_view host) const;
};
std::string to_json(const Issued& issued);
base::Result<Issued> parse_issued(const std::string& where, std::string_view json);

// All but the last two take the folder's lock. Times are the present, in whole seconds. Errors: bad_configuration and
// bad_input, with the path.

// A root, a server's certificate for the hosts, and an empty revocation list; into a folder that has none.
base::Result<void> make_identity(const Folder& folder, const Settings& settings, std::chrono::sys_seconds now);
// Makes a bundle with a new client certificate; a bundle of the same name is replaced, its certificate counts on.
base::Result<IssuedBundle> issue_bundle(const Folder& folder, const Settings& settings, const std::string& datacenter,
                                        const std::string& host, std::chrono::sys_seconds now);
// A new certificate with a new key for the server. A running gateway shows it to whoever connects from then on.
base::Result<void> renew_server(const Folder& folder, const Settings& settings, std::chrono::sys_seconds now);
// From now on whoever shows the certificate with this serial number is refused. Errors: not_found, too.
base::Result<IssuedBundle> revoke_certificate(const Folder& folder, const std::string& serial,
                                              std::chrono::sys_seconds now);

base::Result<Issued> read_issued(const Folder& folder);
// What the server shows and whom it lets in, without accepts_server_name.
base::Result<net::TlsOptions> read_server_tls(const Folder& folder);

}  // namespace crossfade::gateway

// A Secure Connect Bundle: one zip file with all that a driver needs to find a cluster and to be let in by TLS. This is
// what the official drivers read and Astra writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "bundle/zip_archive.hpp"

namespace crossfade::bundle {

// Names of the files in it, as every driver looks for them.
namespace file_name {
constexpr const char* config = "config.json";
constexpr const char* authority = "ca.crt";
constexpr const char* certificate = "cert";
constexpr const char* key = "key";
constexpr const char* pfx = "cert.pfx";
constexpr const char* identity = "identity.jks";
constexpr const char* trust = "trustStore.jks";
constexpr const char* cqlshrc = "cqlshrc";
}  // namespace file_name

struct Bundle {
    Bundle() = default;

    std::string host;  // of the metadata service; its certificate has this name
    std::uint16_t port = 0;
    std::string keyspace, local_datacenter;  // empty: not said
    std::string username;                    // of very old bundles, that logged in by themselves; empty: none
    base::Secret<std::string> password;
    base::Secret<std::string> key_store_password, trust_store_password, pfx_password;  // empty: not said
    std::string authority, certificate;                                                // PEM
    base::Secret<std::string> key;                                                     // PEM
    std::optional<std::uint16_t> cql_port;  // of cqlshrc, for drivers that cannot open a bundle
};

// The bundle in these files. As tolerant as the official drivers: config.json with host and port, ca.crt, cert and key
// are needed, a port may be a number or text, what is unknown is left alone. Where cert and key are missing, they come
// from identity.jks, and ca.crt from trustStore.jks, as the Java driver takes them. Dates are not looked at, and
// neither is whether the parts fit (see bundle_findings.hpp). Errors: bad_input, with `where` in front.
base::Result<Bundle> read_bundle(const std::string& where, const std::vector<ZipEntry>& files);
// The same, of a zip file on disk, of which nothing is unpacked to the disk.
base::Result<Bundle> read_bundle(const std::string& path);

// Every file of a bundle, made new: config.json with all its keys, PEM files, key stores for Java and .NET, cqlshrc.
// Passwords that are empty are made up. `now` dates what is in the key stores (seconds since 1970). Errors: bad_input,
// when host, port, certificates or key are missing or broken, or the key is not the certificate's.
base::Result<std::vector<ZipEntry>> make_bundle_files(const Bundle& bundle, std::int64_t now);
// Writes them as a zip file of mode 0600; whoever reads the path sees the old file or the new one, never a part.
base::Result<void> write_bundle(const Bundle& bundle, const std::string& path, std::int64_t now);

// The text of a cqlshrc for cqlsh and drivers that cannot open a bundle; the PEM files are in `folder`.
std::string cqlshrc_of(const Bundle& bundle, const std::string& folder);

// A file of a bundle by its name; null when it is not there. Valid as long as the entries.
const ZipEntry* find_file(const std::vector<ZipEntry>& files, std::string_view name);

}  // namespace crossfade::bundle

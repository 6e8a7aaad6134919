#include "gateway/cluster_tls.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/durable_file.hpp"

namespace crossfade::gateway {

base::Result<std::shared_ptr<net::TlsContext>> make_cluster_tls(const Folder& folder, const Settings& settings) {
    const ClusterTls& wanted = settings.cluster_tls;
    if (!wanted.is_on) return nullptr;
    net::TlsOptions options;
    options.ca_file = folder.resolved(wanted.ca);
    options.certificate_file = folder.resolved(wanted.certificate);
    options.key_file = folder.resolved(wanted.key);
    options.verify_host = wanted.verifies_host;
    auto made = net::make_client_tls(options);
    if (!made) return base::fail(base::ErrorKind::bad_configuration, made.error().message);
    return made;
}

base::Result<void> keep_cluster_files(const Folder& folder, Settings& settings) {
    ClusterTls& tls = settings.cluster_tls;
    if (tls.ca.empty() && tls.certificate.empty()) return {};
    if (::mkdir(folder.cluster().c_str(), 0700) != 0 && errno != EEXIST)
        return base::fail(base::ErrorKind::bad_configuration,
                          folder.cluster() + ": cannot be made: " + std::strerror(errno));
    for (const auto& [file, name] :
         {std::pair(&tls.ca, "cluster/ca.crt"), std::pair(&tls.certificate, "cluster/client.crt"),
          std::pair(&tls.key, "cluster/client.key")}) {
        if (file->empty()) continue;
        const auto text = read_text(folder.resolved(*file));
        if (!text) return base::fail(text.error());
        if (auto written = base::write_durably(folder.resolved(name), *text); !written) return written;
        *file = name;
    }
    return {};
}

}  // namespace crossfade::gateway

#include "cli/cluster_bundle.hpp"

#include "bundle/bundle_findings.hpp"
#include "bundle/metadata_client.hpp"
#include "cli/bundle_part.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {

ClusterBundle open_cluster_bundle(const std::string& path) {
    const auto archive = bundle::read_file(path, bundle::ZipLimits{}.largest_archive);
    if (archive) return open_cluster_bundle(path, *archive);
    ClusterBundle result;
    result.problems.push_back(printable(archive.error().message));
    return result;
}

ClusterBundle open_cluster_bundle(const std::string& where, base::ByteView archive) {
    ClusterBundle result;
    const auto files = bundle::read_zip(where, archive);
    const auto bundle =
        files ? bundle::read_bundle(where, *files) : base::Result<bundle::Bundle>(base::fail(files.error()));
    if (!bundle) {
        result.problems.push_back(printable(bundle.error().message) +
                                  "; download the bundle again or check it with 'crossfade bundle inspect'");
        return result;
    }
    for (const bundle::BundleFinding& finding : bundle::examine(*bundle, *files, present())) {
        // Key stores are for other drivers: what is wrong with them does not matter here.
        if (!finding.text.starts_with("cert:") && !finding.text.starts_with("ca.crt:") &&
            !finding.text.starts_with("key:"))
            continue;
        auto& list = finding.is_problem ? result.problems : result.warnings;
        list.push_back(where + ": " + printable(finding.text));
    }
    auto tls = bundle::make_bundle_tls(*bundle);
    if (!tls) {
        result.problems.push_back(where + ": " + printable(tls.error().message));
        return result;
    }
    result.tls = std::move(*tls);
    result.metadata_service = {bundle->host, bundle->port};
    result.credentials = {bundle->username, bundle->password.reveal()};
    return result;
}

}  // namespace crossfade::cli

#include "cli/bundle_probe.hpp"

#include <fmt/format.h>

#include "bundle/metadata_client.hpp"
#include "cql/request.hpp"
#include "cql/scalar_text.hpp"
#include "cql/scalars.hpp"
#include "nodes/exchange.hpp"
#include "nodes/open_connection.hpp"

namespace crossfade::cli {
namespace {

using Opened = base::Result<nodes::OpenedConnection>;

// Nothing is left to do for a connection of which one question is asked.
class Nobody final : public nodes::ConnectionOwner {
public:
    void on_room(nodes::Connection&) override {}
    void on_ended(nodes::Connection&, const base::Error&) override {}
};

std::string advice_for(const base::Error& error) {
    switch (error.kind) {
        case base::ErrorKind::authentication:
            return "; the token or password is wrong, has ended or was revoked: make a new one";
        case base::ErrorKind::timeout:
        case base::ErrorKind::connection:
            return "; look whether a firewall lets this machine through to that port, and whether the node is up";
        default:
            return "";
    }
}

// One node, by its host id.
class NodeProbe {
public:
    NodeProbe(net::Loop& loop, const bundle::Metadata& metadata, std::shared_ptr<net::TlsContext> tls,
              const ProbeOptions& options, std::string host_id)
        : loop_(loop), metadata_(metadata), tls_(std::move(tls)), options_(options), host_id_(std::move(host_id)) {}

    base::Task<base::Result<std::string>> run() {
        std::unique_ptr<nodes::PendingOpen> pending;
        const std::function<void(std::function<void(Opened)>)> start = [&](std::function<void(Opened)> done) {
            pending = nodes::open_connection(loop_, open_options(), std::move(done));
        };
        base::Completion<Opened> completion(start);
        Opened opened = co_await completion;
        if (!opened) {
            if (is_login_missing(opened.error()))
                co_return std::string("reached; it asks for a login, which was not tried: give --password-file");
            co_return base::fail(opened.error().kind, opened.error().message + advice_for(opened.error()));
        }
        const bool has_logged_in = !opened->authenticator.empty();
        const auto connection = nodes::Connection::start(loop_, nobody_, std::move(*opened));
        base::Bytes frame;
        cql::append_query(frame, connection->version(), 0,
                          "SELECT host_id, data_center, release_version FROM system.local", cql::QueryOptions());
        nodes::Exchange exchange(loop_, connection, frame, options_.timeout);
        const base::Result<nodes::Rows> rows = co_await exchange;
        connection->close(base::Error(base::ErrorKind::interrupted, "asked"));
        if (!rows) co_return base::fail(rows.error());
        co_return judged(*rows, has_logged_in);
    }

private:
    nodes::OpenOptions open_options() const {
        nodes::OpenOptions open;
        open.to = metadata_.sni_proxy;
        open.connect.timeout = options_.timeout;
        open.connect.tls = tls_;
        open.connect.server_name = host_id_;
        open.connect.verify_name = metadata_.sni_proxy.host;
        open.credentials = options_.credentials;
        open.timeout = options_.timeout;
        open.startup_options = {{"DRIVER_NAME", "Crossfade"}, {"APPLICATION_NAME", "crossfade bundle verify"}};
        return open;
    }

    bool is_login_missing(const base::Error& error) const {
        return options_.credentials.empty() && error.kind == base::ErrorKind::authentication && error.server_code == 0;
    }

    base::Result<std::string> judged(const nodes::Rows& rows, bool has_logged_in) const {
        const nodes::RowCursor row = rows.first();
        if (!row || rows.column_count() != 3)
            return base::fail(base::ErrorKind::protocol, "its system.local has no row");
        const auto host_id = cql::decode_uuid(row.cell(0).bytes);
        const std::string found = host_id ? cql::uuid_text(*host_id) : "none";
        if (found != host_id_)
            return base::fail(base::ErrorKind::protocol,
                              "another node answers under this name: " + found + "; the proxy routes wrongly");
        const std::string login = has_logged_in ? "logged in as " + options_.credentials.username : "no login needed";
        return fmt::format("{}; datacenter {}, version {}", login, base::text_of(row.cell(1).bytes),
                           base::text_of(row.cell(2).bytes));
    }

    net::Loop& loop_;
    const bundle::Metadata& metadata_;
    const std::shared_ptr<net::TlsContext> tls_;
    const ProbeOptions& options_;
    const std::string host_id_;
    Nobody nobody_;
};

}  // namespace

base::Task<bool> probe_bundle(net::Loop& loop, bundle::Bundle bundle, ProbeOptions options, ProbeReport report) {
    const auto tls = bundle::make_bundle_tls(bundle);
    if (!tls) {
        report("certificates", false, tls.error().message);
        co_return false;
    }
    const net::Address service{bundle.host, bundle.port};
    const auto metadata = co_await bundle::fetch_metadata(loop, service, *tls, options.timeout);
    if (!metadata) {
        report("metadata service", false, metadata.error().message);
        co_return false;
    }
    report("metadata service", true,
           fmt::format("{}: {} nodes behind {}, datacenter {}", net::to_text(service), metadata->contact_points.size(),
                       net::to_text(metadata->sni_proxy), metadata->local_datacenter));
    bool is_good = true;
    for (const std::string& host_id : metadata->contact_points) {
        NodeProbe probe(loop, *metadata, *tls, options, host_id);
        const base::Result<std::string> found = co_await probe.run();
        report("node " + host_id, found.has_value(), found ? *found : found.error().message);
        is_good = is_good && found.has_value();
    }
    co_return is_good;
}

}  // namespace crossfade::cli

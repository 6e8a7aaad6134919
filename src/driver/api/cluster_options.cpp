#include "crossfade/cluster_options.hpp"

#include <algorithm>

#include "cql/handshake.hpp"
#include "driver/api/cluster_core.hpp"
#include "driver/api/error_of.hpp"
#include "driver/api/wire_values.hpp"

namespace crossfade {
namespace driver {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::bad_configuration, why);
}

template <class T>
T or_refuse(base::Result<T> result) {
    if (!result) throw Error(ErrorCode::bad_configuration, result.error().message);
    return std::move(*result);
}

void check_bundle(const ClusterSettings& given) {
    if (!given.contact_points.empty())
        refuse(
            "contact points and a secure connect bundle were given: the bundle says where the cluster is, so leave "
            "contact_points() out");
    if (given.tls) refuse("TLS options and a secure connect bundle were given: certificates come from the bundle");
    if (!given.local_datacenter.empty())
        refuse("a local datacenter and a secure connect bundle were given: the bundle says which is local");
    if (!given.failover_datacenters.empty())
        refuse(
            "failover datacenters and a secure connect bundle were given: give the bundles of the other regions "
            "instead");
    if (given.username.empty() && given.authenticator == nullptr)
        refuse(
            "a secure connect bundle needs credentials: username(\"token\") with the application token as password, "
            "or a client id and its secret");
}

void check_failover(const ClusterSettings& given) {
    const auto& names = given.failover_datacenters;
    if (!names.empty() && given.local_datacenter.empty())
        refuse("failover datacenters were given without a local one: say which is near with local_datacenter()");
    for (auto name = names.begin(); name != names.end(); ++name)
        if (*name == given.local_datacenter || std::find(names.begin(), name, *name) != name)
            refuse("failover_datacenters: '" + *name + "' is there twice, or is the local one");
    if (given.failover_after.count() <= 0 || given.failover_back.count() <= 0)
        refuse("the times of failover() must be positive");
}

void check(const ClusterSettings& given, const RequestSettings& requests) {
    if (given.bundles.empty() && given.contact_points.empty())
        refuse("there is neither a contact point nor a secure connect bundle: say one of them");
    if (!given.bundles.empty()) check_bundle(given);
    if (given.authenticator != nullptr && !(given.username.empty() && given.password.empty()))
        refuse("an authenticator and a user name or password were given: one login is enough");
    if (given.username.empty() != given.password.empty())
        refuse(given.username.empty() ? "a password was given without a user name"
                                      : "a user name was given without a password");
    if (given.connections_per_node == 0) refuse("connections_per_node is 0: at least 1 is needed");
    if (given.connect_timeout.count() <= 0) refuse("connect_timeout is not positive");
    if (requests.timeout->count() <= 0) refuse("timeout is not positive");
    if (given.first_reconnection.count() <= 0 || given.longest_reconnection < given.first_reconnection)
        refuse("reconnection pauses must be positive, the longest not shorter than the first");
    check_failover(given);
    const bool is_v5 = given.version == ProtocolVersion::v5;
    if (is_v5 && given.compression == Compression::snappy) refuse("protocol v5 has no snappy: choose lz4");
}

std::vector<net::Address> addresses_of(const ClusterSettings& given) {
    std::vector<net::Address> addresses;
    for (const std::string& point : given.contact_points) {
        auto address = net::parse_address(point, given.port);
        if (!address) refuse("contact point '" + point + "': " + address.error().message);
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

std::shared_ptr<net::TlsContext> tls_of(const crossfade::TlsOptions& given) {
    net::TlsOptions options;
    options.ca_file = given.ca_file();
    options.certificate_file = given.certificate_file();
    options.key_file = given.key_file();
    options.verify_peer = given.verifies_peer();
    options.verify_host = given.verifies_host();
    return or_refuse(net::make_client_tls(options));
}

// The application's login for the handshake: what it throws is a failed login.
class OwnLogin final : public cql::LoginMechanism {
public:
    explicit OwnLogin(std::unique_ptr<Authentication> with) : with_(std::move(with)) {}
    base::Result<base::Bytes> begin(std::string_view authenticator) override {
        return guarded([&] { return with_->begin(authenticator); });
    }
    base::Result<base::Bytes> answer(base::ByteView challenge) override {
        return guarded([&] { return with_->answer(challenge); });
    }
    base::Result<void> accept(base::ByteView token) override {
        const auto accepted = guarded([&] {
            with_->accept(token);
            return base::Bytes();
        });
        if (!accepted) return base::fail(accepted.error());
        return {};
    }

private:
    template <class Step>
    static base::Result<base::Bytes> guarded(Step step) {
        try {
            return step();
        } catch (const std::exception& error) {
            return base::fail(base::ErrorKind::authentication, error.what());
        }
    }
    const std::unique_ptr<Authentication> with_;
};

}  // namespace

std::shared_ptr<const SessionSetup> setup_of(const ClusterOptions& options) {
    const ClusterSettings& given = options.settings();
    auto setup = std::make_shared<SessionSetup>();
    setup->cluster = given;
    setup->requests = options.request_settings();
    check(given, setup->requests);

    SessionOptions& session = setup->session;
    nodes::ClusterOptions& cluster = session.cluster;
    cluster.label = "cluster";
    if (given.bundles.empty()) {
        cluster.contact_points = addresses_of(given);
        cluster.local_datacenter = given.local_datacenter;
        if (given.tls) cluster.tls = tls_of(*given.tls);
    } else {
        setup->regions = or_refuse(read_regions(given.bundles));
    }
    cluster.credentials = {given.username, given.password};
    if (given.authenticator != nullptr)
        cluster.make_login = [by = given.authenticator] { return std::make_unique<OwnLogin>(by->start()); };
    cluster.connect_timeout = given.connect_timeout;
    cluster.startup_options.emplace_back("DRIVER_VERSION", CROSSFADE_VERSION);
    if (!given.application_version.empty())
        cluster.startup_options.emplace_back("APPLICATION_VERSION", given.application_version);
    if (given.version) session.version = wire_value(*given.version);
    session.compression = wire_value(given.compression);
    session.connections_per_node = given.connections_per_node;
    session.request_timeout = *setup->requests.timeout;
    session.application_name = given.application_name;
    session.local_rack = given.local_rack;
    session.first_backoff = given.first_reconnection;
    session.longest_backoff = given.longest_reconnection;
    session.must_know_datacenter = true;
    return setup;
}

}  // namespace driver

ClusterOptions& ClusterOptions::contact_points(std::string_view list) {
    settings_.contact_points.clear();
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view one = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        const std::size_t first = one.find_first_not_of(' ');
        if (first == std::string_view::npos) continue;
        one = one.substr(first, one.find_last_not_of(' ') - first + 1);
        settings_.contact_points.emplace_back(one);
    }
    return *this;
}

}  // namespace crossfade

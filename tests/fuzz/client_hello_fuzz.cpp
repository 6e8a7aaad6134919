// What a client may begin TLS with. Its ClientHello names the node that it wants, and who names none of ours is
// refused. Input: [how many bytes come at once, less one][bytes from the wire].
#include <algorithm>

#include "bundle_seed.hpp"
#include "fuzz_input.hpp"
#include "gateway/facts.hpp"
#include "gateway_seed.hpp"
#include "net/tls_engine.hpp"

using namespace crossfade;

namespace {

class Server {
public:
    Server() {
        settings_.hosts = {fuzz::gateway_host};
        topology_.nodes.emplace_back();
        topology_.nodes.front().host_id = fuzz::gateway_host_id;
        topology_.nodes.front().address = {"10.0.0.1", 9042};
        names_.set_nodes(topology_);
        const auto validity = bundle::Validity::of_days(fuzz::seed_time, std::chrono::days(3650));
        const auto authority = fuzz::value_of(bundle::Authority::make("Root", validity));
        const auto certificate = fuzz::value_of(authority.issue_server(settings_.hosts, validity));
        net::TlsOptions options;
        options.ca_pem = authority.pem().certificate;
        options.certificate_pem = certificate.certificate;
        options.key_pem = certificate.key;
        options.accepts_server_name = [this](const std::string& name) { return judge(name); };
        context_ = fuzz::value_of(net::make_server_tls(options));
    }

    void greet(base::ByteView bytes, std::size_t piece) {
        has_refused_ = false;
        net::TlsEngine engine(context_, "", "");
        base::Bytes waiting, wire;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            base::append(waiting, bytes.subspan(at, std::min(piece, bytes.size() - at)));
            base::ByteView received = waiting;
            const auto result = engine.handshake(received, wire);
            // Nobody gets in without a certificate and its key.
            CROSSFADE_REQUIRE(!engine.is_open());
            CROSSFADE_REQUIRE(!has_refused_ || !result);
            if (!result) {
                CROSSFADE_REQUIRE(result.error().message.size() < 1000);
                break;
            }
            waiting.assign(received.begin(), received.end());
        }
        if (!base::text_of(wire).starts_with("HTTP/1.1 400 ")) check_records(wire);
    }

private:
    bool judge(const std::string& name) {
        const bool is_ours = names_.accepts(name);
        has_refused_ = !is_ours;
        CROSSFADE_REQUIRE(name.find('\0') == std::string::npos);
        CROSSFADE_REQUIRE(is_ours == !gateway::routes(settings_, &topology_, name).empty());
        return is_ours;
    }
    static void check_records(base::ByteView wire) {
        while (!wire.empty()) {
            // The version is not looked at: to a client that says 2.3, OpenSSL alerts in its version.
            CROSSFADE_REQUIRE(wire.size() >= 5 && wire[0] >= 20 && wire[0] <= 23);
            const std::size_t size = 5U + (static_cast<std::size_t>(wire[3]) << 8U | wire[4]);
            CROSSFADE_REQUIRE(size <= wire.size());
            wire = wire.subspan(size);
        }
    }

    gateway::Settings settings_;
    nodes::Topology topology_;
    gateway::ServerNames names_{settings_};
    std::shared_ptr<net::TlsContext> context_;
    bool has_refused_ = false;
};

Server& server() {
    static Server one;
    return one;
}

}  // namespace

// Keys are made before the first input is timed.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    server();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t piece = 1 + input.choice(256);
    server().greet(input.rest(), piece);
    return 0;
}

#include "bundle/metadata_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "bundle/certificate_facts.hpp"
#include "bundle/test_identities.hpp"
#include "net/http.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::bundle {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Certificates that count on the day of the test.
struct PresentIdentities {
    std::chrono::sys_seconds now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    Validity validity = Validity::of_days(now, std::chrono::days(10));
    Authority authority = value_of(Authority::make("Present Root", validity));
    Authority foreign = value_of(Authority::make("Foreign Root", validity));
    CertificateAndKey server = value_of(authority.issue_server({"127.0.0.1"}, validity));
    CertificateAndKey client = value_of(authority.issue_client("client", validity));
    CertificateAndKey revoked = value_of(authority.issue_client("revoked", validity));
    CertificateAndKey expired_client =
        value_of(authority.issue_client("expired", {now - std::chrono::days(20), now - std::chrono::days(10)}));
    std::string revocations = value_of(
        authority.revoke({{value_of(read_certificate_facts("r", revoked.certificate)).serial, now}}, 1, validity));

    static const PresentIdentities& get() {
        static const PresentIdentities one;
        return one;
    }
};

class MetadataClientTest : public testing::Test {
protected:
    void serve(const CertificateAndKey& shown, net::HttpResponse answer) {
        net::TlsOptions options;
        options.ca_pem = identities.authority.pem().certificate;
        options.certificate_pem = shown.certificate;
        options.key_pem = shown.key;
        options.revocations_pem = identities.revocations;
        auto made = net::serve_http(loop, {"127.0.0.1", 0}, value_of(net::make_server_tls(options)), {},
                                    [this, answer](const net::HttpRequest& request, const net::HttpReply& reply) {
                                        asked = request.method + " " + request.path;
                                        reply(answer);
                                    });
        server = value_of(std::move(made));
    }
    base::Result<Metadata> fetched(const CertificateAndKey& shown) { return fetched(shown, server->address()); }
    base::Result<Metadata> fetched(const CertificateAndKey& shown, const net::Address& service) {
        Bundle bundle = test_bundle();
        bundle.authority = identities.authority.pem().certificate;
        bundle.certificate = shown.certificate;
        bundle.key = shown.key;
        std::optional<base::Result<Metadata>> result;
        fetch_into(result, service, value_of(make_bundle_tls(bundle))).detach();
        loop.run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
    std::string refusal(const CertificateAndKey& shown) {
        const auto result = fetched(shown);
        return result ? "accepted" : result.error().message;
    }

    const PresentIdentities& identities = PresentIdentities::get();
    const net::HttpResponse good{200, "application/json", to_json({"", "dc1", {"a"}, {"db.example.com", 29042}})};
    net::TestingLoop loop;
    std::unique_ptr<net::HttpServer> server;
    std::string asked;

private:
    base::Task<void> fetch_into(std::optional<base::Result<Metadata>>& result, net::Address service,
                                std::shared_ptr<net::TlsContext> tls) {
        result = co_await fetch_metadata(loop, service, std::move(tls), 10s);
    }
};

TEST_F(MetadataClientTest, TheDocumentComesByMutualTls) {
    serve(identities.server, good);
    const Metadata metadata = value_of(fetched(identities.client));
    EXPECT_EQ(metadata.local_datacenter, "dc1");
    EXPECT_EQ(asked, "GET /metadata");
}

TEST_F(MetadataClientTest, ForeignExpiredAndRevokedCertificatesAreRefused) {
    serve(identities.server, good);
    const CertificateAndKey foreign = value_of(identities.foreign.issue_client("client", identities.validity));
    for (const CertificateAndKey* shown : {&foreign, &identities.expired_client, &identities.revoked})
        EXPECT_THAT(refusal(*shown), HasSubstr("https://127.0.0.1:"));
    EXPECT_EQ(asked, "");
}

TEST_F(MetadataClientTest, AServerOfAnotherAuthorityOrNameIsRefused) {
    serve(value_of(identities.foreign.issue_server({"127.0.0.1"}, identities.validity)), good);
    EXPECT_THAT(refusal(identities.client), HasSubstr("certificate"));
    serve(value_of(identities.authority.issue_server({"db.example.com"}, identities.validity)), good);
    EXPECT_THAT(refusal(identities.client), HasSubstr("certificate"));
    EXPECT_EQ(asked, "");
}

TEST_F(MetadataClientTest, AServiceThatIsHibernatedOrNoMetadataServiceIsTold) {
    serve(identities.server, {503, "application/json", R"({"message":"resuming"})"});
    EXPECT_THAT(refusal(identities.client), testing::AllOf(HasSubstr("(resuming)"), HasSubstr("hibernated")));
    serve(identities.server, {200, "text/html", "<html>"});
    EXPECT_THAT(refusal(identities.client), HasSubstr("not JSON"));
    serve(identities.server, {200, "application/json", std::string(largest_metadata + 1, ' ')});
    EXPECT_THAT(refusal(identities.client), HasSubstr("/metadata: "));
}

TEST_F(MetadataClientTest, NobodyThereIsToldWithAdvice) {
    serve(identities.server, good);
    const net::Address gone = server->address();
    server.reset();
    const auto result = fetched(identities.client, gone);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::connection);
    EXPECT_THAT(result.error().message, HasSubstr("hibernated"));
}

}  // namespace
}  // namespace crossfade::bundle

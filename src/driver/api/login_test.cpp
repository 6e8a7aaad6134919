// TLS and logins, as an application says them.
#include <gmock/gmock.h>

#include <atomic>

#include "cql/response.hpp"
#include "driver/integration/certificates.hpp"
#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::Certificates;
using driver::ScriptedNode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Tls : public LibraryNodes {
protected:
    ClusterOptions options(const ScriptedNode& node, TlsOptions tls) const {
        return ClusterOptions{}.contact_points(net::to_text(node.address())).tls(std::move(tls));
    }
    TlsOptions trusting() const {
        return TlsOptions()
            .ca_file(certificates_.ca_file())
            .client_certificate(certificates_.certificate_file(), certificates_.key_file());
    }
    std::string refusal(const ClusterOptions& options) {
        const auto cluster = Cluster::build_new_cluster(options);
        const std::string words = error_of(ErrorCode::connection, [&] { cluster.connect(); });
        cluster.close();
        return words;
    }
    static void is_let_in(const ClusterOptions& options) {
        const auto cluster = Cluster::build_new_cluster(options);
        EXPECT_EQ(cluster.connect().execute("INSERT").row_count(), 0U);
        cluster.close();
    }

    const Certificates certificates_;
    ScriptedNode& node_ = add_node("127.0.0.62", 0, certificates_.server("127.0.0.62"));
};

TEST_F(Tls, BothSidesShowTheirCertificates) {
    is_let_in(options(node_, trusting()));
}

TEST_F(Tls, WithoutAClientCertificateNodesThatDemandOneRefuse) {
    EXPECT_THAT(refusal(options(node_, TlsOptions().ca_file(certificates_.ca_file()))), HasSubstr("127.0.0.62"));
}

TEST_F(Tls, ANodeThatNobodyWeTrustSignedIsRefused) {
    const Certificates others;
    const auto tls = [&] {
        return TlsOptions()
            .ca_file(others.ca_file())
            .client_certificate(certificates_.certificate_file(), certificates_.key_file());
    };
    EXPECT_THAT(refusal(options(node_, tls())), HasSubstr("certificate"));
    is_let_in(options(node_, tls().verify_peer(false)));
}

TEST_F(Tls, ACertificateForAnotherHostIsRefusedUnlessToldOtherwise) {
    ScriptedNode& other = add_node("127.0.0.63", 0, certificates_.server("127.0.0.99"));
    EXPECT_THAT(refusal(options(other, trusting())), HasSubstr("127.0.0.63"));
    is_let_in(options(other, trusting().verify_host(false)));
}

class Login : public LibraryNodes {
protected:
    ClusterOptions options() const { return ClusterOptions{}.contact_points(net::to_text(node_.address())); }

    ScriptedNode& node_ = add_node("127.0.0.62");
};

TEST_F(Login, UserAndPasswordAreSaslPlain) {
    std::vector<std::string> tokens;
    at_nodes([&] {
        node_.authenticator = "org.apache.cassandra.auth.PasswordAuthenticator";
        node_.on_login = [&](const Asked& asked, base::ByteView token) {
            tokens.emplace_back(token.begin(), token.end());
            if (tokens.back() == std::string("\0u\0right", 8))
                cql::append_auth_success(asked.client.out(), 4, asked.id, {});
            else
                asked.client.answer_error(asked.id, cql::ErrorCode::bad_credentials);
        };
    });
    const auto cluster = Cluster::build_new_cluster(options().username("u").password("right"));
    cluster.connect().execute("INSERT");
    cluster.close();
    at_nodes([&] { EXPECT_GE(tokens.size(), 2U) << "every connection logs in"; });

    const auto wrong = Cluster::build_new_cluster(options().username("u").password("invented-secret"));
    try {
        wrong.connect();
        ADD_FAILURE() << "let in";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::authentication);
        EXPECT_EQ(error.server_code(), 0x0100);
        EXPECT_THAT(error.what(), AllOf(HasSubstr("127.0.0.62"), HasSubstr("as scripted"), Not(HasSubstr("invented"))));
    }
    wrong.close();
}

// Says "hello", answers "2+2" and wants to hear "welcome".
class Riddle final : public Authenticator {
public:
    class One final : public Authentication {
    public:
        explicit One(Riddle& of) : of_(of) {}
        Blob begin(std::string_view authenticator) override {
            EXPECT_EQ(authenticator, "org.example.Riddle");
            return bytes("hello");
        }
        Blob answer(BlobView challenge) override {
            EXPECT_EQ(std::string(challenge.begin(), challenge.end()), "2+2");
            return bytes(of_.knows ? "4" : "5");
        }
        void accept(BlobView token) override {
            if (std::string(token.begin(), token.end()) != "welcome")
                throw Error(ErrorCode::authentication, "that is not my cluster");
            ++of_.accepted;
        }

    private:
        static Blob bytes(std::string_view text) { return {text.begin(), text.end()}; }
        Riddle& of_;
    };
    std::unique_ptr<Authentication> start() override { return std::make_unique<One>(*this); }

    bool knows = true;
    std::atomic<int> accepted{0};
};

TEST_F(Login, AnApplicationsOwnLoginIsAskedStepByStep) {
    std::string greeting = "welcome";
    at_nodes([&] {
        node_.authenticator = "org.example.Riddle";
        node_.on_login = [&](const Asked& asked, base::ByteView token) {
            const std::string said(token.begin(), token.end());
            if (said == "hello")
                cql::append_auth_challenge(asked.client.out(), 4, asked.id, base::bytes_of("2+2"));
            else if (said == "4")
                cql::append_auth_success(asked.client.out(), 4, asked.id, base::bytes_of(greeting));
            else
                asked.client.answer_error(asked.id, cql::ErrorCode::bad_credentials);
        };
    });
    const auto riddle = std::make_shared<Riddle>();
    const auto cluster = Cluster::build_new_cluster(options().authenticator(riddle));
    cluster.connect().execute("INSERT");
    cluster.close();
    EXPECT_GE(riddle->accepted, 2) << "every connection logs in";

    riddle->knows = false;
    const auto ignorant = Cluster::build_new_cluster(options().authenticator(riddle));
    EXPECT_THAT(error_of(ErrorCode::authentication, [&] { ignorant.connect(); }), HasSubstr("as scripted"));
    ignorant.close();

    riddle->knows = true;
    at_nodes([&] { greeting = "who are you"; });
    const auto wary = Cluster::build_new_cluster(options().authenticator(riddle));
    EXPECT_THAT(error_of(ErrorCode::authentication, [&] { wary.connect(); }), HasSubstr("that is not my cluster"));
    wary.close();
}

TEST_F(Login, NoLoginWhereOneIsAskedForIsAnAuthenticationError) {
    at_nodes([&] {
        node_.authenticator = "org.apache.cassandra.auth.PasswordAuthenticator";
        node_.on_login = [](const Asked&, base::ByteView) { ADD_FAILURE() << "nothing to log in with"; };
    });
    const auto cluster = Cluster::build_new_cluster(options());
    error_of(ErrorCode::authentication, [&] { cluster.connect(); });
    cluster.close();
}

}  // namespace
}  // namespace crossfade

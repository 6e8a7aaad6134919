// For tests: TLS between a listener and clients on one loop.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/recording_user.hpp"
#include "net/stream.hpp"
#include "net/test_certificates.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::net {

inline std::shared_ptr<TlsContext> made(base::Result<std::shared_ptr<TlsContext>> context) {
    EXPECT_TRUE(context) << (context ? "" : context.error().message);
    return context ? *context : nullptr;
}

// A TLS listener of ours and TLS clients of ours.
class TlsTest : public testing::Test {
protected:
    void serve(const CertificateWish& wish, bool demands_certificate = false) {
        const auto files = certificates.issue(wish);
        TlsOptions options;
        options.certificate_file = files.certificate;
        options.key_file = files.key;
        options.verify_peer = demands_certificate;
        if (demands_certificate) options.ca_file = certificates.ca_file();
        auto listening =
            listen(loop, {"127.0.0.1", 0}, made(make_server_tls(options)), [this](std::unique_ptr<Stream> stream) {
                at_server.push_back(std::move(stream));
                at_server.back()->start(server_user);
            });
        ASSERT_TRUE(listening) << listening.error().message;
        listener = std::move(*listening);
    }
    TlsOptions trusting() const {
        TlsOptions options;
        options.ca_file = certificates.ca_file();
        return options;
    }
    base::Result<std::unique_ptr<Stream>> connected(const TlsOptions& tls, ConnectOptions options = {},
                                                    std::string host = "127.0.0.1") {
        options.tls = made(make_client_tls(tls));
        std::optional<base::Result<std::unique_ptr<Stream>>> result;
        const auto pending = connect(loop, {std::move(host), listener->address().port}, options,
                                     [&](base::Result<std::unique_ptr<Stream>> stream) { result = std::move(stream); });
        loop.run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
    std::string refusal(const TlsOptions& tls, const ConnectOptions& options = {}) {
        const auto result = connected(tls, options);
        EXPECT_FALSE(result);
        if (result) return "";
        EXPECT_EQ(result.error().kind, base::ErrorKind::connection);
        return result.error().message;
    }

    TestCertificates certificates;
    TestingLoop loop;
    std::unique_ptr<Listener> listener;
    std::vector<std::unique_ptr<Stream>> at_server;
    RecordingUser server_user, client_user;
};

}  // namespace crossfade::net

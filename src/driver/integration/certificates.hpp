// Certificates that count on the day of the test, and where the library wants them: files and bundles.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bundle/authority.hpp"
#include "bundle/bundle.hpp"
#include "net/stream.hpp"

namespace crossfade::driver {

class Certificates {
public:
    Certificates() {
        std::string name = ::testing::TempDir() + "crossfade-certificates-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~Certificates() { std::filesystem::remove_all(folder_); }
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    // What a node at `host` shows; clients must show a certificate of this authority.
    std::shared_ptr<net::TlsContext> server(const std::string& host) const {
        const bundle::CertificateAndKey shown = value_of(authority_.issue_server({host}, validity_));
        net::TlsOptions options;
        options.ca_pem = authority_.pem().certificate;
        options.certificate_pem = shown.certificate;
        options.key_pem = shown.key;
        return value_of(net::make_server_tls(options));
    }
    std::string ca_file() const { return file("ca.crt", authority_.pem().certificate); }
    std::string certificate_file() const { return file("client.crt", client_.certificate); }
    std::string key_file() const { return file("client.key", client_.key.reveal()); }
    // A bundle whose metadata service is at `service`.
    std::string write_bundle(const std::string& name, const net::Address& service) const {
        bundle::Bundle made;
        made.host = service.host;
        made.port = service.port;
        made.authority = authority_.pem().certificate;
        made.certificate = client_.certificate;
        made.key = client_.key;
        const std::string path = folder_ + "/" + name;
        const auto written = bundle::write_bundle(made, path, now_.time_since_epoch().count());
        EXPECT_TRUE(written) << written.error().message;
        return path;
    }

private:
    template <class T>
    static T value_of(base::Result<T> result) {
        if (!result) {
            ADD_FAILURE() << result.error().message;
            std::abort();
        }
        return std::move(*result);
    }
    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream(folder_ + "/" + name) << content;
        return folder_ + "/" + name;
    }

    const std::chrono::sys_seconds now_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const bundle::Validity validity_ = bundle::Validity::of_days(now_, std::chrono::days(10));
    const bundle::Authority authority_ = value_of(bundle::Authority::make("Test Root", validity_));
    const bundle::CertificateAndKey client_ = value_of(authority_.issue_client("client", validity_));
    std::string folder_;
};

}  // namespace crossfade::driver

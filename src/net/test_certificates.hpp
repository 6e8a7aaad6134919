// Certificates for tests, made when they are needed. For net's tests only.
#pragma once

#include <string>
#include <vector>

namespace crossfade::net {

struct CertificateWish {
    std::string common_name = "test";
    std::vector<std::string> names{};      // DNS names it is for
    std::vector<std::string> addresses{};  // IP addresses it is for
    bool is_expired = false;               // it was valid until yesterday
};

// An authority and what it signed, as PEM files in a folder that goes with this object.
class TestCertificates {
public:
    TestCertificates();
    ~TestCertificates();
    TestCertificates(const TestCertificates&) = delete;
    TestCertificates& operator=(const TestCertificates&) = delete;

    std::string ca_file() const { return folder_ + "/ca.crt"; }
    struct Files {
        std::string certificate, key;
    };
    // Signed by this authority. `passphrase`: the key is encrypted with it.
    Files issue(const CertificateWish& wish, const std::string& passphrase = "");
    // A file with this content.
    std::string file(const std::string& name, const std::string& content) const;

private:
    struct Authority;
    std::string folder_;
    Authority* authority_;
    int issued_ = 0;
};

}  // namespace crossfade::net

#include "net/test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace crossfade::net {
namespace {

template <class T>
T* made(T* one) {
    if (one == nullptr) throw std::runtime_error("OpenSSL could not make a test certificate");
    return one;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509* make_certificate(const std::string& common_name, EVP_PKEY* key, long serial, bool is_expired) {
    X509* const certificate = made(X509_new());
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    constexpr long day = 86400;
    X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), is_expired ? -day : 10 * day);
    X509_set_pubkey(certificate, key);
    const auto* const text = reinterpret_cast<const unsigned char*>(common_name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, text, -1, -1, 0);
    return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
    std::FILE* const file = made(std::fopen(path.c_str(), "w"));
    PEM_write_X509(file, certificate);
    std::fclose(file);
}

void write_key(const std::string& path, EVP_PKEY* key, const std::string& passphrase) {
    std::FILE* const file = made(std::fopen(path.c_str(), "w"));
    std::string secret = passphrase;
    PEM_write_PrivateKey(file, key, passphrase.empty() ? nullptr : EVP_aes_256_cbc(), nullptr, 0, nullptr,
                         passphrase.empty() ? nullptr : secret.data());
    std::fclose(file);
}

}  // namespace

struct TestCertificates::Authority {
    EVP_PKEY* key = made(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    X509* certificate = nullptr;
    Authority() {
        static int made_so_far = 0;  // two of one name would be taken for one with a broken signature
        certificate = make_certificate("Test Authority " + std::to_string(++made_so_far), key, 1, false);
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
        add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(certificate, key, EVP_sha256());
    }
    ~Authority() {
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
};

TestCertificates::TestCertificates() : authority_(new Authority) {
    std::string pattern = (std::filesystem::temp_directory_path() / "crossfade-tls-XXXXXX").string();
    folder_ = made(::mkdtemp(pattern.data()));
    write_certificate(ca_file(), authority_->certificate);
}

TestCertificates::~TestCertificates() {
    delete authority_;
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

TestCertificates::Files TestCertificates::issue(const CertificateWish& wish, const std::string& passphrase) {
    const std::string base = folder_ + "/" + std::to_string(++issued_);
    EVP_PKEY* const key = made(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    X509* const certificate = make_certificate(wish.common_name, key, 100 + issued_, wish.is_expired);
    X509_set_issuer_name(certificate, X509_get_subject_name(authority_->certificate));
    std::string alternatives;
    for (const auto& name : wish.names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    for (const auto& address : wish.addresses) alternatives += (alternatives.empty() ? "IP:" : ",IP:") + address;
    if (!alternatives.empty()) add_extension(certificate, authority_->certificate, NID_subject_alt_name, alternatives);
    X509_sign(certificate, authority_->key, EVP_sha256());
    write_certificate(base + ".crt", certificate);
    write_key(base + ".key", key, passphrase);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return {base + ".crt", base + ".key"};
}

std::string TestCertificates::file(const std::string& name, const std::string& content) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content;
    return path;
}

}  // namespace crossfade::net

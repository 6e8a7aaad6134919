#include "bundle/authority.hpp"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "bundle/certificate_facts.hpp"
#include "bundle/pem.hpp"

namespace crossfade::bundle {
namespace {

constexpr std::size_t key_bits = 2048, serial_size = 16, most_common_name = 64, most_host = 253;

using NumberHandle = std::unique_ptr<BIGNUM, Released<BN_free>>;
using IntegerHandle = std::unique_ptr<ASN1_INTEGER, Released<ASN1_INTEGER_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, Released<ASN1_TIME_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Released<X509_EXTENSION_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, Released<GENERAL_NAMES_free>>;

tl::unexpected<base::Error> refused(const std::string& what) {
    return base::fail(base::ErrorKind::bad_input, what);
}
// OpenSSL refuses what should always work.
tl::unexpected<base::Error> broken(const std::string& doing) {
    return base::fail(base::ErrorKind::internal, doing + " failed (" + openssl_reason() + ")");
}

void set_time(ASN1_TIME* to, std::chrono::sys_seconds time) {
    ASN1_TIME_set(to, static_cast<time_t>(time.time_since_epoch().count()));
}

// Positive, and never the same twice.
bool set_random_serial(X509* certificate) {
    std::array<unsigned char, serial_size> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);
    const NumberHandle number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// `value` is never what somebody typed: OpenSSL's extension texts have a syntax of their own.
bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

struct RawAddress {
    std::array<unsigned char, 16> bytes{};
    int size = 0;  // 0: it is a name
};
RawAddress address_of(const std::string& host) {
    RawAddress address;
    if (::inet_pton(AF_INET, host.c_str(), address.bytes.data()) == 1)
        address.size = 4;
    else if (::inet_pton(AF_INET6, host.c_str(), address.bytes.data()) == 1)
        address.size = 16;
    return address;
}

bool is_host_name(std::string_view text) {
    if (text.starts_with("*.")) text.remove_prefix(2);
    if (text.empty() || text.size() > most_host || text.front() == '.' || text.back() == '.') return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
    });
}

bool add_hosts(X509* certificate, const std::vector<std::string>& hosts) {
    const NamesHandle names(GENERAL_NAMES_new());
    for (const std::string& host : hosts) {
        const RawAddress address = address_of(host);
        GENERAL_NAME* const name = GENERAL_NAME_new();
        ASN1_STRING* const value = address.size > 0 ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
        if (address.size > 0)
            ASN1_STRING_set(value, address.bytes.data(), address.size);
        else
            ASN1_STRING_set(value, host.data(), static_cast<int>(host.size()));
        GENERAL_NAME_set0_value(name, address.size > 0 ? GEN_IPADD : GEN_DNS, value);
        sk_GENERAL_NAME_push(names.get(), name);
    }
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

base::Result<KeyHandle> make_key() {
    KeyHandle key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", key_bits));
    if (key == nullptr) return broken("making an RSA key");
    return key;
}

// With a subject and dates; its issuer and signature are still missing.
base::Result<CertificateHandle> make_certificate(const std::string& name, EVP_PKEY* key, const Validity& validity) {
    if (name.empty() || name.size() > most_common_name)
        return refused("'" + name.substr(0, 100) + "': the common name of a certificate has 1 to " +
                       std::to_string(most_common_name) + " characters; use a shorter one");
    if (validity.until <= validity.from) return refused("a certificate ends after it begins");
    CertificateHandle certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    set_time(X509_getm_notBefore(certificate.get()), validity.from);
    set_time(X509_getm_notAfter(certificate.get()), validity.until);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
    if (!set_random_serial(certificate.get()) || X509_set_pubkey(certificate.get(), key) != 1 ||
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, static_cast<int>(name.size()), -1,
                                   0) != 1)
        return broken("making a certificate for '" + name + "'");
    return certificate;
}

struct Signer {
    CertificateHandle certificate;
    KeyHandle key;
};
base::Result<Signer> signer_of(const CertificateAndKey& pem) {
    auto certificate = read_first_certificate("the authority's certificate", pem.certificate);
    if (!certificate) return base::fail(certificate.error());
    auto key = read_key("the authority's key", pem.key);
    if (!key) return base::fail(key.error());
    return Signer{std::move(*certificate), std::move(*key)};
}

base::Result<CertificateAndKey> issue(const CertificateAndKey& by, const std::string& name, const Validity& validity,
                                      const char* use, const std::vector<std::string>& hosts) {
    const auto signer = signer_of(by);
    if (!signer) return base::fail(signer.error());
    X509* const issuer = signer->certificate.get();
    const auto key = make_key();
    if (!key) return base::fail(key.error());
    const auto made = make_certificate(name, key->get(), validity);
    if (!made) return base::fail(made.error());
    X509* const certificate = made->get();
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment") ||
        !add_extension(certificate, issuer, NID_ext_key_usage, use) ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
        (!hosts.empty() && !add_hosts(certificate, hosts)) ||
        X509_sign(certificate, signer->key.get(), EVP_sha256()) == 0)
        return broken("signing the certificate of '" + name + "'");
    return CertificateAndKey{to_pem(certificate), to_pem(key->get())};
}

bool add_revocation(X509_CRL* list, const Revocation& revocation) {
    BIGNUM* parsed = nullptr;
    const int digits = BN_hex2bn(&parsed, revocation.serial.c_str());
    const NumberHandle number(parsed);
    if (digits == 0 || static_cast<std::size_t>(digits) != revocation.serial.size()) return false;
    const IntegerHandle serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
    const TimeHandle at(ASN1_TIME_new());
    set_time(at.get(), revocation.at);
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, serial.get());
    X509_REVOKED_set_revocationDate(entry, at.get());
    return X509_CRL_add0_revoked(list, entry) == 1;
}

}  // namespace

Validity Validity::of_days(std::chrono::sys_seconds now, std::chrono::days days) {
    return {now - std::chrono::hours(1), now + days};
}

base::Result<Authority> Authority::make(const std::string& name, Validity validity) {
    const auto key = make_key();
    if (!key) return base::fail(key.error());
    const auto made = make_certificate(name, key->get(), validity);
    if (!made) return base::fail(made.error());
    X509* const root = made->get();
    if (X509_set_issuer_name(root, X509_get_subject_name(root)) != 1 ||
        !add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE") ||
        !add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(root, root, NID_subject_key_identifier, "hash") ||
        X509_sign(root, key->get(), EVP_sha256()) == 0)
        return broken("signing the root certificate");
    return Authority({to_pem(root), to_pem(key->get())});
}

base::Result<Authority> Authority::load(const std::string& where, CertificateAndKey pem) {
    const auto facts = read_certificate_facts(where, pem.certificate);
    if (!facts) return base::fail(facts.error());
    const auto is_own = belongs_to(where, pem.key, pem.certificate);
    if (!is_own) return base::fail(is_own.error());
    if (!facts->is_authority) return refused(where + ": this certificate may not sign others; give the root's");
    if (!*is_own) return refused(where + ": the key is not this certificate's; give the pair that was made together");
    return Authority(std::move(pem));
}

base::Result<CertificateAndKey> Authority::issue_server(const std::vector<std::string>& hosts,
                                                        Validity validity) const {
    if (hosts.empty()) return refused("a server's certificate needs a host; name at least one");
    for (const std::string& host : hosts)
        if (address_of(host).size == 0 && !is_host_name(host))
            return refused("'" + host.substr(0, 100) + "' is no host name and no IP address");
    return issue(pem_, hosts.front(), validity, "serverAuth", hosts);
}

base::Result<CertificateAndKey> Authority::issue_client(const std::string& name, Validity validity) const {
    return issue(pem_, name, validity, "clientAuth", {});
}

base::Result<std::string> Authority::renew(const std::string& where, const std::string& certificate,
                                           Validity validity) const {
    if (validity.until <= validity.from) return refused("a certificate ends after it begins");
    const auto signer = signer_of(pem_);
    if (!signer) return base::fail(signer.error());
    const auto is_ours = is_signed_by(where, certificate, pem_.certificate);
    if (!is_ours) return base::fail(is_ours.error());
    if (!*is_ours) return refused(where + ": another authority signed this certificate; only that one can renew it");
    const auto old = read_first_certificate(where, certificate);
    if (!old) return base::fail(old.error());
    const CertificateHandle again(X509_dup(old->get()));
    set_time(X509_getm_notBefore(again.get()), validity.from);
    set_time(X509_getm_notAfter(again.get()), validity.until);
    if (!set_random_serial(again.get()) || X509_sign(again.get(), signer->key.get(), EVP_sha256()) == 0)
        return broken("renewing a certificate");
    return to_pem(again.get());
}

base::Result<Authority> Authority::renewed(Validity validity) const {
    auto root = renew("the root", pem_.certificate, validity);
    if (!root) return base::fail(root.error());
    return Authority({std::move(*root), pem_.key});
}

base::Result<std::string> Authority::revoke(const std::vector<Revocation>& revocations, std::int64_t number,
                                            Validity validity) const {
    const auto signer = signer_of(pem_);
    if (!signer) return base::fail(signer.error());
    const RevocationListHandle list(X509_CRL_new());
    const TimeHandle from(ASN1_TIME_new()), until(ASN1_TIME_new());
    set_time(from.get(), validity.from);
    set_time(until.get(), validity.until);
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(signer->certificate.get()));
    X509_CRL_set1_lastUpdate(list.get(), from.get());
    X509_CRL_set1_nextUpdate(list.get(), until.get());
    for (const Revocation& revocation : revocations)
        if (!add_revocation(list.get(), revocation))
            return refused("'" + revocation.serial.substr(0, 100) + "' is no serial number of a certificate");
    const IntegerHandle count(ASN1_INTEGER_new());
    ASN1_INTEGER_set_int64(count.get(), number);
    X509_CRL_sort(list.get());
    if (X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, count.get(), 0, X509V3_ADD_DEFAULT) != 1 ||
        X509_CRL_sign(list.get(), signer->key.get(), EVP_sha256()) == 0)
        return broken("signing the revocation list");
    const BioHandle bio = memory_bio();
    PEM_write_bio_X509_CRL(bio.get(), list.get());
    return text_of(bio.get());
}

}  // namespace crossfade::bundle

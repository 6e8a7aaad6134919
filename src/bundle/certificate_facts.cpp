#include "bundle/certificate_facts.hpp"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "bundle/pem.hpp"

namespace crossfade::bundle {
namespace {

void release_names(GENERAL_NAMES* names) {
    GENERAL_NAMES_free(names);
}
using NamesHandle = std::unique_ptr<GENERAL_NAMES, Released<release_names>>;
using NumberHandle = std::unique_ptr<BIGNUM, Released<BN_free>>;

std::string text_of_name(const X509_NAME* name) {
    const BioHandle bio = memory_bio();
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return text_of(bio.get());
}

std::string printable(base::ByteView bytes) {
    std::string text(base::text_of(bytes));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

base::ByteView bytes_of_string(const ASN1_STRING* text) {
    return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string common_name_of(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return "";
    return printable(bytes_of_string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
}

std::string text_of_address(base::ByteView bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes.size() == 16 ? AF_INET6 : AF_INET;
    if (bytes.size() != 4 && bytes.size() != 16) return "?";
    return ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "?" : text.data();
}

void read_names(const X509* certificate, CertificateFacts& facts) {
    const NamesHandle names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int kind = 0;
        const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        if (kind != GEN_DNS && kind != GEN_IPADD) continue;
        const base::ByteView bytes = bytes_of_string(static_cast<const ASN1_STRING*>(value));
        if (kind == GEN_DNS)
            facts.dns_names.push_back(printable(bytes));
        else
            facts.addresses.push_back(text_of_address(bytes));
    }
}

// A date that cannot be read is the beginning of time: a certificate with it counts as over.
std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

std::string serial_of(const X509* certificate) {
    const NumberHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    char* const hexadecimal = number == nullptr ? nullptr : BN_bn2hex(number.get());
    std::string text = hexadecimal == nullptr ? "" : hexadecimal;
    OPENSSL_free(hexadecimal);
    return text;
}

}  // namespace

base::Result<CertificateFacts> read_certificate_facts(const std::string& where, std::string_view pem) {
    auto read = read_first_certificate(where, pem);
    if (!read) return base::fail(read.error());
    X509* const certificate = read->get();
    CertificateFacts facts;
    facts.subject = text_of_name(X509_get_subject_name(certificate));
    facts.issuer = text_of_name(X509_get_issuer_name(certificate));
    facts.common_name = common_name_of(X509_get_subject_name(certificate));
    facts.serial = serial_of(certificate);
    facts.not_before = time_of(X509_get0_notBefore(certificate));
    facts.not_after = time_of(X509_get0_notAfter(certificate));
    facts.is_authority = X509_check_ca(certificate) == 1;
    read_names(certificate, facts);
    ERR_clear_error();
    return facts;
}

std::int64_t days_left(const CertificateFacts& facts, std::chrono::sys_seconds now) {
    return std::chrono::floor<std::chrono::days>(facts.not_after - now).count();
}

base::Result<bool> is_signed_by(const std::string& where, std::string_view certificate, std::string_view authorities) {
    const auto one = read_first_certificate(where, certificate);
    if (!one) return base::fail(one.error());
    const auto all = read_certificates(where, authorities);
    if (!all) return base::fail(all.error());
    const bool is_signed = std::any_of(all->begin(), all->end(), [&](const CertificateHandle& authority) {
        return X509_check_issued(authority.get(), one->get()) == X509_V_OK &&
               X509_verify(one->get(), X509_get0_pubkey(authority.get())) == 1;
    });
    ERR_clear_error();
    return is_signed;
}

base::Result<bool> belongs_to(const std::string& where, const base::Secret<std::string>& key,
                              std::string_view certificate) {
    const auto one = read_first_certificate(where, certificate);
    if (!one) return base::fail(one.error());
    const auto own = read_key(where, key);
    if (!own) return base::fail(own.error());
    const bool is_own = X509_check_private_key(one->get(), own->get()) == 1;
    ERR_clear_error();
    return is_own;
}

base::Result<bool> is_same_certificate(const std::string& where, std::string_view one, std::string_view other) {
    const auto first = read_first_certificate(where, one);
    if (!first) return base::fail(first.error());
    const auto second = read_first_certificate(where, other);
    if (!second) return base::fail(second.error());
    return X509_cmp(first->get(), second->get()) == 0;
}

}  // namespace crossfade::bundle

#include "bundle/authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/certificate_facts.hpp"
#include "bundle/test_identities.hpp"
#include "net/stream.hpp"

namespace crossfade::bundle {
namespace {

using testing::HasSubstr;

CertificateFacts facts_of(const std::string& pem) {
    return value_of(read_certificate_facts("c", pem));
}

TEST(AuthorityTest, IsLoadedFromWhatItGaveAway) {
    const TestIdentities& identities = TestIdentities::get();
    const Authority loaded = value_of(Authority::load("ca", identities.authority().pem()));
    EXPECT_TRUE(facts_of(loaded.pem().certificate).is_authority);
    const CertificateAndKey issued = value_of(loaded.issue_client("c", identities.validity));
    EXPECT_TRUE(value_of(is_signed_by("c", issued.certificate, identities.authority().pem().certificate)));
    EXPECT_THAT(issued.key.reveal(), testing::StartsWith("-----BEGIN RSA PRIVATE KEY-----"));
}

TEST(AuthorityTest, WhatCannotSignIsNotLoaded) {
    const TestIdentities& identities = TestIdentities::get();
    EXPECT_THAT(Authority::load("ca", identities.client()).error().message, HasSubstr("may not sign"));
    const CertificateAndKey mixed{identities.authority().pem().certificate, identities.other_authority().pem().key};
    EXPECT_THAT(Authority::load("ca", mixed).error().message, HasSubstr("key is not this certificate's"));
}

TEST(AuthorityTest, WishesThatCannotBeMetAreNamed) {
    const TestIdentities& identities = TestIdentities::get();
    const Authority& authority = identities.authority();
    for (const std::string host : {"", "a b", "a,DNS:evil.example.com", ".x", "x.", "a/b", "a\nb"}) {
        const auto issued = authority.issue_server({"ok.example.com", host}, identities.validity);
        ASSERT_FALSE(issued) << host;
        EXPECT_EQ(issued.error().kind, base::ErrorKind::bad_input);
    }
    EXPECT_FALSE(authority.issue_server({}, identities.validity));
    EXPECT_THAT(authority.issue_client(std::string(65, 'x'), identities.validity).error().message, HasSubstr("64"));
    EXPECT_FALSE(authority.issue_client("c", {test_now, test_now}));
}

TEST(AuthorityTest, SerialNumbersAreNeverTheSame) {
    const TestIdentities& identities = TestIdentities::get();
    EXPECT_NE(facts_of(identities.client().certificate).serial, facts_of(identities.server().certificate).serial);
}

TEST(AuthorityTest, ARenewedCertificateKeepsItsKeyAndNames) {
    const TestIdentities& identities = TestIdentities::get();
    const Validity later{test_now + std::chrono::days(90), test_now + std::chrono::days(500)};
    const std::string renewed = value_of(identities.authority().renew("c", identities.server().certificate, later));
    const CertificateFacts before = facts_of(identities.server().certificate), after = facts_of(renewed);
    EXPECT_EQ(after.dns_names, before.dns_names);
    EXPECT_EQ(after.addresses, before.addresses);
    EXPECT_EQ(after.not_before, later.from);
    EXPECT_EQ(after.not_after, later.until);
    EXPECT_NE(after.serial, before.serial);
    EXPECT_TRUE(value_of(belongs_to("c", identities.server().key, renewed)));
    EXPECT_TRUE(value_of(is_signed_by("c", renewed, identities.authority().pem().certificate)));
    EXPECT_THAT(identities.authority().renew("c", identities.foreign_client().certificate, later).error().message,
                HasSubstr("another authority"));
}

TEST(AuthorityTest, WhatItSignedStaysGoodWhenTheRootIsRenewed) {
    const TestIdentities& identities = TestIdentities::get();
    const Validity later{test_now, test_now + std::chrono::days(9000)};
    const Authority renewed = value_of(identities.authority().renewed(later));
    EXPECT_EQ(facts_of(renewed.pem().certificate).not_after, later.until);
    EXPECT_TRUE(value_of(is_signed_by("c", identities.client().certificate, renewed.pem().certificate)));
    EXPECT_TRUE(value_of(Authority::load("ca", renewed.pem())).pem().key == identities.authority().pem().key);
}

TEST(AuthorityTest, RevocationListsTakeSerialNumbersOnly) {
    const TestIdentities& identities = TestIdentities::get();
    const std::string serial = facts_of(identities.client().certificate).serial;
    const std::string list = value_of(identities.authority().revoke({{serial, test_now}}, 1, identities.validity));
    EXPECT_THAT(list, testing::StartsWith("-----BEGIN X509 CRL-----"));
    net::TlsOptions options;
    options.ca_pem = identities.authority().pem().certificate;
    options.revocations_pem = list;
    EXPECT_TRUE(net::make_client_tls(options));
    for (const std::string wrong : {"", "xyz", "12 34", "12x"})
        EXPECT_FALSE(identities.authority().revoke({{wrong, test_now}}, 1, identities.validity)) << wrong;
}

}  // namespace
}  // namespace crossfade::bundle

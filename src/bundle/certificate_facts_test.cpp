#include "bundle/certificate_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CertificateFacts, AServersCertificateNamesEveryHost) {
    const TestIdentities& identities = TestIdentities::get();
    const Validity validity{test_now, test_now + std::chrono::days(30)};
    const CertificateAndKey issued = value_of(
        identities.authority().issue_server({"db.example.com", "*.db.example.com", "10.0.0.1", "::1"}, validity));
    const CertificateFacts facts = value_of(read_certificate_facts("c", issued.certificate));
    EXPECT_EQ(facts.subject, "CN=db.example.com");
    EXPECT_EQ(facts.common_name, "db.example.com");
    EXPECT_EQ(facts.issuer, "CN=Test Root");
    EXPECT_THAT(facts.dns_names, ElementsAre("db.example.com", "*.db.example.com"));
    EXPECT_THAT(facts.addresses, ElementsAre("10.0.0.1", "::1"));
    EXPECT_EQ(facts.not_before, validity.from);
    EXPECT_EQ(facts.not_after, validity.until);
    EXPECT_FALSE(facts.is_authority);
    EXPECT_EQ(facts.serial.size(), 32U);
}

TEST(CertificateFacts, DaysLeftCountDownPastTheEnd) {
    CertificateFacts facts;
    facts.not_after = test_now;
    EXPECT_EQ(days_left(facts, test_now - std::chrono::days(3) - std::chrono::seconds(1)), 3);
    EXPECT_EQ(days_left(facts, test_now - std::chrono::hours(23)), 0);
    EXPECT_EQ(days_left(facts, test_now + std::chrono::seconds(1)), -1);
    EXPECT_EQ(days_left(facts, test_now + std::chrono::hours(25)), -2);
}

TEST(CertificateFacts, WhatFitsTogetherIsTold) {
    const TestIdentities& identities = TestIdentities::get();
    const std::string& root = identities.authority().pem().certificate;
    const std::string& other = identities.other_authority().pem().certificate;
    EXPECT_TRUE(value_of(is_signed_by("c", identities.client().certificate, root)));
    EXPECT_TRUE(value_of(is_signed_by("c", identities.client().certificate, other + root)));
    EXPECT_FALSE(value_of(is_signed_by("c", identities.client().certificate, other)));
    EXPECT_TRUE(value_of(belongs_to("c", identities.client().key, identities.client().certificate)));
    EXPECT_FALSE(value_of(belongs_to("c", identities.server().key, identities.client().certificate)));
    EXPECT_TRUE(value_of(is_same_certificate("c", root, root + other)));
    EXPECT_FALSE(value_of(is_same_certificate("c", root, other)));
}

TEST(CertificateFacts, WhatIsNoCertificateOrKeyIsRefusedWithoutBeingShown) {
    const TestIdentities& identities = TestIdentities::get();
    const auto nothing = read_certificate_facts("scb.zip: cert", "hello");
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.error().message, HasSubstr("scb.zip: cert: it is no PEM certificate"));
    const std::string broken = identities.client().certificate.substr(0, 400) + "!!!!";
    EXPECT_FALSE(read_certificate_facts("c", broken));
    const base::Secret<std::string> half(identities.client().key.reveal().substr(0, 300));
    const auto no_key = belongs_to("scb.zip: key", half, identities.client().certificate);
    ASSERT_FALSE(no_key);
    EXPECT_THAT(no_key.error().message, testing::Not(HasSubstr(half.reveal().substr(40, 30))));
}

}  // namespace
}  // namespace crossfade::bundle

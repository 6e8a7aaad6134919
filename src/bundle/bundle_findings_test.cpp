#include "bundle/bundle_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class BundleFindingsTest : public testing::Test {
protected:
    // All findings as lines; problems begin with "!".
    static std::string found(const Bundle& bundle, const std::vector<ZipEntry>& files,
                             std::chrono::sys_seconds now = test_now) {
        std::string text;
        for (const BundleFinding& finding : examine(bundle, files, now))
            text += (finding.is_problem ? "!" : "") + finding.text + "\n";
        return text;
    }
    std::vector<ZipEntry> files = value_of(make_bundle_files(test_bundle(), 0));
    const TestIdentities& identities = TestIdentities::get();
};

TEST_F(BundleFindingsTest, AGoodBundleHasNone) {
    EXPECT_THAT(found(test_bundle(), files), IsEmpty());
}

TEST_F(BundleFindingsTest, TheEndIsToldBeforeAndAfter) {
    const std::chrono::sys_seconds end = identities.validity.until;
    EXPECT_THAT(found(test_bundle(), files, end - std::chrono::days(30)), IsEmpty());
    EXPECT_EQ(found(test_bundle(), files, end - std::chrono::days(10)),
              "ca.crt: ends in 10 days; download the bundle again before that\n"
              "cert: ends in 10 days; download the bundle again before that\n");
    EXPECT_EQ(found(test_bundle(), files, end + std::chrono::days(2)),
              "!ca.crt: ended 2 days ago; download the bundle again\n"
              "!cert: ended 2 days ago; download the bundle again\n");
    EXPECT_THAT(found(test_bundle(), files, identities.validity.from - std::chrono::days(1)),
                HasSubstr("!cert: is not valid yet"));
}

TEST_F(BundleFindingsTest, PartsOfTwoBundlesAreProblems) {
    Bundle foreign = test_bundle();
    foreign.certificate = identities.foreign_client().certificate;
    EXPECT_THAT(found(foreign, files),
                testing::AllOf(HasSubstr("!key: does not belong to cert"), HasSubstr("!cert: was not signed by ca.crt"),
                               HasSubstr("!identity.jks: has another certificate"),
                               HasSubstr("!cert.pfx: has another certificate")));
    Bundle other_root = test_bundle();
    other_root.authority = identities.other_authority().pem().certificate;
    EXPECT_THAT(found(other_root, files), HasSubstr("!trustStore.jks: trusts another certificate"));
}

TEST_F(BundleFindingsTest, WrongPasswordsAreProblemsAndAreNotShown) {
    Bundle bundle = test_bundle();
    bundle.key_store_password = bundle.trust_store_password = bundle.pfx_password =
        base::Secret<std::string>("other-secret");
    const std::string text = found(bundle, files);
    EXPECT_THAT(text, testing::AllOf(HasSubstr("!identity.jks: its password is another one"),
                                     HasSubstr("!trustStore.jks: its password is another one"),
                                     HasSubstr("!cert.pfx: its password is another one"), HasSubstr("keyStorePassword"),
                                     testing::Not(HasSubstr("other-secret"))));
}

TEST_F(BundleFindingsTest, WhatOnlySomeDriversNeedIsAWarning) {
    std::erase_if(files, [](const ZipEntry& file) { return file.name.find('.') != std::string::npos; });
    EXPECT_EQ(found(test_bundle(), files),
              "identity.jks: is not there; Java drivers cannot open this bundle\n"
              "cert.pfx: is not there; the C# driver cannot open this bundle\n"
              "trustStore.jks: is not there; Java drivers cannot open this bundle\n");
}

}  // namespace
}  // namespace crossfade::bundle

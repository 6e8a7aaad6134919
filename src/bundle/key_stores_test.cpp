#include "bundle/key_stores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/certificate_facts.hpp"
#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

base::Secret<std::string> secret(const char* text) {
    return base::Secret<std::string>(text);
}

base::Bytes from_hexadecimal(std::string_view text) {
    base::Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

class TrustStoreTest : public testing::Test {
protected:
    const std::string roots =
        TestIdentities::get().authority().pem().certificate + TestIdentities::get().other_authority().pem().certificate;
    const base::Bytes store = value_of(write_trust_store("trustStore.jks", roots, secret("right"), 1'700'000'000));
};

TEST_F(TrustStoreTest, GivesBackTheCertificates) {
    EXPECT_EQ(value_of(read_trust_store("t", store, secret("right"))), roots);
    const JksStore read = value_of(read_jks("t", store, secret("right")));
    ASSERT_EQ(read.trusted.size(), 2U);
    EXPECT_EQ(read.trusted[0].alias, "ca");
    EXPECT_EQ(read.trusted[1].alias, "ca-2");
}

// Laid out by hand after sun.security.provider.JavaKeyStore; the digest by Python's hashlib.
TEST(JksTest, AnEmptyStoreIsWhatJavaWrites) {
    EXPECT_EQ(write_jks_trust({}, secret("changeit"), 0),
              from_hexadecimal("feedfeed0000000200000000e2686e45fb43dfa4d992dd41ceb6b21c6330d792"));
}

TEST_F(TrustStoreTest, AnotherPasswordIsRefused) {
    const auto read = read_trust_store("scb.zip: trustStore.jks", store, secret("wrong"));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, base::ErrorKind::bad_input);
    EXPECT_THAT(read.error().message, testing::AllOf(StartsWith("scb.zip: trustStore.jks: "), HasSubstr("password")));
}

TEST_F(TrustStoreTest, CutOrChangedAtAnyByteItIsRefused) {
    for (std::size_t at = 0; at < store.size(); ++at) {
        const base::Bytes cut(store.begin(), store.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(read_jks("t", cut, secret("right"))) << at;
        base::Bytes changed = store;
        changed[at] ^= 1U;
        EXPECT_FALSE(read_jks("t", changed, secret("right"))) << at;
    }
}

TEST(JksTest, LengthsThatAreNotThereAreNotBelieved) {
    base::Bytes many = from_hexadecimal("feedfeed00000002ffffffff");
    many.resize(32);
    EXPECT_THAT(read_jks("t", many, secret("x")).error().message, HasSubstr("more than 1000 entries"));
    base::Bytes large =
        from_hexadecimal("feedfeed000000020000000100000002000161000000000000000000055835303900ffffffff");
    large.resize(80);
    EXPECT_FALSE(read_jks("t", large, secret("x")));
}

// Made by JDK 17: keytool -genkeypair -alias mykey -keyalg EC -storetype JKS -storepass keypass1 -dname CN=client
constexpr std::string_view java_store =
    "feedfeed00000002000000010000000100056d796b6579000001a227e52ca20000007f307d300e060a2b060104012a021101"
    "010500046bbee892824cff876faa30564ff264e952966e4cf579c277618a382e79a2cd213496ad4ee01f28bab3d7ae5fa0d8"
    "bdab101c3a64854f6aef54ecaa623bd6518b68a966c0055f93a70515ddbf0b872b7534eefcfc025ea6e56b5eb651c9646d94"
    "43ad9e1a17b114eb9acee744000000010005582e3530390000013e3082013a3081e1a003020102020853fb040f8b5b27bb30"
    "0a06082a8648ce3d0403023011310f300d06035504031306636c69656e743020170d3236313132393135323130305a180f32"
    "313236313130353135323130305a3011310f300d06035504031306636c69656e743059301306072a8648ce3d020106082a86"
    "48ce3d03010703420004b380c224f349dabeab164fa33f2ae9ffb8f48af61e2d8a5718bf667b82ca26e7aeda54923ecc2fd4"
    "200dda4b3a432835e178b224ed1462a83acb6e4b9059ee9ca321301f301d0603551d0e04160414a8dbdceade18d6350716b7"
    "8ab4e03e2094c4c6cf300a06082a8648ce3d040302034800304502204ff31826c8b4c2b42e88533d24e2bb955c92803ac990"
    "afb3209a42d8118a6d03022100cc72b2206898a42486a1d3be2879c54b81b04967fe5b2525fda4020ea5104dcbec45a0c828"
    "2e6d1b65327e82a087c894bc76ae2b";

TEST(IdentityStoreTest, AJksThatJavaMadeIsOpened) {
    const base::Bytes store = from_hexadecimal(java_store);
    const Identity read = value_of(read_identity_store("identity.jks", store, secret("keypass1")));
    EXPECT_EQ(value_of(read_certificate_facts("c", read.certificates)).subject, "CN=client");
    EXPECT_TRUE(value_of(belongs_to("c", read.key, read.certificates)));
    EXPECT_FALSE(read_identity_store("identity.jks", store, secret("keypass2")));
    const JksStore opened = value_of(read_jks("identity.jks", store, secret("keypass1")));
    const auto other_key_password = open_jks_key("identity.jks", opened.identities.at(0), secret("other"));
    ASSERT_FALSE(other_key_password);
    EXPECT_THAT(other_key_password.error().message, HasSubstr("password"));
}

TEST(IdentityStoreTest, GivesBackKeyAndCertificates) {
    const TestIdentities& identities = TestIdentities::get();
    const Identity identity{identities.client().certificate + identities.authority().pem().certificate,
                            identities.client().key};
    const base::Bytes store = value_of(write_pkcs12("cert.pfx", identity, secret("right")));
    const Identity read = value_of(read_identity_store("cert.pfx", store, secret("right")));
    EXPECT_EQ(read.certificates, identity.certificates);
    EXPECT_EQ(read.key, identity.key);
    EXPECT_THAT(read.key.reveal(), StartsWith("-----BEGIN RSA PRIVATE KEY-----"));
    const auto refused = read_identity_store("cert.pfx", store, secret("wrong"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::AllOf(StartsWith("cert.pfx: "), HasSubstr("password")));
}

TEST(IdentityStoreTest, CutAnywhereItIsRefused) {
    const TestIdentities& identities = TestIdentities::get();
    const base::Bytes store =
        value_of(write_pkcs12("p", {identities.client().certificate, identities.client().key}, secret("right")));
    for (std::size_t size = 0; size < store.size(); size += 7) {
        const base::Bytes cut(store.begin(), store.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(read_pkcs12("p", cut, secret("right"))) << size;
    }
}

// The largest count there is: without a limit it would be busy for an hour.
TEST(IdentityStoreTest, AnIterationCountThatTakesMinutesIsRefusedAtOnce) {
    const TestIdentities& identities = TestIdentities::get();
    base::Bytes store =
        value_of(write_pkcs12("p", {identities.client().certificate, identities.client().key}, secret("right")));
    // MacData is the end of the outermost sequence, and its count, 2048, the end of MacData.
    const std::size_t mac = store.size() - 0x33;
    ASSERT_EQ(store[0], 0x30);
    ASSERT_EQ(store[1], 0x82);
    ASSERT_EQ(store[mac], 0x30);
    ASSERT_EQ(store[mac + 1], 0x31);
    ASSERT_EQ(base::Bytes(store.end() - 4, store.end()), (base::Bytes{2, 2, 8, 0}));
    store.resize(store.size() - 4);
    base::append(store, base::Bytes{2, 4, 0x7F, 0xFF, 0xFF, 0xFF});
    store[mac + 1] = 0x33;
    const std::size_t length = store.size() - 4;
    store[2] = static_cast<std::uint8_t>(length >> 8U);
    store[3] = static_cast<std::uint8_t>(length & 0xFFU);
    const auto read = read_pkcs12("p", store, secret("right"));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("iteration count"));
}

TEST(IdentityStoreTest, AKeyThatIsNotTheCertificatesIsRefused) {
    const TestIdentities& identities = TestIdentities::get();
    const auto written = write_pkcs12("p", {identities.client().certificate, identities.server().key}, secret("x"));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, base::ErrorKind::bad_input);
    EXPECT_THAT(written.error().message, testing::Not(HasSubstr("PRIVATE KEY")));
}

}  // namespace
}  // namespace crossfade::bundle

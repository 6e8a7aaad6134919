#include "cql/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <string_view>

namespace crossfade::cql {
namespace {

using testing::ElementsAre;

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        bytes.push_back(static_cast<std::uint8_t>(value));
    }
    return bytes;
}

TEST(Token, IsWhatTheServerSays) {
    struct Vector {
        const char* key;
        Token token;
    };
    // SELECT k, token(k) of a real Cassandra 5.0 node, random blobs: every length of the tail, with bytes of 0x80 and
    // above in it.
    const Vector vectors[] = {
        {"dd", -9203332091363526247},
        {"4d", -7912594386904524724},
        {"aaf2", -8030652145849921321},
        {"211f", -8055099166492462885},
        {"a99cd7", -9066842866172019380},
        {"69b94b", -7939177492805797555},
        {"ebb2dbd1", -9186182721813847390},
        {"e15d024c", -8960915561408848943},
        {"e6cf9a48d5", -8087417427850972915},
        {"0ecc682919", -3114501226068577643},
        {"d4b0aff788cf", -9150823622630816583},
        {"4110d9f2fa00", -7660537953790261908},
        {"99f6899a81f9bb", -8545084082145570263},
        {"a7d1be5e9f2768", -7628813309143405695},
        {"87ef99d8f88cb797", -7379316998722194380},
        {"d80cbe699b86db57", -5329530435740968737},
        {"89d6b3aee095878d88", -8504463795646894065},
        {"4b8cffb12bf8c36677", -6418026926796928120},
        {"9acfc0878498b1c284f6", -9052657441910163716},
        {"fde40d440a7c2d725d55", -8893075594529573394},
        {"b58d5610883220b262e6c5", -9217740953481727063},
        {"6a98f36874e74385e1bc7e", -5793419386850100659},
        {"c3c4918bb28ce8dcc482d38a", -8007146749023279521},
        {"51e5c97526b8a86e9f43166c", -5389076524050368130},
        {"993b2281767a65ea79fc19c8ca", -9141482138801012341},
        {"95666be8cfe368681d5cde3f19", -8762086874418876947},
        {"f8c3818c99e0debcc887f8f0fc9d", -7795139370106840850},
        {"4839fc8ce65b33829bcad158e330", -7442446227023502834},
        {"84aa1c2a8753872e201a8643a8aefb", -8291712206343377571},
        {"004f84e8f3c546857b3d8cd54c4645", -8792024735126130455},
        {"86d2faf0fec6dd85d9d3fa9dd5c1e3c2", -9149724192736143427},
        {"78d84779027bb67b2ff4c6dbabf31571", -5734709173841611298},
        {"baf096f4bdaeb3d0d686a1d6df9092859e", -8977677833067304078},
        {"b79580e0e0a1ff9595a482cfe9addac79eb1a5b7a9f3be90", -7445541159074240020},
        {"317282fb5e6569d090818d81edd9adda5a3e59a25c90fa4ef9e8320ae533bb", -8499712365189795689},
        {"c909b9c40ae553ad2684029ac3c3d6ac45f30bd7b9998eee7a6155b2bb43abe3", -9054822171536269285},
        {"8dbfeabbbf9fc8eeaa8fd2eac9edd7eaa3ab8f9bccefa2a8ac9ca8e2c6dbe2a4ef", -8451593284415206276},
        {"6292e98ca81efe8030ca5df2df21df7463a756ea1bae57271763109b8128a72dae9ea251d299084856049cbee431a5",
         -9209992241149072360},
        {"be98ded4fdd3b5bc8e81d5eba5aff8b398979186aee8c89da2de95f8b59ddda089a5f7c1de80c4a1c0dbb2889b9ffcc591",
         -8636250345379697679},
    };
    for (const Vector& each : vectors) EXPECT_EQ(token_of(from_hex(each.key)), each.token) << each.key;
}

TEST(Token, OfAKeyOfSeveralComponentsIsWhatTheServerSays) {
    struct Vector {
        std::int32_t a;
        const char* b;
        const char* c;
        Token token;
    };
    // SELECT a, b, c, token(a, b, c) of a real Cassandra 5.0 node, PRIMARY KEY ((a int, b text, c blob)).
    const Vector vectors[] = {
        {1702523436, "12", "4e6a66", -9140928198025598497},
        {1651595881, "ééé7", "578d721ca4ce17", -8538097288335437894},
        {-438841834, "28", "4a", -7099197322520936300},
        {1246947676, "éé10", "25", -6832333025212254809},
        {124672892, "ééé3", "5c1301", -6317412162025779998},
        {515811330, "ééé19", "17", -6107561129339336831},
    };
    for (const Vector& each : vectors) {
        Bytes a;
        Writer(a).int_number(each.a);
        const Bytes c = from_hex(each.c);
        Bytes key;
        ASSERT_TRUE(append_partition_key(key, {a, base::bytes_of(each.b), c}));
        EXPECT_EQ(token_of(key), each.token) << each.a;
    }
}

TEST(Token, OfAnEmptyKeyIsZero) {
    EXPECT_EQ(token_of({}), 0);
}

TEST(PartitionKey, OfOneComponentIsItsBytes) {
    Bytes key = {9};
    const Bytes component(70'000, 1);
    ASSERT_TRUE(append_partition_key(key, {component}));
    EXPECT_EQ(key.size(), 70'001U);
}

TEST(PartitionKey, OfSeveralComponentsHasTheirLengths) {
    Bytes key;
    const Bytes first = {1, 2};
    const Bytes second;
    ASSERT_TRUE(append_partition_key(key, {first, second}));
    EXPECT_EQ(key, (Bytes{0, 2, 1, 2, 0, 0, 0, 0}));
    const Bytes too_long(65'536, 1);
    const auto failed = append_partition_key(key, {first, too_long});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, base::ErrorKind::bad_input);
    EXPECT_EQ(key.size(), 8U);  // nothing was added
}

TEST(TokenRing, OwnerHasTheTokensUpToItsOwn) {
    const TokenRing ring({{100, 1}, {-50, 0}, {300, 2}});
    EXPECT_EQ(ring.owner(-51), 0U);
    EXPECT_EQ(ring.owner(-50), 0U);
    EXPECT_EQ(ring.owner(-49), 1U);
    EXPECT_EQ(ring.owner(100), 1U);
    EXPECT_EQ(ring.owner(101), 2U);
    EXPECT_EQ(ring.owner(301), 0U);
    EXPECT_EQ(ring.owner(largest_token), 0U);
    EXPECT_EQ(ring.owner(smallest_token), 0U);
}

TEST(TokenRing, SimpleReplicasAreTheNextNodes) {
    const TokenRing ring({{0, 0}, {10, 1}, {20, 0}, {30, 2}});
    EXPECT_THAT(ring.simple_replicas(5, 1), ElementsAre(1));
    EXPECT_THAT(ring.simple_replicas(5, 2), ElementsAre(1, 0));
    EXPECT_THAT(ring.simple_replicas(5, 3), ElementsAre(1, 0, 2));
    EXPECT_THAT(ring.simple_replicas(31, 2), ElementsAre(0, 1));
    EXPECT_THAT(ring.simple_replicas(5, 9), ElementsAre(1, 0, 2));
    EXPECT_THAT(ring.simple_replicas(5, 0), ElementsAre());
    EXPECT_THAT(TokenRing().simple_replicas(5, 3), ElementsAre());
}

TEST(TokenRing, ReplicasAreSpreadOverRacks) {
    const TokenRing ring({{0, 0}, {10, 1}, {20, 2}, {30, 3}, {40, 4}});
    // Two racks, three replicas: one may be in a rack that has one already.
    EXPECT_THAT(ring.replicas_by_rack(0, 3, {0, 0, 0, 1, 1}), ElementsAre(0, 1, 3));
    EXPECT_THAT(ring.replicas_by_rack(0, 2, {0, 0, 0, 1, 1}), ElementsAre(0, 3));
    // As many racks as replicas.
    EXPECT_THAT(ring.replicas_by_rack(5, 3, {0, 1, 1, 1, 2}), ElementsAre(1, 4, 0));
    // One rack is as SimpleStrategy.
    EXPECT_THAT(ring.replicas_by_rack(5, 3, {0, 0, 0, 0, 0}), ElementsAre(1, 2, 3));
    // Nodes of other datacenters are not there, and neither are nodes that nobody told about.
    EXPECT_THAT(ring.replicas_by_rack(5, 3, {0, -1, 0, -1, 0}), ElementsAre(2, 4, 0));
    EXPECT_THAT(ring.replicas_by_rack(5, 3, {0, 0}), ElementsAre(1, 0));
    // A rack whose only node owns no token does not keep a place free.
    EXPECT_THAT(ring.replicas_by_rack(0, 2, {0, 0, 0, 0, 0, 1}), ElementsAre(0, 1));
}

TEST(TokenRing, RangesCoverTheRingOnce) {
    const auto check = [](const TokenRing& ring) {
        const std::vector<TokenRange> ranges = ring.ranges();
        Token start = smallest_token;
        for (const TokenRange& range : ranges) {
            EXPECT_EQ(range.start, start);
            EXPECT_LT(range.start, range.end);
            start = range.end;
        }
        EXPECT_EQ(start, largest_token);
        return ranges.size();
    };
    EXPECT_EQ(check(TokenRing()), 1U);
    EXPECT_EQ(check(TokenRing({{5, 0}})), 2U);
    EXPECT_EQ(check(TokenRing({{5, 0}, {-5, 1}, {5, 2}})), 3U);
    EXPECT_EQ(check(TokenRing({{smallest_token, 0}, {0, 1}})), 2U);
    EXPECT_EQ(check(TokenRing({{largest_token, 0}, {0, 1}})), 2U);
    EXPECT_EQ(TokenRing({{5, 0}, {5, 2}}).owner(5), 0U);
}

TEST(Split, PartsAreEvenAndWithoutGaps) {
    const auto check = [](TokenRange range, std::uint32_t parts) {
        const std::vector<TokenRange> all = split(range, parts);
        Token start = range.start;
        std::uint64_t narrowest = ~std::uint64_t{0};
        std::uint64_t widest = 0;
        for (const TokenRange& part : all) {
            EXPECT_EQ(part.start, start);
            const std::uint64_t width = static_cast<std::uint64_t>(part.end) - static_cast<std::uint64_t>(part.start);
            narrowest = std::min(narrowest, width);
            widest = std::max(widest, width);
            start = part.end;
        }
        EXPECT_EQ(start, range.end);
        EXPECT_LE(widest - narrowest, 1U);
        return all.size();
    };
    EXPECT_EQ(check({0, 10}, 3), 3U);
    EXPECT_EQ(check({0, 10}, 1), 1U);
    EXPECT_EQ(check({0, 10}, 0), 1U);
    EXPECT_EQ(check({0, 3}, 100), 3U);
    EXPECT_EQ(check({smallest_token, largest_token}, 7), 7U);
    EXPECT_EQ(check({-5, largest_token}, 4096), 4096U);
    EXPECT_THAT(split({smallest_token, smallest_token}, 2),
                ElementsAre(TokenRange{smallest_token, 0}, TokenRange{0, largest_token}));
    EXPECT_THAT(split({5, 5}, 2), ElementsAre(TokenRange{5, 5}));
    EXPECT_THAT(split({5, -5}, 2), ElementsAre(TokenRange{5, -5}));
}

}  // namespace
}  // namespace crossfade::cql

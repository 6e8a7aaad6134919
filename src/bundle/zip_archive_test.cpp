#include "bundle/zip_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>

#include <algorithm>

#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

base::Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

std::string refusal(base::ByteView archive, const ZipLimits& limits = {}) {
    const auto read = read_zip("scb.zip", archive, limits);
    if (read) return "accepted";
    EXPECT_EQ(read.error().kind, base::ErrorKind::bad_input);
    EXPECT_THAT(read.error().message, StartsWith("scb.zip: "));
    return read.error().message;
}

base::Bytes one_file(const std::string& name, std::string_view content = "x") {
    return value_of(write_zip({{name, bytes(content)}}, 1'700'000'000));
}

// A name in an archive changed, wherever it stands: our writer would not write it.
base::Bytes renamed(base::Bytes archive, std::string_view from, std::string_view to) {
    EXPECT_EQ(from.size(), to.size());
    for (auto at = archive.begin(); (at = std::search(at, archive.end(), from.begin(), from.end())) != archive.end();)
        at = std::copy(to.begin(), to.end(), at);
    return archive;
}

// Attributes of the only file, as a Unix system writes them.
base::Bytes with_mode(base::Bytes archive, unsigned mode) {
    constexpr std::string_view directory_signature("PK\1\2", 4);
    const auto at = std::search(archive.begin(), archive.end(), directory_signature.begin(), directory_signature.end());
    EXPECT_NE(at, archive.end());
    at[40] = static_cast<std::uint8_t>(mode & 0xFFU);
    at[41] = static_cast<std::uint8_t>(mode >> 8U);
    return archive;
}

TEST(ZipArchive, WhatWasWrittenIsReadAgain) {
    const std::vector<ZipEntry> entries{{"config.json", bytes("{}")}, {"empty", {}}, {"large", base::Bytes(50000, 7)}};
    const base::Bytes archive = value_of(write_zip(entries, 1'700'000'000));
    EXPECT_EQ(value_of(read_zip("scb.zip", archive)), entries);
    EXPECT_LT(archive.size(), 2000U) << "it is not packed";
}

TEST(ZipArchive, CutAtAnyByteItIsRefused) {
    const base::Bytes archive = value_of(write_zip({{"config.json", bytes("{\"host\":1}")}, {"key", bytes("k")}}, 0));
    for (std::size_t size = 0; size < archive.size(); ++size) {
        const base::Bytes cut(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THAT(refusal(cut), HasSubstr("download the bundle again")) << size;
    }
}

TEST(ZipArchive, AnyChangedByteIsRefusedOrHarmless) {
    const std::vector<ZipEntry> entries{{"config.json", bytes("{\"host\":\"a.example.com\"}")}};
    const base::Bytes archive = value_of(write_zip(entries, 0));
    int refused = 0;
    for (std::size_t at = 0; at < archive.size(); ++at) {
        base::Bytes changed = archive;
        changed[at] ^= 0xFFU;
        const auto read = read_zip("scb.zip", changed);
        refused += read ? 0 : 1;
        if (read && !read->empty()) {
            EXPECT_EQ(read->front().content, entries.front().content) << at;
        }
    }
    EXPECT_GT(refused, 50);
}

TEST(ZipArchive, NamesThatLeaveTheFolderAreRefused) {
    for (const std::string_view name : {"/etc/passwd", "../../../aa", "aa/../../aa", "aa\\..\\..\\aa", "C:\\aaaaaaaa",
                                        "aaaaaaaaa/..", "aa\naaaaaaaa"}) {
        const std::string plain(name.size(), 'x');
        EXPECT_THAT(refusal(renamed(one_file(plain), plain, name)), HasSubstr("could leave the folder")) << name;
    }
    EXPECT_EQ(refusal(one_file("folder/file..name")), "accepted");
}

TEST(ZipArchive, ANameThatIsThereTwiceIsRefused) {
    const base::Bytes archive = value_of(write_zip({{"config.json", bytes("1")}, {"konfig.json", bytes("2")}}, 0));
    EXPECT_THAT(refusal(renamed(archive, "konfig.json", "config.json")),
                HasSubstr("'config.json' in it is there twice"));
}

TEST(ZipArchive, LinksAndSpecialFilesAreRefused) {
    for (const unsigned kind : {S_IFLNK, S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK})
        EXPECT_THAT(refusal(with_mode(one_file("ca.crt", "/etc/passwd"), kind | 0777U)), HasSubstr("link"));
    EXPECT_EQ(refusal(with_mode(one_file("ca.crt"), S_IFREG | 0644U)), "accepted");
}

TEST(ZipArchive, BombsAndHugeEntriesAreRefusedBeforeTheyAreUnpacked) {
    const base::Bytes bomb = value_of(write_zip({{"config.json", base::Bytes(900'000, 0)}}, 0));
    EXPECT_THAT(refusal(bomb), HasSubstr("packed too tightly"));
    const base::Bytes huge = value_of(write_zip({{"cert", base::Bytes((1U << 20U) + 1, 0)}}, 0));
    EXPECT_THAT(refusal(huge), HasSubstr("'cert' in it is too large"));
    ZipLimits limits;
    limits.largest_total = 1500;
    const base::Bytes both = value_of(write_zip({{"a", base::Bytes(1000, 1)}, {"b", base::Bytes(501, 2)}}, 0));
    EXPECT_THAT(refusal(both, limits), HasSubstr("'b' in it is too large"));
    limits.largest_archive = both.size() - 1;
    EXPECT_THAT(refusal(both, limits), HasSubstr("it is too large"));
}

// An entry that claims to be smaller than what is packed in it.
TEST(ZipArchive, AnEntryThatLiesAboutItsSizeIsRefused) {
    base::Bytes archive = value_of(write_zip({{"config.json", base::Bytes(5000, 'a')}}, 0));
    for (const std::string_view signature : {std::string_view("PK\3\4", 4), std::string_view("PK\1\2", 4)}) {
        const auto at = std::search(archive.begin(), archive.end(), signature.begin(), signature.end());
        const std::ptrdiff_t size_field = signature[2] == 3 ? 22 : 24;
        at[size_field] = 10;
        at[size_field + 1] = 0;
    }
    EXPECT_THAT(refusal(archive), testing::AnyOf(HasSubstr("not as large"), HasSubstr("damaged")));
}

TEST(ZipArchive, TooManyEntriesAreRefusedByTheirClaim) {
    std::vector<ZipEntry> entries;
    for (int i = 0; i < 101; ++i) entries.push_back({"file" + std::to_string(i), {}});
    EXPECT_THAT(refusal(value_of(write_zip(entries, 0))), HasSubstr("too many files"));
    entries.pop_back();
    EXPECT_EQ(refusal(value_of(write_zip(entries, 0))), "accepted");
    base::Bytes claim = one_file("a");
    claim[claim.size() - 22 + 8] = claim[claim.size() - 22 + 10] = 0xFF;
    claim[claim.size() - 22 + 9] = claim[claim.size() - 22 + 11] = 0xFF;
    EXPECT_THAT(refusal(claim), HasSubstr("too many files"));
}

TEST(ZipArchive, EncryptedEntriesAreRefused) {
    base::Bytes archive = one_file("key", "secret");
    for (const auto& [signature, flags] :
         {std::pair(std::string_view("PK\3\4", 4), 6), std::pair(std::string_view("PK\1\2", 4), 8)}) {
        const auto at = std::search(archive.begin(), archive.end(), signature.begin(), signature.end());
        at[flags] |= 1U;
    }
    EXPECT_THAT(refusal(archive), HasSubstr("encrypted"));
}

TEST(ZipArchive, FilesThatCannotBeReadAreNamed) {
    const auto none = read_file("/nowhere/scb.zip", 10);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, testing::AllOf(StartsWith("/nowhere/scb.zip: "), HasSubstr("No such file")));
    EXPECT_THAT(read_file("/tmp", 10).error().message, HasSubstr("it is no file"));
    EXPECT_THAT(read_file("/proc/self/exe", 10).error().message, HasSubstr("larger than 10 bytes"));
}

}  // namespace
}  // namespace crossfade::bundle

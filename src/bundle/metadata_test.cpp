#include "bundle/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As Astra answers (astra-connections reference).
constexpr const char* astra_document = R"({"version":1,"region":"us-east1","contact_info":{"type":"sni_proxy",
 "local_dc":"us-east1","contact_points":["0a1b2c3d-0000-4000-8000-000000000001","0a1b2c3d-0000-4000-8000-000000000002"],
 "sni_proxy_address":"db.example.com:29042"},"later":{"unknown":[1,2]}})";

std::string refusal(const std::string& document) {
    const auto parsed = parse_metadata("https://h:1/metadata", document);
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().kind, base::ErrorKind::protocol);
    EXPECT_THAT(parsed.error().message, testing::StartsWith("https://h:1/metadata: "));
    return parsed.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Metadata, ADocumentOfAstraIsRead) {
    const Metadata metadata = value_of(parse_metadata("m", astra_document));
    EXPECT_EQ(metadata.region, "us-east1");
    EXPECT_EQ(metadata.local_datacenter, "us-east1");
    EXPECT_THAT(metadata.contact_points,
                ElementsAre("0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"));
    EXPECT_EQ(net::to_text(metadata.sni_proxy), "db.example.com:29042");
}

TEST(Metadata, WhatWasMadeIsReadAgain) {
    Metadata metadata{"", "dc \"1\"", {"a", "b"}, {"db.example.com", 29042}};
    EXPECT_FALSE(parse_metadata("m", to_json(metadata))) << "a datacenter with a space";
    metadata.local_datacenter = "dc1";
    EXPECT_EQ(value_of(parse_metadata("m", to_json(metadata))), metadata);
    EXPECT_EQ(to_json(metadata).find("region"), std::string::npos);
    metadata.region = "dc1";
    metadata.sni_proxy = {"::1", 1};
    EXPECT_EQ(value_of(parse_metadata("m", to_json(metadata))), metadata);
}

TEST(Metadata, WhatIsMissingIsNamed) {
    EXPECT_THAT(refusal("<html>"), HasSubstr("is no JSON object"));
    EXPECT_THAT(refusal("[1]"), HasSubstr("is no JSON object"));
    EXPECT_THAT(refusal(R"({"contact_info":3})"), HasSubstr("lacks contact_info"));
    for (const std::string field : {"local_dc", "contact_points", "sni_proxy_address"})
        EXPECT_THAT(refusal(replaced(astra_document, "\"" + field + "\"", "\"other\"")),
                    HasSubstr("lacks contact_info." + field));
    EXPECT_THAT(refusal(replaced(astra_document, "com:29042", "com")), HasSubstr("is not HOST:PORT"));
    EXPECT_THAT(refusal(replaced(astra_document, "com:29042", "com:0")), HasSubstr("is not HOST:PORT"));
    EXPECT_THAT(refusal(replaced(astra_document, "\"0a1b2c3d-0000-4000-8000-000000000001\"", "7")),
                HasSubstr("no host id"));
    EXPECT_THAT(refusal(replaced(astra_document, "0a1b2c3d-0000-4000-8000-000000000001", "a\\u0000b")),
                HasSubstr("no host id"));
    EXPECT_THAT(refusal(to_json({"", "dc1", {}, {"h", 1}})), HasSubstr("no contact points"));
}

TEST(Metadata, CutAnywhereItIsRefused) {
    const std::string whole = to_json({"r", "dc1", {"a", "b"}, {"h", 1}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(parse_metadata("m", {exact.data(), exact.size()})) << size;
    }
}

TEST(Metadata, SizesAreLimited) {
    EXPECT_THAT(refusal(std::string(largest_metadata + 1, ' ')), HasSubstr("larger than 1 MiB"));
    Metadata metadata{"", "dc1", std::vector<std::string>(most_contact_points, "a"), {"h", 1}};
    EXPECT_EQ(refusal(to_json(metadata)), "accepted");
    metadata.contact_points.emplace_back("b");
    EXPECT_THAT(refusal(to_json(metadata)), HasSubstr("more than 10000 contact points"));
}

TEST(Metadata, AServiceThatCannotServeSaysWhatToDo) {
    const auto said = [](int status, const std::string& body, const std::string& type = "application/json") {
        const auto answer = read_metadata_answer("https://h:1/metadata", {status, type, body});
        return answer ? std::string("accepted") : answer.error().message;
    };
    EXPECT_EQ(said(200, astra_document), "accepted");
    EXPECT_EQ(said(200, astra_document, "application/json;charset=utf-8"), "accepted");
    for (const int status : {401, 503}) EXPECT_THAT(said(status, ""), HasSubstr("hibernated"));
    EXPECT_THAT(said(403, ""), HasSubstr("download the bundle again"));
    EXPECT_THAT(said(503, R"({"message":"no node is\nup"})"), HasSubstr("(no node is up)"));
    EXPECT_THAT(said(200, "<html>", "text/html"), HasSubstr("not JSON"));
    EXPECT_EQ(read_metadata_answer("u", {503, "", ""}).error().kind, base::ErrorKind::unavailable);
}

}  // namespace
}  // namespace crossfade::bundle

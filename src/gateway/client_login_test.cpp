#include "gateway/client_login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

using cql::ProtocolVersion;
using testing::HasSubstr;
using Kind = ClientLogin::Step::Kind;

std::shared_ptr<const Greeting> greeting() {
    auto one = std::make_shared<Greeting>();
    one->versions = {ProtocolVersion::v5, ProtocolVersion::v4, ProtocolVersion::v3};
    one->supported = {{"CQL_VERSION", {"3.4.5"}}, {"PRODUCT_TYPE", {"DATASTAX_APOLLO"}}};
    return one;
}

base::Bytes startup(ProtocolVersion version, std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("CQL_VERSION", "3.0.0");
    base::Bytes frame;
    cql::append_startup(frame, version, 3, more);
    return frame;
}
base::Bytes credentials(ProtocolVersion version, std::string_view token) {
    base::Bytes frame;
    cql::append_auth_response(frame, version, 7, base::bytes_of(token));
    return frame;
}
const std::string plain("\0token\0AstraCS:x", 16);

struct ClientLoginTest : testing::Test {
    // The opcode of the only frame in `out`, which is forgotten.
    cql::Opcode said() {
        const cql::FrameHeader header = cql::read_frame_header(out.data());
        last.assign(out.begin() + cql::frame_header_size, out.end());
        EXPECT_EQ(last.size(), header.body_length);
        out.clear();
        return header.opcode;
    }
    std::string error() {
        EXPECT_EQ(said(), cql::Opcode::error);
        const auto read = cql::parse_error(ProtocolVersion::v4, last);
        return read ? std::string(read->text) : "";
    }
    ClientLogin::Step give(base::Bytes bytes) { return login.resume(bytes, out); }

    ClientLogin login{greeting()};
    base::Bytes out, last;
};

TEST_F(ClientLoginTest, LogsInByOptionsStartupAndCredentials) {
    base::Bytes options;
    cql::append_options(options, ProtocolVersion::v4, 1);
    EXPECT_EQ(give(options).kind, Kind::need_more);
    EXPECT_EQ(said(), cql::Opcode::supported);
    EXPECT_EQ(cql::parse_supported(last)->at("PRODUCT_TYPE").front(), "DATASTAX_APOLLO");
    EXPECT_EQ(give(startup(ProtocolVersion::v4, {{"DRIVER_NAME", "D"}})).kind, Kind::started);
    EXPECT_EQ(login.startup_option("DRIVER_NAME"), "D");
    EXPECT_EQ(give(credentials(ProtocolVersion::v4, plain)).consumed, 0U);  // not before there is a node
    login.started(out);
    EXPECT_EQ(said(), cql::Opcode::authenticate);
    EXPECT_EQ(*cql::parse_authenticate(last), "org.apache.cassandra.auth.PasswordAuthenticator");
    const auto step = give(credentials(ProtocolVersion::v4, plain));
    EXPECT_EQ(step.kind, Kind::credentials);
    EXPECT_EQ(step.credentials.username, "token");
    EXPECT_EQ(step.credentials.password, "AstraCS:x");
    login.logged_in(out);
    EXPECT_EQ(said(), cql::Opcode::auth_success);
}

TEST_F(ClientLoginTest, TakesBytesAsTheyCome) {
    base::Bytes all = startup(ProtocolVersion::v4);
    for (std::size_t size = 0; size < all.size(); ++size) {
        ClientLogin fresh(greeting());
        base::Bytes part(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(fresh.resume(part, out).kind, Kind::need_more) << size;
        EXPECT_TRUE(out.empty());
    }
}

TEST_F(ClientLoginTest, V5SpeaksInSegmentsFromTheCredentialsOn) {
    EXPECT_EQ(give(startup(ProtocolVersion::v5, {{"COMPRESSION", "lz4"}})).kind, Kind::started);
    login.started(out);
    EXPECT_EQ(said(), cql::Opcode::authenticate);
    base::Bytes segment;
    cql::append_segments(segment, credentials(ProtocolVersion::v5, plain), cql::SegmentCompression::lz4);
    base::Bytes more = segment;
    more.push_back(1);  // what is behind it stays
    const auto step = give(more);
    EXPECT_EQ(step.kind, Kind::credentials);
    EXPECT_EQ(step.consumed, segment.size());
    login.logged_in(out);
    base::Bytes envelope;
    cql::SegmentDecoder decoder(cql::SegmentCompression::lz4);
    ASSERT_TRUE(decoder.decode(out, envelope));
    EXPECT_EQ(cql::read_frame_header(envelope.data()).opcode, cql::Opcode::auth_success);
}

TEST_F(ClientLoginTest, AHigherVersionIsRefusedInTheWordsThatDriversLookFor) {
    base::Bytes frame = startup(ProtocolVersion::v4);
    frame[0] = 0x42;
    frame[3] = 7;  // its stream id
    const ClientLogin::Step step = give(frame);
    EXPECT_EQ(step.kind, Kind::refused);
    EXPECT_TRUE(step.is_of_version);
    EXPECT_THAT(error(),
                HasSubstr("Invalid or unsupported protocol version (66); supported versions are (3/v3, 4/v4, 5/v5)"));
    EXPECT_EQ(cql::read_frame_header(out.data()).stream_id, 0) << "as Cassandra does";
}

TEST_F(ClientLoginTest, HttpIsAnsweredInHttp) {
    const std::string_view request = "GET /metadata HTTP/1.1\r\n\r\n";
    const auto step = give(base::Bytes(request.begin(), request.end()));
    EXPECT_EQ(step.kind, Kind::refused);
    EXPECT_THAT(std::string(base::text_of(out)), testing::StartsWith("HTTP/1.1 400 "));
}

TEST_F(ClientLoginTest, HttpBehindAMessageIsNoHttp) {
    base::Bytes bytes;
    cql::append_options(bytes, ProtocolVersion::v4, 1);
    EXPECT_EQ(give(bytes).kind, Kind::need_more);
    EXPECT_EQ(said(), cql::Opcode::supported);
    const std::string_view request = "GET /metadata HTTP/1.1\r\n\r\n";
    EXPECT_EQ(give(base::Bytes(request.begin(), request.end())).kind, Kind::refused);
    EXPECT_THAT(error(), HasSubstr("Invalid or unsupported protocol version (71)"));
}

TEST_F(ClientLoginTest, WhatDoesNotBelongHereIsRefused) {
    base::Bytes query;
    cql::append_query(query, ProtocolVersion::v4, 1, "SELECT 1", {});
    EXPECT_EQ(give(query).kind, Kind::refused);
    EXPECT_THAT(error(), HasSubstr("Unexpected message QUERY"));
    login = ClientLogin(greeting());
    base::Bytes huge = startup(ProtocolVersion::v4);
    cql::patch_body_length(huge.data(), 1U << 30U);
    EXPECT_EQ(give(huge).kind, Kind::refused);
}

TEST(ReadPlain, TakesUserAndPasswordOnly) {
    EXPECT_EQ(read_plain(base::bytes_of(plain))->username, "token");
    EXPECT_TRUE(read_plain(base::bytes_of(std::string("id\0u\0p", 6))));
    for (const std::string& bad :
         {std::string(), std::string("token"), std::string("\0token", 6), std::string("\0a\0b\0c", 6)})
        EXPECT_FALSE(read_plain(base::bytes_of(bad)));
}

}  // namespace
}  // namespace crossfade::gateway

#include <gtest/gtest.h>

#include "cql/response.hpp"
#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

const Bytes unprepared_id = hex("cafe");
const Bytes two_reasons = hex("04 7f000001 0001  10 00000000000000000000000000000001 0002");
const Bytes two_types = hex("0002 0003 'int' 0004 'text'");

constexpr ErrorCode all_codes[] = {
    ErrorCode::server_error,      ErrorCode::protocol_error,    ErrorCode::bad_credentials,
    ErrorCode::unavailable,       ErrorCode::overloaded,        ErrorCode::is_bootstrapping,
    ErrorCode::truncate_error,    ErrorCode::write_timeout,     ErrorCode::read_timeout,
    ErrorCode::read_failure,      ErrorCode::function_failure,  ErrorCode::write_failure,
    ErrorCode::cdc_write_failure, ErrorCode::cas_write_unknown, ErrorCode::syntax_error,
    ErrorCode::unauthorized,      ErrorCode::invalid,           ErrorCode::config_error,
    ErrorCode::already_exists,    ErrorCode::unprepared,        ErrorCode::client_write_failure,
};

// Every field set, as an answer of that code and version would have them.
ErrorMessage full_error(ErrorCode code, ProtocolVersion version) {
    ErrorMessage error;
    error.code = code;
    error.text = "it went wrong";
    const auto acknowledged = [&] {
        error.consistency = Consistency::each_quorum;
        error.received = 1;
        error.required = 3;
    };
    const auto failed = [&] {
        error.failures = 2;
        if (has_failure_reasons(version)) error.failure_reasons = two_reasons;
    };
    switch (code) {
        case ErrorCode::unavailable:
        case ErrorCode::cas_write_unknown:
            acknowledged();
            break;
        case ErrorCode::write_timeout:
            acknowledged();
            error.write_type = "CAS";
            if (version == ProtocolVersion::v5) error.contentions = 7;
            break;
        case ErrorCode::read_timeout:
            acknowledged();
            error.data_present = true;
            break;
        case ErrorCode::read_failure:
            acknowledged();
            failed();
            error.data_present = true;
            break;
        case ErrorCode::write_failure:
            acknowledged();
            failed();
            error.write_type = "BATCH_LOG";
            break;
        case ErrorCode::function_failure:
            error.keyspace = "ks";
            error.function = "f";
            error.argument_types = two_types;
            break;
        case ErrorCode::already_exists:
            error.keyspace = "ks";
            error.table = "t";
            break;
        case ErrorCode::unprepared:
            error.unprepared_id = unprepared_id;
            break;
        default:
            break;
    }
    return error;
}

void expect_equal(const ErrorMessage& a, const ErrorMessage& b) {
    EXPECT_EQ(a.code, b.code);
    EXPECT_EQ(a.text, b.text);
    EXPECT_EQ(a.consistency, b.consistency);
    EXPECT_EQ(a.received, b.received);
    EXPECT_EQ(a.required, b.required);
    EXPECT_EQ(a.failures, b.failures);
    EXPECT_EQ(string_of(a.failure_reasons), string_of(b.failure_reasons));
    EXPECT_EQ(a.write_type, b.write_type);
    EXPECT_EQ(a.data_present, b.data_present);
    EXPECT_EQ(string_of(a.unprepared_id), string_of(b.unprepared_id));
    EXPECT_EQ(a.keyspace, b.keyspace);
    EXPECT_EQ(a.table, b.table);
    EXPECT_EQ(a.function, b.function);
    EXPECT_EQ(string_of(a.argument_types), string_of(b.argument_types));
    EXPECT_EQ(a.contentions, b.contentions);
}

Bytes body_of(const ErrorMessage& error, ProtocolVersion version) {
    Bytes frame;
    append_error(frame, static_cast<std::uint8_t>(version), 3, error);
    const FrameScan scan = scan_frame(frame, largest_frame);
    EXPECT_EQ(scan.state, FrameScan::State::whole);
    EXPECT_TRUE(scan.frame.header.is_response);
    EXPECT_EQ(scan.frame.header.opcode, Opcode::error);
    EXPECT_EQ(scan.frame.header.stream_id, 3);
    return copy_of(scan.frame.body());
}

TEST(Error, OfEveryCodeComesBackInEveryVersion) {
    for (const ProtocolVersion version : all_versions) {
        for (const ErrorCode code : all_codes) {
            SCOPED_TRACE(std::string(name_of(code)) + " in " + std::string(name_of(version)));
            const ErrorMessage sent = full_error(code, version);
            const Bytes body = body_of(sent, version);
            const ExactBytes block(body);
            const auto parsed = parse_error(version, block.view());
            ASSERT_TRUE(parsed) << parsed.error().message;
            expect_equal(*parsed, sent);
            for_each_prefix(body, [&](ByteView prefix) {
                const auto cut = parse_error(version, prefix);
                ASSERT_FALSE(cut) << prefix.size();
                EXPECT_EQ(cut.error().kind, base::ErrorKind::bad_input);
            });
        }
    }
}

TEST(Error, GoesFromAnyVersionToAnyOther) {
    for (const ProtocolVersion from : all_versions) {
        for (const ProtocolVersion to : all_versions) {
            for (const ErrorCode code : all_codes) {
                SCOPED_TRACE(std::string(name_of(code)) + " from " + std::string(name_of(from)) + " to " +
                             std::string(name_of(to)));
                const Bytes first = body_of(full_error(code, from), from);
                const auto parsed = parse_error(from, first);
                ASSERT_TRUE(parsed);
                const Bytes second = body_of(*parsed, to);
                const auto again = parse_error(to, second);
                ASSERT_TRUE(again) << again.error().message;
                EXPECT_EQ(again->code, code);
                EXPECT_EQ(again->text, "it went wrong");
                EXPECT_EQ(again->consistency, parsed->consistency);
                EXPECT_EQ(again->received, parsed->received);
                EXPECT_EQ(again->required, parsed->required);
                EXPECT_EQ(again->failures, parsed->failures)
                    << "the number survives, also where reasons have to be made up";
                EXPECT_EQ(again->write_type, parsed->write_type);
                EXPECT_EQ(again->data_present, parsed->data_present);
                EXPECT_EQ(again->function, parsed->function);
            }
        }
    }
}

// Bytes written by hand from the specifications.
TEST(Error, IsReadAsSpecified) {
    const Bytes unavailable = hex("00001000 0002 'no' 0004 00000003 00000001");
    const auto first = parse_error(ProtocolVersion::v3, unavailable);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->consistency, Consistency::quorum);
    EXPECT_EQ(first->required, 3);
    EXPECT_EQ(first->received, 1);

    const Bytes cas = hex("00001100 0000 0008 00000001 00000002 0003 'CAS' 0009");
    const auto second = parse_error(ProtocolVersion::v5, cas);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->write_type, "CAS");
    EXPECT_EQ(second->contentions, 9);
    EXPECT_EQ(second->received, 1);
    EXPECT_EQ(second->required, 2);

    const Bytes read_failure = hex("00001300 0000 0001 00000000 00000001 00000001 04 0a000001 0003 01");
    const auto third = parse_error(ProtocolVersion::v5, read_failure);
    ASSERT_TRUE(third);
    EXPECT_EQ(third->failures, 1);
    EXPECT_EQ(copy_of(third->failure_reasons), hex("04 0a000001 0003"));
    EXPECT_TRUE(third->data_present);

    const Bytes write_failure = hex("00001500 0000 0001 00000000 00000001 00000005 0006 'SIMPLE'");
    const auto fourth = parse_error(ProtocolVersion::v4, write_failure);
    ASSERT_TRUE(fourth);
    EXPECT_EQ(fourth->failures, 5);
    EXPECT_EQ(fourth->write_type, "SIMPLE");
}

TEST(Error, OnlyCasTimeoutsOfV5HaveContentions) {
    ErrorMessage error = full_error(ErrorCode::write_timeout, ProtocolVersion::v5);
    const std::size_t with = body_of(error, ProtocolVersion::v5).size();
    EXPECT_EQ(body_of(error, ProtocolVersion::v4).size(), with - 2);
    EXPECT_EQ(body_of(error, ProtocolVersion::dse_v2).size(), with - 2);
    error.write_type = "VIE";
    EXPECT_EQ(body_of(error, ProtocolVersion::v5).size(), with - 2);
}

TEST(Error, MadeUpReasonsNameEachNodeOnce) {
    ErrorMessage error = full_error(ErrorCode::read_failure, ProtocolVersion::v4);
    error.failures = 3;
    const Bytes body = body_of(error, ProtocolVersion::v5);
    const auto parsed = parse_error(ProtocolVersion::v5, body);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(copy_of(parsed->failure_reasons), hex("04 00000001 0000 04 00000002 0000 04 00000003 0000"));
}

TEST(Error, AFailureCountFromOutsideDoesNotDecideHowMuchIsWritten) {
    for (const std::int32_t failures : {-1, 2'147'483'647}) {
        ErrorMessage error = full_error(ErrorCode::write_failure, ProtocolVersion::v4);
        error.failures = failures;
        EXPECT_LT(body_of(error, ProtocolVersion::v5).size(), 2500U);
    }
    EXPECT_FALSE(parse_error(ProtocolVersion::v5, hex("00001300 0000 0001 00000000 00000001 ffffffff 01")));
    EXPECT_FALSE(parse_error(ProtocolVersion::v5, hex("00001300 0000 0001 00000000 00000001 7fffffff 01")));
}

TEST(Error, OfAnUnknownCodeKeepsItsText) {
    const Bytes body = hex("00009999 0003 'new' ffffff");
    const auto error = parse_error(ProtocolVersion::v5, body);
    ASSERT_TRUE(error);
    EXPECT_EQ(static_cast<int>(error->code), 0x9999);
    EXPECT_EQ(error->text, "new");
}

TEST(Error, ATextThatIsTooLongIsCut) {
    const std::string text(70000, 'x');
    ErrorMessage error;
    error.text = text;
    const Bytes body = body_of(error, ProtocolVersion::v4);
    EXPECT_EQ(parse_error(ProtocolVersion::v4, body)->text.size(), 65535U);
}

}  // namespace
}  // namespace crossfade::cql

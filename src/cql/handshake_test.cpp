#include "cql/handshake.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "cql/test_bytes.hpp"

namespace crossfade::cql {

void PrintTo(const HandshakeAction& action, std::ostream* out) {
    switch (action.kind) {
        case HandshakeAction::Kind::write:
            *out << "write " << action.bytes.size() << " bytes " << testing::PrintToString(action.bytes);
            break;
        case HandshakeAction::Kind::need_more:
            *out << "need_more";
            break;
        case HandshakeAction::Kind::reconnect:
            *out << "reconnect with " << name_of(action.version);
            break;
        case HandshakeAction::Kind::done:
            *out << "done with " << name_of(action.version) << " '" << name_of(action.compression) << "'";
            break;
        case HandshakeAction::Kind::fail:
            *out << "fail: " << action.error.message;
            break;
    }
    *out << ", consumed " << action.consumed;
}

namespace {

using Kind = HandshakeAction::Kind;
using Supported = std::map<std::string, std::vector<std::string>>;

const std::string password = "s3cret";
const Supported supported{{"COMPRESSION", {"snappy", "lz4"}}, {"CQL_VERSION", {"3.4.6"}}};
const std::string password_authenticator = "org.apache.cassandra.auth.PasswordAuthenticator";
const std::string dse_authenticator = "com.datastax.bdp.cassandra.auth.DseAuthenticator";

HandshakeOptions options_for(std::vector<ProtocolVersion> versions, Compression compression = Compression::none,
                             bool has_login = false) {
    HandshakeOptions options;
    options.versions = std::move(versions);
    options.compression = compression;
    if (has_login) {
        options.username = "cassandra";
        options.password = password;
    }
    options.startup_options = {{"DRIVER_NAME", "Crossfade"}};
    return options;
}

template <class Append, class... Arguments>
Bytes made_by(Append append, Arguments&&... arguments) {
    Bytes bytes;
    append(bytes, std::forward<Arguments>(arguments)...);
    return bytes;
}
std::uint8_t byte_of(ProtocolVersion version) {
    return static_cast<std::uint8_t>(version);
}
Bytes options_request(ProtocolVersion v) {
    return made_by(append_options, v, 0);
}
Bytes supported_answer(ProtocolVersion v) {
    return made_by(append_supported, byte_of(v), 0, supported);
}
Bytes ready_answer(ProtocolVersion v) {
    return made_by(append_ready, byte_of(v), 0);
}
Bytes authenticate_answer(ProtocolVersion v, std::string_view name) {
    return made_by(append_authenticate, byte_of(v), 0, name);
}
Bytes success_answer(ProtocolVersion v) {
    return made_by(append_auth_success, byte_of(v), 0, ByteView());
}
Bytes challenge_answer(ProtocolVersion v, std::string_view token) {
    return made_by(append_auth_challenge, byte_of(v), 0, base::bytes_of(token));
}
Bytes login_request(ProtocolVersion v) {
    return made_by(append_auth_response, v, 0, hex("00 'cassandra' 00 's3cret'"));
}
Bytes startup_request(ProtocolVersion v, std::string_view compression) {
    std::vector<std::pair<std::string, std::string>> startup{{"CQL_VERSION", "3.0.0"}};
    if (!compression.empty()) startup.emplace_back("COMPRESSION", compression);
    startup.emplace_back("DRIVER_NAME", "Crossfade");
    return made_by(append_startup, v, 0, startup);
}
Bytes error_answer(std::uint8_t version, ErrorCode code, std::string_view text) {
    ErrorMessage error;
    error.code = code;
    error.text = text;
    return made_by(append_error, version, 0, error);
}
Bytes unsupported_answer(std::uint8_t version) {
    return error_answer(version, ErrorCode::protocol_error,
                        "Invalid or unsupported protocol version (66); supported versions are (3/v3, 4/v4, 5/v5)");
}
Bytes in_segments(ByteView envelope, SegmentCompression compression) {
    return made_by(append_segments, envelope, compression);
}

HandshakeAction action(Kind kind) {
    HandshakeAction expected;
    expected.kind = kind;
    return expected;
}
HandshakeAction write(Bytes bytes) {
    HandshakeAction expected = action(Kind::write);
    expected.bytes = std::move(bytes);
    return expected;
}
HandshakeAction reconnect(ProtocolVersion version) {
    HandshakeAction expected = action(Kind::reconnect);
    expected.version = version;
    return expected;
}
HandshakeAction done(ProtocolVersion version, Compression compression, std::string authenticator = "") {
    HandshakeAction expected = action(Kind::done);
    expected.version = version;
    expected.compression = compression;
    expected.supported = supported;
    expected.authenticator = std::move(authenticator);
    return expected;
}

// Equal in what a caller sees, apart from `consumed`.
void expect_action(const HandshakeAction& got, const HandshakeAction& expected) {
    EXPECT_EQ(got.kind, expected.kind) << testing::PrintToString(got);
    EXPECT_EQ(got.bytes, expected.bytes);
    EXPECT_EQ(got.supported, expected.supported);
    EXPECT_EQ(got.authenticator, expected.authenticator);
    if (expected.kind == Kind::reconnect || expected.kind == Kind::done) {
        EXPECT_EQ(got.version, expected.version);
    }
    EXPECT_EQ(got.compression, expected.compression);
}

// One exchange: the node's bytes (nothing: a new connection stands) and what the machine must say to them.
struct Step {
    std::optional<Bytes> received;
    HandshakeAction expected;
};
struct Script {
    std::string name;
    HandshakeOptions options;
    std::vector<Step> steps;
};

HandshakeAction give(Handshake& machine, const Step& step) {
    if (!step.received) return machine.resume(Handshake::Connected{});
    const ExactBytes block(*step.received);
    return machine.resume(Handshake::Received{block.view()});
}

Script with_ready(ProtocolVersion v, Compression wanted, Compression agreed) {
    return {"READY in " + std::string(name_of(v)) + " with '" + std::string(name_of(wanted)) + "'",
            options_for({v}, wanted),
            {{std::nullopt, write(options_request(v))},
             {supported_answer(v), write(startup_request(v, name_of(agreed)))},
             {ready_answer(v), done(v, agreed)}}};
}

Script with_login(ProtocolVersion v, Compression compression, std::string_view authenticator) {
    const bool is_dse_login = authenticator == dse_authenticator;
    // Behind the answer to STARTUP everything is in segments in v5, and nothing in other versions.
    const auto framed = [&](const Bytes& envelope) {
        return has_segments(v) ? in_segments(envelope, compression == Compression::lz4 ? SegmentCompression::lz4
                                                                                       : SegmentCompression::none)
                               : envelope;
    };
    Script script{"login in " + std::string(name_of(v)) + " with '" + std::string(name_of(compression)) + "' to " +
                      std::string(authenticator),
                  options_for({v}, compression, true),
                  {{std::nullopt, write(options_request(v))},
                   {supported_answer(v), write(startup_request(v, name_of(compression)))}}};
    if (is_dse_login) {
        script.steps.push_back({authenticate_answer(v, authenticator),
                                write(framed(made_by(append_auth_response, v, 0, base::bytes_of("PLAIN"))))});
        script.steps.push_back({framed(challenge_answer(v, "PLAIN-START")), write(framed(login_request(v)))});
    } else {
        script.steps.push_back({authenticate_answer(v, authenticator), write(framed(login_request(v)))});
    }
    script.steps.push_back({framed(success_answer(v)), done(v, compression, std::string(authenticator))});
    return script;
}

Script with_step_down() {
    using enum ProtocolVersion;
    return {"from DSE_V2 down to 4",
            options_for({dse_v2, dse_v1, v5, v4}),
            {{std::nullopt, write(options_request(dse_v2))},
             {unsupported_answer(5), reconnect(dse_v1)},  // in the server's own version
             {std::nullopt, write(options_request(dse_v1))},
             {unsupported_answer(byte_of(dse_v1)), reconnect(v5)},  // in ours
             {std::nullopt, write(options_request(v5))},
             // Cassandra 3.11, which knows a draft of v5.
             {error_answer(5, ErrorCode::protocol_error,
                           "Beta version of the protocol used (5/v5-beta), but USE_BETA flag is unset"),
              reconnect(v4)},
             {std::nullopt, write(options_request(v4))},
             {supported_answer(v4), write(startup_request(v4, ""))},
             {ready_answer(v4), done(v4, Compression::none)}}};
}

Script with_step_down_at_startup() {
    using enum ProtocolVersion;
    return {"refused only at STARTUP",
            options_for({v5, v3}),
            {{std::nullopt, write(options_request(v5))},
             {supported_answer(v5), write(startup_request(v5, ""))},
             {unsupported_answer(4), reconnect(v3)},
             {std::nullopt, write(options_request(v3))},
             {supported_answer(v3), write(startup_request(v3, ""))},
             {ready_answer(v3), done(v3, Compression::none)}}};
}

Script with_compressed_ready() {
    Bytes answer = ready_answer(ProtocolVersion::v4);
    compress(Compression::lz4, {}, answer);
    answer[1] |= frame_flag::compressed;
    patch_body_length(answer.data(), static_cast<std::uint32_t>(answer.size() - frame_header_size));
    Script script = with_ready(ProtocolVersion::v4, Compression::lz4, Compression::lz4);
    script.name = "READY in a compressed body";
    script.steps.back().received = answer;
    return script;
}

Script with_warnings() {
    Script script = with_ready(ProtocolVersion::v4, Compression::none, Compression::none);
    script.name = "SUPPORTED behind warnings";
    Bytes answer = supported_answer(ProtocolVersion::v4);
    const Bytes warnings = hex("0001 0003 'old'");
    answer.insert(answer.begin() + frame_header_size, warnings.begin(), warnings.end());
    answer[1] |= frame_flag::warning;
    patch_body_length(answer.data(), static_cast<std::uint32_t>(answer.size() - frame_header_size));
    script.steps[1].received = answer;
    return script;
}

std::vector<Script> all_scripts() {
    using enum ProtocolVersion;
    std::vector<Script> scripts{with_step_down(), with_step_down_at_startup(), with_compressed_ready(),
                                with_warnings()};
    for (const ProtocolVersion version : all_versions) {
        scripts.push_back(with_ready(version, Compression::none, Compression::none));
        scripts.push_back(with_ready(version, Compression::lz4, Compression::lz4));
        scripts.push_back(
            with_ready(version, Compression::snappy, version == v5 ? Compression::none : Compression::snappy));
        for (const Compression compression : {Compression::none, Compression::lz4}) {
            scripts.push_back(with_login(version, compression, password_authenticator));
            scripts.push_back(with_login(version, compression, dse_authenticator));
        }
    }
    return scripts;
}

TEST(Handshake, SaysWhatEachScriptSays) {
    for (const Script& script : all_scripts()) {
        SCOPED_TRACE(script.name);
        Handshake machine(script.options);
        for (const Step& step : script.steps) {
            const HandshakeAction got = give(machine, step);
            expect_action(got, step.expected);
            EXPECT_EQ(got.consumed, step.received ? step.received->size() : 0U);
        }
    }
}

TEST(Handshake, EveryStepThatFailsEndsIt) {
    for (const Script& script : all_scripts()) {
        SCOPED_TRACE(script.name);
        for (std::size_t failing = 0; failing < script.steps.size(); ++failing) {
            Handshake machine(script.options);
            for (std::size_t i = 0; i < failing; ++i) give(machine, script.steps[i]);
            const auto got = machine.resume(
                Handshake::Disconnected{base::Error(base::ErrorKind::connection, "connection reset by peer")});
            ASSERT_EQ(got.kind, Kind::fail) << testing::PrintToString(got);
            EXPECT_EQ(got.error.kind, base::ErrorKind::connection);
            EXPECT_EQ(got.error.message, "connection reset by peer");
            // And it stays ended, whatever comes.
            EXPECT_EQ(give(machine, script.steps[failing]).kind, Kind::fail);
            EXPECT_EQ(machine.resume(Handshake::Connected{}).kind, Kind::fail);
        }
    }
}

TEST(Handshake, TakesAnswersWhereverTheyAreSplit) {
    for (const Script& script : all_scripts()) {
        SCOPED_TRACE(script.name);
        for (std::size_t index = 0; index < script.steps.size(); ++index) {
            const Step& step = script.steps[index];
            if (!step.received) continue;
            for (std::size_t at = 0; at < step.received->size(); ++at) {
                Handshake machine(script.options);
                for (std::size_t i = 0; i < index; ++i) give(machine, script.steps[i]);
                const ExactBytes part(ByteView(*step.received).first(at));
                const auto first = machine.resume(Handshake::Received{part.view()});
                ASSERT_EQ(first.kind, Kind::need_more) << at;
                const ExactBytes rest(ByteView(*step.received).subspan(first.consumed));
                const auto second = machine.resume(Handshake::Received{rest.view()});
                expect_action(second, step.expected);
                EXPECT_EQ(first.consumed + second.consumed, step.received->size());
            }
        }
    }
}

TEST(Handshake, LeavesWhatFollowsItToTheCaller) {
    for (const Script& script : all_scripts()) {
        SCOPED_TRACE(script.name);
        Handshake machine(script.options);
        for (std::size_t i = 0; i + 1 < script.steps.size(); ++i) give(machine, script.steps[i]);
        Step last = script.steps.back();
        const std::size_t size = last.received->size();
        base::append(*last.received, hex("ffffffffffffffffffffffffffffffff"));
        const auto got = give(machine, last);
        expect_action(got, last.expected);
        EXPECT_EQ(got.consumed, size);
    }
}

// By hand: what goes over the wire of a v5 connection with a login and no compression.
TEST(Handshake, WritesKnownBytes) {
    Handshake machine(options_for({ProtocolVersion::v5}, Compression::none, true));
    EXPECT_EQ(machine.resume(Handshake::Connected{}).bytes, hex("05 00 0000 05 00000000"));
    EXPECT_EQ(machine.resume(Handshake::Received{supported_answer(ProtocolVersion::v5)}).bytes,
              hex("05 00 0000 01 0000002e 0002 000b 'CQL_VERSION' 0005 '3.0.0' 000b 'DRIVER_NAME' 0009 'Crossfade'"));
    const Bytes login =
        machine.resume(Handshake::Received{authenticate_answer(ProtocolVersion::v5, password_authenticator)}).bytes;
    const auto segment = scan_segment(login, SegmentCompression::none);
    ASSERT_TRUE(segment && segment->is_whole && segment->is_self_contained);
    EXPECT_EQ(copy_of(ByteView(login).subspan(segment->payload_offset, segment->payload_size)),
              hex("05 00 0000 0f 00000015 00000011 00 'cassandra' 00 's3cret'"));
}

// A machine that has taken the first `steps` of a login.
Handshake after(std::size_t steps, ProtocolVersion version, std::string_view authenticator = password_authenticator) {
    const Script script = with_login(version, Compression::none, authenticator);
    Handshake machine(script.options);
    for (std::size_t i = 0; i < steps; ++i) give(machine, script.steps[i]);
    return machine;
}

HandshakeAction answer(Handshake machine, const Bytes& bytes) {
    const ExactBytes block(bytes);
    auto got = machine.resume(Handshake::Received{block.view()});
    EXPECT_EQ(got.error.message.find(password), std::string::npos);
    return got;
}

void expect_failure(const HandshakeAction& got, base::ErrorKind kind, std::string_view part,
                    ErrorCode code = ErrorCode::server_error) {
    ASSERT_EQ(got.kind, Kind::fail) << testing::PrintToString(got);
    EXPECT_EQ(got.error.kind, kind);
    EXPECT_NE(got.error.message.find(part), std::string::npos) << got.error.message;
    EXPECT_EQ(got.error.server_code, static_cast<int>(code));
}

TEST(Handshake, FailsWhenNoVersionIsLeft) {
    Handshake machine(options_for({ProtocolVersion::v5, ProtocolVersion::v4}));
    machine.resume(Handshake::Connected{});
    machine.resume(Handshake::Received{unsupported_answer(3)});
    machine.resume(Handshake::Connected{});
    expect_failure(
        machine.resume(Handshake::Received{unsupported_answer(3)}), base::ErrorKind::protocol,
        "no protocol version in common (tried 5, 4); the node says: Invalid or unsupported protocol version (66)");
}

TEST(Handshake, StepsDownOnlyOnAProtocolErrorThatSaysSo) {
    Handshake machine(options_for({ProtocolVersion::v5, ProtocolVersion::v4}));
    machine.resume(Handshake::Connected{});
    const auto says = [&](std::uint8_t version, ErrorCode code, std::string_view text) {
        return answer(machine, error_answer(version, code, text));
    };
    EXPECT_EQ(says(5, ErrorCode::protocol_error, "Invalid or unsupported protocol version (5)").kind, Kind::reconnect);
    EXPECT_EQ(says(4, ErrorCode::protocol_error, "what?").kind, Kind::reconnect) << "an older version answers";
    expect_failure(says(5, ErrorCode::protocol_error, "what?"), base::ErrorKind::server, "PROTOCOL_ERROR: what?",
                   ErrorCode::protocol_error);
    expect_failure(says(4, ErrorCode::server_error, "Invalid or unsupported protocol version (5)"),
                   base::ErrorKind::server, "SERVER_ERROR");
    expect_failure(says(5, ErrorCode::overloaded, "busy"), base::ErrorKind::server,
                   "answered OPTIONS with OVERLOADED: busy", ErrorCode::overloaded);
}

TEST(Handshake, DoesNotStepDownAfterTheLogin) {
    const Bytes error = unsupported_answer(4);
    expect_failure(answer(after(3, ProtocolVersion::v4), error), base::ErrorKind::server, "PROTOCOL_ERROR",
                   ErrorCode::protocol_error);
    expect_failure(answer(after(3, ProtocolVersion::v5), in_segments(error, SegmentCompression::none)),
                   base::ErrorKind::server, "PROTOCOL_ERROR", ErrorCode::protocol_error);
}

TEST(Handshake, TellsOfANodeThatIsTooOld) {
    // Cassandra 2.0: a frame of v2 has a header of 8 bytes.
    expect_failure(answer(after(1, ProtocolVersion::v3), hex("82 00 00 00 00000006 0000000a 0000")),
                   base::ErrorKind::protocol, "the node speaks protocol version 2, which is too old");
    expect_failure(answer(after(1, ProtocolVersion::v3), hex("81")), base::ErrorKind::protocol, "version 1");
}

TEST(Handshake, FailsWhenTheLoginIsRefused) {
    for (const ProtocolVersion version : all_versions) {
        const Bytes error = error_answer(byte_of(version), ErrorCode::bad_credentials,
                                         "Provided username cassandra and/or password are incorrect");
        const Bytes framed = has_segments(version) ? in_segments(error, SegmentCompression::none) : error;
        expect_failure(answer(after(3, version), framed), base::ErrorKind::authentication,
                       "the node refused the login: BAD_CREDENTIALS: Provided username cassandra",
                       ErrorCode::bad_credentials);
    }
}

TEST(Handshake, FailsWithoutCredentialsWhereALoginIsAskedFor) {
    Handshake machine(options_for({ProtocolVersion::v4}));
    machine.resume(Handshake::Connected{});
    machine.resume(Handshake::Received{supported_answer(ProtocolVersion::v4)});
    expect_failure(answer(machine, authenticate_answer(ProtocolVersion::v4, password_authenticator)),
                   base::ErrorKind::authentication,
                   "asks for a login (org.apache.cassandra.auth.PasswordAuthenticator) and no user name is configured");
}

TEST(Handshake, CredentialsAreNotNeededWhereNoLoginIsAskedFor) {
    EXPECT_EQ(answer(after(2, ProtocolVersion::v4), ready_answer(ProtocolVersion::v4)).kind, Kind::done);
    EXPECT_EQ(answer(after(2, ProtocolVersion::v5), ready_answer(ProtocolVersion::v5)).kind, Kind::done);
}

TEST(Handshake, FailsOnChallengesItCannotAnswer) {
    expect_failure(answer(after(3, ProtocolVersion::v4), challenge_answer(ProtocolVersion::v4, "more")),
                   base::ErrorKind::authentication, "only PLAIN is supported");
    expect_failure(
        answer(after(3, ProtocolVersion::v4, dse_authenticator), challenge_answer(ProtocolVersion::v4, "GSSAPI-START")),
        base::ErrorKind::authentication, "does not offer the login mechanism PLAIN");
}

// Says what it was asked, so that the test sees it.
class Echo final : public LoginMechanism {
public:
    base::Result<Bytes> begin(std::string_view authenticator) override {
        return Bytes(authenticator.begin(), authenticator.end());
    }
    base::Result<Bytes> answer(ByteView challenge) override {
        if (challenge.empty()) return base::fail(base::ErrorKind::authentication, "an empty challenge");
        return Bytes(challenge.rbegin(), challenge.rend());
    }
    base::Result<void> accept(ByteView token) override {
        if (token.empty()) return {};
        return base::fail(base::ErrorKind::authentication, "this is not the node that was meant");
    }
};

TEST(Handshake, AnOwnLoginAnswersAsManyChallengesAsComeAndMayRefuseTheNode) {
    const auto token_in = [](const HandshakeAction& action) {
        const auto token = parse_auth_response(ByteView(action.bytes).subspan(frame_header_size));
        return std::string(base::text_of(*token));
    };
    for (const bool is_refused : {false, true}) {
        HandshakeOptions options;
        options.versions = {ProtocolVersion::v4};
        options.make_login = [] { return std::make_unique<Echo>(); };
        Handshake machine(options);
        machine.resume(Handshake::Connected{});
        machine.resume(Handshake::Received{supported_answer(ProtocolVersion::v4)});
        Bytes answer;
        append_authenticate(answer, 4, 0, "com.example.Authenticator");
        EXPECT_EQ(token_in(machine.resume(Handshake::Received{answer})), "com.example.Authenticator");
        for (const char* challenge : {"abc", "xy"}) {
            answer.clear();
            append_auth_challenge(answer, 4, 0, base::bytes_of(challenge));
            EXPECT_EQ(token_in(machine.resume(Handshake::Received{answer})),
                      std::string(challenge) == "abc" ? "cba" : "yx");
        }
        answer.clear();
        append_auth_success(answer, 4, 0, is_refused ? base::bytes_of("?") : ByteView());
        const auto last = machine.resume(Handshake::Received{answer});
        EXPECT_EQ(last.kind, is_refused ? Kind::fail : Kind::done);
        if (is_refused) {
            EXPECT_EQ(last.error.kind, base::ErrorKind::authentication);
        }
    }
}

TEST(Handshake, CompressesOnlyWithWhatTheNodeOffers) {
    const auto startup_for = [](Compression wanted, const Supported& offered) {
        Handshake machine(options_for({ProtocolVersion::v4}, wanted));
        machine.resume(Handshake::Connected{});
        return machine.resume(Handshake::Received{made_by(append_supported, byte_of(ProtocolVersion::v4), 0, offered)})
            .bytes;
    };
    EXPECT_EQ(startup_for(Compression::lz4, {{"COMPRESSION", {"snappy"}}}), startup_request(ProtocolVersion::v4, ""));
    EXPECT_EQ(startup_for(Compression::lz4, {}), startup_request(ProtocolVersion::v4, ""));
    EXPECT_EQ(startup_for(Compression::lz4, {{"COMPRESSION", {"zstd", "LZ4"}}}),
              startup_request(ProtocolVersion::v4, "lz4"));
    EXPECT_EQ(startup_for(Compression::snappy, {{"COMPRESSION", {"snappy"}}}),
              startup_request(ProtocolVersion::v4, "snappy"));
}

TEST(Handshake, TheCallersCqlVersionStands) {
    HandshakeOptions options = options_for({ProtocolVersion::v4});
    options.startup_options = {{"CQL_VERSION", "3.4.5"}};
    Handshake machine(options);
    machine.resume(Handshake::Connected{});
    const Bytes startup = machine.resume(Handshake::Received{supported_answer(ProtocolVersion::v4)}).bytes;
    EXPECT_EQ(parse_startup(ByteView(startup).subspan(frame_header_size)).value(), options.startup_options);
}

TEST(Handshake, FailsOnEveryAnswerThatDoesNotFit) {
    const Bytes body = hex("0000");  // an empty map or name: no message fails for its body alone
    for (const ProtocolVersion version : {ProtocolVersion::v4, ProtocolVersion::v5}) {
        for (std::size_t steps = 1; steps <= 3; ++steps) {
            for (int opcode = 0; opcode < 256; ++opcode) {
                const auto code = static_cast<Opcode>(opcode);
                const bool fits = (steps == 1 && code == Opcode::supported) ||
                                  (steps == 2 && (code == Opcode::ready || code == Opcode::authenticate)) ||
                                  (steps == 3 && code == Opcode::auth_success);
                Bytes frame;
                append_frame(frame, byte_of(version), true, 0, 0, code, [&](Writer& writer) { writer.raw(body); });
                if (steps == 3 && has_segments(version)) frame = in_segments(frame, SegmentCompression::none);
                EXPECT_EQ(answer(after(steps, version), frame).kind == Kind::fail, !fits)
                    << "after " << steps << " opcode " << opcode;
            }
        }
    }
}

TEST(Handshake, FailsOnFramesThatAreNoAnswer) {
    const auto changed = [](std::size_t at, std::uint8_t to) {
        Bytes bytes = supported_answer(ProtocolVersion::v4);
        bytes[at] = to;
        return answer(after(1, ProtocolVersion::v4), bytes);
    };
    expect_failure(changed(0, 0x04), base::ErrorKind::protocol, "answered OPTIONS with a request");
    expect_failure(changed(0, 0x83), base::ErrorKind::protocol,
                   "answered OPTIONS of protocol version 4 with version byte 3");
    expect_failure(changed(3, 1), base::ErrorKind::protocol, "stream id 1");
    expect_failure(changed(1, frame_flag::compressed), base::ErrorKind::protocol, "without compression");
    expect_failure(changed(1, frame_flag::tracing), base::ErrorKind::protocol, "the node's answer to OPTIONS");
    expect_failure(changed(5, 0x01), base::ErrorKind::protocol, "claims 1677");
    expect_failure(answer(Handshake(options_for({ProtocolVersion::v4})), hex("84")), base::ErrorKind::protocol,
                   "before it was asked");
}

TEST(Handshake, FailsOnBodiesThatAreCut) {
    const auto cut = [](Bytes frame) {
        frame.pop_back();
        patch_body_length(frame.data(), static_cast<std::uint32_t>(frame.size() - frame_header_size));
        return frame;
    };
    constexpr auto v4 = ProtocolVersion::v4;
    expect_failure(answer(after(1, v4), cut(supported_answer(v4))), base::ErrorKind::protocol,
                   "SUPPORTED ends too early");
    expect_failure(answer(after(2, v4), cut(authenticate_answer(v4, "x"))), base::ErrorKind::protocol,
                   "AUTHENTICATE ends too early");
    expect_failure(answer(after(2, v4), cut(error_answer(4, ErrorCode::server_error, "x"))), base::ErrorKind::protocol,
                   "ERROR ends too early");
    expect_failure(answer(after(3, v4, dse_authenticator), cut(challenge_answer(v4, "PLAIN-START"))),
                   base::ErrorKind::protocol, "ends too early");
}

TEST(Handshake, FailsOnSegmentsThatAreDamaged) {
    const Bytes whole = in_segments(success_answer(ProtocolVersion::v5), SegmentCompression::none);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes damaged = whole;
        damaged[at] ^= 0x10U;
        const auto got = answer(after(3, ProtocolVersion::v5), damaged);
        expect_failure(got, base::ErrorKind::protocol, "does not match its CRC");
    }
    // An envelope outside segments, as before the login.
    EXPECT_EQ(answer(after(3, ProtocolVersion::v5), success_answer(ProtocolVersion::v5)).kind, Kind::fail);
}

TEST(Handshake, TakesAnAnswerInSeveralSegments) {
    // An AUTH_SUCCESS of 60,000 bytes in two parts that are not self-contained, as a server may send it.
    Bytes envelope;
    append_frame(envelope, 5, true, 0, 0, Opcode::auth_success, [](Writer& writer) { writer.bytes(Bytes(60000, 7)); });
    Bytes two_parts = in_segments(ByteView(envelope).first(30000), SegmentCompression::none);
    base::append(two_parts, in_segments(ByteView(envelope).subspan(30000), SegmentCompression::none));
    const auto got = answer(after(3, ProtocolVersion::v5), two_parts);
    EXPECT_EQ(got.kind, Kind::done) << testing::PrintToString(got);
    EXPECT_EQ(got.consumed, two_parts.size());
}

TEST(Handshake, RefusesMoreThanTheAnswerInOneSegment) {
    Bytes two = success_answer(ProtocolVersion::v5);
    base::append(two, ready_answer(ProtocolVersion::v5));
    expect_failure(answer(after(3, ProtocolVersion::v5), in_segments(two, SegmentCompression::none)),
                   base::ErrorKind::protocol, "more than the answer to AUTH_RESPONSE");
}

TEST(Handshake, FailsWhenItIsToldWhatCannotBe) {
    Handshake machine(options_for({ProtocolVersion::v4}));
    machine.resume(Handshake::Connected{});
    EXPECT_EQ(machine.resume(Handshake::Connected{}).kind, Kind::fail);
}

}  // namespace
}  // namespace crossfade::cql

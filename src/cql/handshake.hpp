// The client's side of opening a connection: OPTIONS, STARTUP, the version, the login (§4.1.1, §4.1.2, §4.1.5 of every
// version). Pure: give it what happened, do what it says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cql/compression.hpp"
#include "cql/frame.hpp"
#include "cql/segment.hpp"

namespace crossfade::cql {

// A login of the application's own kind, for one connection (SASL, §4.2.4 and on of every version). Errors become
// those of the connection, of kind authentication; their text is shown, so that no secret may be in it.
class LoginMechanism {
public:
    virtual ~LoginMechanism() = default;
    // `authenticator`: the class that the node named. Gives the first token.
    virtual base::Result<Bytes> begin(std::string_view authenticator) = 0;
    // Of AUTH_CHALLENGE. Gives the next token.
    virtual base::Result<Bytes> answer(ByteView challenge) = 0;
    // Of AUTH_SUCCESS: an error refuses the node.
    virtual base::Result<void> accept(ByteView token) = 0;
};
using MakeLogin = std::function<std::unique_ptr<LoginMechanism>()>;

struct HandshakeOptions {
    HandshakeOptions() = default;

    std::vector<ProtocolVersion> versions;        // tried in this order; not empty
    Compression compression = Compression::none;  // used when the node supports it; snappy never with segments (v5)
    std::string username, password;               // SASL PLAIN; an empty username: no login
    MakeLogin make_login;                         // instead of them; may be empty
    std::vector<std::pair<std::string, std::string>>
        startup_options;  // DRIVER_NAME, …; CQL_VERSION is 3.0.0 unless it is here
};

// What is to be done next. Only the fields of its kind are filled.
struct HandshakeAction {
    enum class Kind : std::uint8_t {
        write,      // `bytes`, then show what comes
        need_more,  // nothing, until more bytes come
        reconnect,  // close this connection, open another one and say Connected; it will speak `version`
        done,       // `version`, `compression`, `supported`, `authenticator`; the connection is ready for requests
        fail,       // `error`; close the connection
    };
    HandshakeAction() = default;

    Kind kind = Kind::need_more;
    std::size_t consumed = 0;  // bytes of Received that are taken; the rest is the caller's: shown again with what
                               // comes next, or, after `done`, kept
    Bytes bytes;
    ProtocolVersion version = ProtocolVersion::v4;
    Compression compression = Compression::none;  // of bodies, or of segments where has_segments(version): then every
                                                  // byte after `done` is in segments
    std::map<std::string, std::vector<std::string>> supported;  // the answer to OPTIONS
    std::string authenticator;  // the class that the node named when it asked for a login; empty: it asked for none
    // connection: as Disconnected gave it. authentication: with the server's text and code, or 0 where we have no
    // credentials or know no answer. protocol: no version in common, or an answer that makes no sense. server: any
    // other ERROR, with its code. Never has the password in it.
    base::Error error;
};

// Negotiates the version (only a PROTOCOL_ERROR that says so steps down), starts up and logs in. Ends with done or
// fail, whatever comes; after that every call fails. Everything goes over stream id 0. Not thread-safe; keeps no view
// of what it is given.
class Handshake {
public:
    struct Connected {};  // a new connection stands
    struct Received {
        ByteView bytes;
    };  // everything that is there and not consumed
    struct Disconnected {
        base::Error why;
    };  // the connection ended, or the caller's patience did
    using Event = std::variant<Connected, Received, Disconnected>;

    explicit Handshake(HandshakeOptions options);
    HandshakeAction resume(const Event& event);

    ProtocolVersion version() const { return options_.versions[attempt_]; }  // that is being tried, or was agreed

private:
    enum class Stage : std::uint8_t {
        fresh,
        options_sent,
        startup_sent,
        mechanism_sent,
        credentials_sent,
        own_login,  // of `login_`: as many challenges as the node likes
        ended
    };

    HandshakeAction take(ByteView bytes);
    HandshakeAction take_segments(ByteView bytes);
    HandshakeAction take_frame(const FrameView& frame);
    HandshakeAction take_message(Opcode opcode, ByteView body);
    HandshakeAction take_error(const FrameHeader& header, ByteView body);
    HandshakeAction take_supported(ByteView body);
    HandshakeAction take_authenticate(ByteView body);
    HandshakeAction take_challenge(ByteView body);
    HandshakeAction step_down(std::string_view why);
    HandshakeAction take_own_login(Opcode opcode, ByteView body);
    HandshakeAction send_credentials();
    HandshakeAction send_token(ByteView token, Stage next);
    HandshakeAction done();
    HandshakeAction fail(base::ErrorKind kind, std::string message, std::int32_t server_code = 0);
    std::string_view asked() const;  // the request that waits for its answer
    SegmentCompression segment_compression() const;

    HandshakeOptions options_;
    std::size_t attempt_ = 0;  // index of the version
    Stage stage_ = Stage::fresh;
    bool has_segments_ = false;  // both directions, from the answer to STARTUP on
    Compression compression_ = Compression::none;
    Bytes envelopes_;  // of segments, not yet whole
    std::map<std::string, std::vector<std::string>> supported_;
    std::string authenticator_;
    std::shared_ptr<LoginMechanism> login_;  // copies of a handshake share it
};

}  // namespace crossfade::cql

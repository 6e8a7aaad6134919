// A node that may say anything during the handshake. Input: [first version][compression][login or not], then chunks,
// each a length byte and that many bytes: what one read of the connection brings. At the end of the input the
// connection ends.
#include "cql/handshake.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

cql::HandshakeOptions options_of(fuzz::Input& input) {
    cql::HandshakeOptions options;
    options.versions = {input.version(), cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
    options.compression = static_cast<cql::Compression>(input.choice(3));
    if (input.choice(2) == 1) {
        options.username = "user";
        options.password = "s3cret-password";
    }
    return options;
}

void check_end(const cql::HandshakeAction& action, cql::Handshake& machine) {
    if (action.kind == cql::HandshakeAction::Kind::fail) {
        CROSSFADE_REQUIRE(!action.error.message.empty());
        CROSSFADE_REQUIRE(action.error.message.size() < 1000);
    } else {
        CROSSFADE_REQUIRE(action.version == machine.version());
        CROSSFADE_REQUIRE(!cql::has_segments(action.version) || action.compression != cql::Compression::snappy);
    }
    CROSSFADE_REQUIRE(machine.resume(cql::Handshake::Connected{}).kind == cql::HandshakeAction::Kind::fail);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Kind = cql::HandshakeAction::Kind;
    fuzz::Input input(data, size);
    cql::Handshake machine(options_of(input));
    cql::HandshakeAction action = machine.resume(cql::Handshake::Connected{});
    CROSSFADE_REQUIRE(action.kind == Kind::write);
    cql::Bytes unread;
    int connections = 1;
    while (!input.empty()) {
        base::append(unread, input.take(input.choice(256)));
        action = machine.resume(cql::Handshake::Received{unread});
        CROSSFADE_REQUIRE(action.consumed <= unread.size());
        unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(action.consumed));
        if (action.kind == Kind::fail || action.kind == Kind::done) {
            check_end(action, machine);
            return 0;
        }
        CROSSFADE_REQUIRE(action.kind != Kind::write || !action.bytes.empty());
        if (action.kind == Kind::reconnect) {
            CROSSFADE_REQUIRE(++connections <= 3);
            unread.clear();
            CROSSFADE_REQUIRE(machine.resume(cql::Handshake::Connected{}).kind == Kind::write);
        }
    }
    action = machine.resume(cql::Handshake::Disconnected{base::Error(base::ErrorKind::connection, "closed")});
    CROSSFADE_REQUIRE(action.kind == Kind::fail);
    check_end(action, machine);
    return 0;
}

// Descriptions of types. Input: a choice (0 wire, 1 class name, 2 CQL text), a version, then the description.
#include <string>

#include "cql/type.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

void check_wire(cql::ByteView description, cql::ProtocolVersion version) {
    cql::Reader in(description);
    const auto type = cql::read_type(in);
    if (!type) return;
    cql::Bytes written;
    cql::Writer out(written);
    cql::write_type(out, **type, version);
    cql::Reader again(written);
    const auto read = cql::read_type(again);
    CROSSFADE_REQUIRE(read && cql::equal(**read, **type, false));
    CROSSFADE_REQUIRE(again.remaining() == 0);
    CROSSFADE_REQUIRE(!cql::to_cql(**type).empty());
}

void check_class(std::string_view text) {
    const auto type = cql::parse_class_name(text);
    if (!type) return;
    const auto again = cql::parse_class_name(cql::to_class_name(**type));
    CROSSFADE_REQUIRE(again && cql::equal(**again, **type, true));
}

void check_text(std::string_view text) {
    const auto find_udt = [](const std::string& name) {
        return cql::udt_type("ks", name, {"field"}, {cql::list_type(cql::simple_type(cql::TypeCode::int_number))});
    };
    const auto type = cql::parse_cql_type(text, "ks", find_udt);
    // A custom type may be the class of a UDT, whose text is only its name.
    if (!type || text.find("UserType") != std::string_view::npos) return;
    const auto again = cql::parse_cql_type(cql::to_cql(**type), "ks", find_udt);
    CROSSFADE_REQUIRE(again && cql::equal(**again, **type, true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;  // short class names grow when they are written; a [string] has 65,535 bytes
    fuzz::Input input(data, size);
    const std::size_t kind = input.choice(3);
    const cql::ProtocolVersion version = input.version();
    if (kind == 0) check_wire(input.rest(), version);
    if (kind == 1) check_class(base::text_of(input.rest()));
    if (kind == 2) check_text(base::text_of(input.rest()));
    return 0;
}

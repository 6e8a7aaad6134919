// Values of any type. Input: the wire description of the type, then the bytes of the value.
#include "cql/codec.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cql::Reader in({data, size});
    const auto type = cql::read_type(in);
    if (!type) return 0;
    const cql::ByteView bytes = in.rest();
    const auto value = cql::decode(**type, bytes);
    CROSSFADE_REQUIRE(value.has_value() == cql::validate(**type, bytes).has_value());
    CROSSFADE_REQUIRE(!cql::to_json(**type, bytes).empty());
    const auto literal = cql::to_literal(**type, bytes);
    CROSSFADE_REQUIRE(value || !literal);

    std::vector<cql::ValueView> elements;
    cql::ElementCursor cursor(**type, bytes);
    while (cursor.next()) {
        CROSSFADE_REQUIRE(fuzz::is_within(cursor.element().bytes, bytes));
        elements.push_back(cursor.element());
    }
    if (cursor.status()) {
        cql::Bytes appended;
        CROSSFADE_REQUIRE(cql::append_elements(appended, **type, elements));
        CROSSFADE_REQUIRE(elements.size() <= cursor.count());
    }
    if (!value) return 0;
    const auto encoded = cql::encode(**type, *value);
    CROSSFADE_REQUIRE(encoded);
    const auto again = cql::decode(**type, *encoded);
    CROSSFADE_REQUIRE(again && *again == *value);
    CROSSFADE_REQUIRE(*cql::encode(**type, *again) == *encoded);
    return 0;
}

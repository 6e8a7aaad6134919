// Names of tables as users type them. Input: the text.
#include "cql/statement.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto table = cql::parse_table_name(base::text_of({data, size}));
    if (!table) return 0;
    CROSSFADE_REQUIRE(!table->keyspace.empty() && !table->table.empty());
    const auto again = cql::parse_table_name(cql::to_cql(*table));
    CROSSFADE_REQUIRE(again && *again == *table);
    return 0;
}

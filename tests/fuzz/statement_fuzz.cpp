// Lexemes of a text, and what classify() makes of it. Input: the text.
#include <string>

#include "cql/statement.hpp"
#include "cql/tokenizer.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

// Lexemes lie in the text, in order, and end; gives how many markers there are.
std::uint32_t walk(std::string_view text) {
    cql::Tokenizer tokenizer(text);
    std::uint32_t markers = 0;
    const char* end_of_last = text.data();
    for (cql::Lexeme lexeme = tokenizer.next(); !lexeme.is(cql::LexemeKind::end); lexeme = tokenizer.next()) {
        CROSSFADE_REQUIRE(!lexeme.text.empty());
        CROSSFADE_REQUIRE(lexeme.text.data() >= end_of_last);
        end_of_last = lexeme.text.data() + lexeme.text.size();
        CROSSFADE_REQUIRE(end_of_last == text.data() + tokenizer.position());
        if (lexeme.is(cql::LexemeKind::marker)) ++markers;
        if (lexeme.is(cql::LexemeKind::string))
            CROSSFADE_REQUIRE(cql::string_text(lexeme).size() + 2 <= lexeme.text.size());
        if (lexeme.is_name()) {
            CROSSFADE_REQUIRE(cql::same_name(lexeme.text, cql::quoted(cql::name_text(lexeme.text))));
            CROSSFADE_REQUIRE(cql::name_text(cql::quoted(cql::name_text(lexeme.text))) == cql::name_text(lexeme.text));
        }
    }
    CROSSFADE_REQUIRE(tokenizer.position() <= text.size());
    CROSSFADE_REQUIRE(tokenizer.next().is(cql::LexemeKind::end));
    return markers;
}

bool same(const cql::Statement& a, const cql::Statement& b) {
    return a.verb == b.verb && a.table == b.table && a.tables == b.tables && a.needs_keyspace == b.needs_keyspace &&
           a.is_conditional == b.is_conditional && a.has_using_timestamp == b.has_using_timestamp &&
           a.has_using_ttl == b.has_using_ttl && a.calls_time_or_chance == b.calls_time_or_chance &&
           a.places_list == b.places_list && a.may_be_counter == b.may_be_counter && a.is_json == b.is_json &&
           a.marker_count == b.marker_count && a.key_columns == b.key_columns && a.key_markers == b.key_markers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = base::text_of({data, size});
    const std::uint32_t markers = walk(text);
    const cql::Statement statement = cql::classify(text);
    CROSSFADE_REQUIRE(statement.marker_count == markers);
    CROSSFADE_REQUIRE(statement.key_columns.size() == statement.key_markers.size());
    for (const std::int32_t marker : statement.key_markers)
        CROSSFADE_REQUIRE(marker >= -1 && marker < static_cast<std::int32_t>(markers));
    CROSSFADE_REQUIRE(statement.tables.empty() || statement.verb == cql::Verb::batch);
    // A comment before it changes nothing.
    CROSSFADE_REQUIRE(same(statement, cql::classify("/* ? */ -- INSERT ?\n" + std::string(text))));
    return 0;
}

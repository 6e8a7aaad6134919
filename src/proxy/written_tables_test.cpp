#include "proxy/written_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace crossfade::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(WrittenTables, NamesThoseWithPlainAndConditionalWrites) {
    const auto tables = std::make_shared<WrittenTables>();
    WrittenTablesView one(tables), other(tables);
    one.note("ks", "plain", false);
    one.note("ks", "plain", false);
    one.note("ks", "lwt", true);
    EXPECT_THAT(tables->with_both(), IsEmpty());
    // Each kind may come over another loop.
    one.note("ks", "z", false);
    other.note("ks", "z", true);
    other.note("Ks", "T", true);
    one.note("Ks", "T", false);
    EXPECT_THAT(tables->with_both(), ElementsAre("\"Ks\".\"T\"", "ks.z"));
}

TEST(WrittenTables, CountsUnstampedWritesByTable) {
    const auto tables = std::make_shared<WrittenTables>();
    WrittenTablesView one(tables), other(tables);
    one.note_unstamped("ks", "b");
    one.note_unstamped("ks", "a");
    other.note_unstamped("ks", "a");
    one.note("ks", "c", false);
    EXPECT_THAT(tables->unstamped(), ElementsAre(Pair("ks.a", 2U), Pair("ks.b", 1U)));
}

TEST(WrittenTables, PastItsBoundTheRestIsOneCountAndNeverNamed) {
    const auto tables = std::make_shared<WrittenTables>(1);
    WrittenTablesView view(tables);
    view.note_unstamped("ks", "known");
    for (const char* name : {"x", "y"}) {
        view.note_unstamped("ks", name);
        view.note("ks", name, name[0] == 'x');
    }
    EXPECT_THAT(tables->with_both(), IsEmpty());
    EXPECT_THAT(tables->unstamped(), ElementsAre(Pair("ks.known", 1U), Pair("", 2U)));
}

TEST(WrittenTables, TwoLoopsThatNoteAtOnceMissNothing) {
    for (int round = 0; round < 200; ++round) {
        const auto tables = std::make_shared<WrittenTables>();
        const auto write = [&](bool is_conditional) {
            WrittenTablesView view(tables);
            view.note("ks", "t", is_conditional);
            view.note_unstamped("ks", "t");
        };
        std::thread plain(write, false), conditional(write, true);
        plain.join();
        conditional.join();
        EXPECT_THAT(tables->with_both(), ElementsAre("ks.t"));
        EXPECT_THAT(tables->unstamped(), ElementsAre(Pair("ks.t", 2U)));
    }
}

}  // namespace
}  // namespace crossfade::proxy

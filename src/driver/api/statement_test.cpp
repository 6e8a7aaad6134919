// Values that are set before a statement meets a cluster, and what the cluster's node then gets.
#include <gmock/gmock.h>

#include <variant>

#include "cql/request.hpp"
#include "cql/wire.hpp"
#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::ScriptedNode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StatementValues : public LibraryNodes {
protected:
    ~StatementValues() override { cluster_.close(); }
    // The values of one execute, as the node read them.
    std::vector<std::string> received(const Statement& statement) {
        std::vector<std::string> texts;
        at_nodes([&] {
            node_.on_request = [&](const Asked& request) {
                const auto query = cql::parse_query(cql::ProtocolVersion::v4, request.frame.body());
                cql::Reader in(query->parameters.values);
                for (std::uint16_t i = 0; i < query->parameters.value_count; ++i) {
                    const cql::ValueView value = in.value();
                    texts.push_back(value.is_unset()  ? "(unset)"
                                    : value.is_null() ? "(null)"
                                                      : std::string(value.bytes.begin(), value.bytes.end()));
                }
                request.client.answer_void(request.id);
            };
        });
        session_.execute(statement);
        at_nodes([&] { node_.on_request = nullptr; });
        return texts;
    }

    ScriptedNode& node_ = add_node("127.0.0.62");
    const Cluster cluster_ = Cluster::build_new_cluster(ClusterOptions{}.contact_points(net::to_text(node_.address())));
    const Session session_ = cluster_.connect();
};

TEST_F(StatementValues, AsManyAsThereAreAreSetByPosition) {
    for (const std::size_t count : {0, 1, 7, 300}) {
        Statement statement("SELECT");
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < count; ++i) {
            expected.push_back("value " + std::to_string(i));
            statement.set(i, expected.back());
        }
        EXPECT_EQ(received(statement), expected);
    }
}

TEST_F(StatementValues, TheirTypesMayBeKnownOnlyAtRunTimeToo) {
    const std::vector<std::variant<std::nullptr_t, std::int32_t, std::int64_t, std::string>> values{
        "tea", std::int64_t{0x0102030405060708}, nullptr, std::int32_t{0x41424344}};
    Statement statement("INSERT");
    for (std::size_t i = 0; i < values.size(); ++i)
        std::visit([&](const auto& value) { statement.set(i, value); }, values[i]);
    // A CQL bigint and int are 8 and 4 bytes, the highest first.
    EXPECT_THAT(received(statement), ElementsAre("tea", "\1\2\3\4\5\6\7\10", "(null)", "ABCD"));
}

TEST_F(StatementValues, OneIsSetAgainWithoutTheOthersAndThoseLeftOutAreNotSet) {
    Statement statement("INSERT");
    statement.set(2, "last").set(0, "first");
    EXPECT_THAT(received(statement), ElementsAre("first", "(unset)", "last"));
    statement.set(0, "one that is much longer").set(1, std::optional<std::string>());
    EXPECT_THAT(received(statement), ElementsAre("one that is much longer", "(null)", "last"));
    statement.bind("a", "b").set(1, "c").set(2, "d");
    EXPECT_THAT(received(statement), ElementsAre("a", "c", "d"));
    EXPECT_THAT(received(statement.bind()), IsEmpty());
}

TEST_F(StatementValues, NamesAndPositionsDoNotMix) {
    Statement named("INSERT");
    named.set("id", 1);
    EXPECT_THAT(error_of(ErrorCode::bad_value, [&] { named.set(0, 1); }), HasSubstr("'id' was set by name"));
    Statement placed("INSERT");
    placed.set(0, 1);
    EXPECT_THAT(error_of(ErrorCode::bad_value, [&] { placed.set("id", 1); }), HasSubstr("values by position"));
}

TEST_F(StatementValues, APositionThatNoStatementHasIsRefused) {
    Statement statement("INSERT");
    statement.set(0, "kept");
    EXPECT_THAT(error_of(ErrorCode::no_column, [&] { statement.set(65535, 1); }), HasSubstr("65535"));
    error_of(ErrorCode::no_column, [&] { statement.set(static_cast<std::size_t>(-1), 1); });
    EXPECT_THAT(received(statement), ElementsAre("kept"));
}

}  // namespace
}  // namespace crossfade

// What requests of the public library look like to a node, and where they go.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>

#include "cql/request.hpp"
#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::ScriptedNode;
using ::testing::ElementsAre;
using ::testing::Pair;

class Requests : public LibraryNodes {
protected:
    Requests() {
        at_nodes([&] {
            second_->token = 4'000'000'000'000'000'000;
            second_->rack = "r2";
            for (ScriptedNode* const node : {first_, second_}) {
                node->set_cluster({first_, second_});
                node->replication_factor = 2;
            }
        });
    }
    ClusterOptions options() const { return ClusterOptions{}.contact_points(net::to_text(first_->address())); }
    std::uint32_t requests_of(const ScriptedNode& node) {
        std::uint32_t count = 0;
        at_nodes([&] { count = node.requests; });
        return count;
    }

    ScriptedNode* const first_ = &add_node("127.0.0.62");
    ScriptedNode* const second_ = &add_node("127.0.0.63", first_->address().port);
};

TEST_F(Requests, OfTheReplicasThoseInTheLocalRackAreAsked) {
    for (const auto& [rack, asked] : {std::pair("r1", first_), std::pair("r2", second_)}) {
        const auto cluster = Cluster::build_new_cluster(options().local_rack(rack));
        const auto session = cluster.connect();
        wait_for_connections(session, 2);
        const auto insert = session.prepare("INSERT");
        for (int key = 0; key < 20; ++key)
            EXPECT_EQ(session.execute(insert.bind(key)).coordinator(), net::to_text(asked->address()));
        cluster.close();
    }
}

TEST_F(Requests, ASlowReplicaIsGivenNoMoreThanItAnswers) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    wait_for_connections(session, 2);
    const auto insert = session.prepare("INSERT");
    at_nodes([&] { first_->on_request = [](const Asked&) {}; });
    // Until one of them hangs there.
    std::atomic<int> told{0};
    for (int key = 0; key < 100 && requests_of(*first_) == 0; ++key) {
        session.execute(insert.bind(key), [&](const Outcome<ResultSet>&) { ++told; });
        ASSERT_TRUE(comes_true([&] { return told == key + 1 || requests_of(*first_) > 0; }));
    }
    ASSERT_EQ(requests_of(*first_), 1U);
    for (int key = 0; key < 50; ++key)
        EXPECT_EQ(session.execute(insert.bind(key)).coordinator(), net::to_text(second_->address()));
    EXPECT_EQ(requests_of(*first_), 1U);
    cluster.close();
}

TEST_F(Requests, TimestampsAreAscendingUnlessTheStatementHasItsOwn) {
    std::vector<std::int64_t> noted;
    const auto look = [&](const Asked& request) {
        if (request.frame.header.opcode == cql::Opcode::query) {
            const auto query = cql::parse_query(cql::ProtocolVersion::v4, request.frame.body());
            noted.push_back(query->parameters.timestamp.value_or(-1));
        }
        request.client.answer_void(request.id);
    };
    at_nodes([&] { first_->on_request = second_->on_request = look; });
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    for (int i = 0; i < 200; ++i) session.execute("INSERT");
    session.execute(Statement("INSERT").timestamp(5));
    cluster.close();
    std::vector<std::int64_t> seen;
    at_nodes([&] { seen.swap(noted); });
    ASSERT_EQ(seen.size(), 201U);
    EXPECT_EQ(seen.back(), 5);
    seen.pop_back();
    EXPECT_EQ(std::ranges::adjacent_find(seen, std::greater_equal<>()), seen.end());
    EXPECT_GT(seen.front(), 1'500'000'000'000'000) << "microseconds since 1970";

    const auto without = Cluster::build_new_cluster(options().client_timestamps(false));
    without.connect().execute("INSERT");
    without.close();
    at_nodes([&] { EXPECT_THAT(noted, ElementsAre(-1)); });
}

class SchemaListener final : public ClusterListener {
public:
    void on_schema_change(const SchemaChange& change) override { told.set_value(change); }
    std::promise<SchemaChange> told;
};

TEST_F(Requests, TheListenerIsToldOfSchemaChanges) {
    const auto listener = std::make_shared<SchemaListener>();
    const auto cluster = Cluster::build_new_cluster(options().listener(listener));
    const auto session = cluster.connect();
    at_nodes([&] {
        for (const auto& client : first_->clients) {
            if (client->stream == nullptr || !client->has_registered) continue;
            cql::append_frame(client->out(), 4, true, 0, 0xFFFF, cql::Opcode::event, [](cql::Writer& out) {
                for (const char* word : {"SCHEMA_CHANGE", "UPDATED", "TABLE", "shop", "carts"}) out.string(word);
            });
            client->stream->send_soon();
        }
    });
    auto told = listener->told.get_future();
    ASSERT_EQ(told.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    const SchemaChange change = told.get();
    EXPECT_EQ(change.change, "UPDATED");
    EXPECT_EQ(change.target, "TABLE");
    EXPECT_EQ(change.keyspace, "shop");
    EXPECT_EQ(change.name, "carts");
    cluster.close();
}

TEST_F(Requests, PayloadsAndWarningsGoBothWays) {
    bool has_payload = false;
    const auto echo = [&](const Asked& request) {
        has_payload = (request.frame.header.flags & cql::frame_flag::custom_payload) != 0;
        constexpr std::uint8_t flags = cql::frame_flag::warning | cql::frame_flag::custom_payload;
        cql::append_frame(request.client.out(), 4, true, flags, request.id, cql::Opcode::result, [](cql::Writer& out) {
            // [string list] warnings, [bytes map] payload, then a Void result (native_protocol_v4.spec §2.2).
            out.short_number(2);
            out.string("slow");
            out.string("large");
            out.short_number(1);
            out.string("served by");
            out.bytes(base::bytes_of("r1"));
            out.int_number(1);
        });
    };
    at_nodes([&] { first_->on_request = second_->on_request = echo; });
    const auto cluster = Cluster::build_new_cluster(options());
    Statement statement("INSERT");
    statement.payload("for", Blob{1, 2});
    const auto result = cluster.connect().execute(statement);
    at_nodes([&] { EXPECT_TRUE(has_payload); });
    EXPECT_THAT(result.warnings(), ElementsAre("slow", "large"));
    EXPECT_THAT(result.payload(), ElementsAre(Pair("served by", Blob{'r', '1'})));
    cluster.close();
}

}  // namespace
}  // namespace crossfade

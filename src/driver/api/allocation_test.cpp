// A prepared execute allocates nothing once its memory is there.
#include <gtest/gtest.h>

#include <thread>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "cql/test_allocations.hpp"
#include "crossfade/crossfade.hpp"
#include "driver/api/loop_thread.hpp"
#include "driver/integration/scripted_node.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::ScriptedNode;

const std::vector<cql::OwnedColumn> columns{{"ks", "t", "k", cql::simple_type(cql::TypeCode::int_number)},
                                            {"ks", "t", "v", cql::simple_type(cql::TypeCode::blob)}};

// One row of 100 bytes for each EXECUTE.
void answer(const Asked& asked) {
    base::Bytes& out = asked.client.out();
    if (asked.frame.header.opcode == cql::Opcode::prepare) {
        cql::append_prepared(out, cql::ProtocolVersion::v4, asked.id, base::bytes_of("an id"), {}, {columns[0]}, {0},
                             columns);
    } else {
        const auto execute = cql::parse_execute(cql::ProtocolVersion::v4, asked.frame.body());
        const base::ByteView key = execute->parameters.values.subspan(4);
        cql::append_rows(out, cql::ProtocolVersion::v4, asked.id, columns,
                         {{base::Bytes(key.begin(), key.end()), base::Bytes(100)}});
    }
    asked.client.stream->send_soon();
}

// Executes again from inside each callback, many at a time.
struct Reader {
    Session session;
    BoundStatement select;
    EventLoop& loop;
    int left, under_way = 0, wrong = 0;
    int counted_from = 0;
    std::size_t allocations_before = 0, allocations = 0;

    void ask() {
        if (left == counted_from) allocations_before = *cql::allocation_count();
        --left;
        ++under_way;
        select.set(0, left);
        session.execute(select, [this](Outcome<ResultSet> outcome) { read(std::move(outcome)); });
    }
    void read(Outcome<ResultSet> outcome) {
        --under_way;
        if (!outcome || outcome.value().first_row().get_column<BlobView>("v").size() != 100) ++wrong;
        if (left > 0) {
            ask();
            // As long as as many are under way as before: what is kept when they end needs room for the first time.
            if (left == 0) allocations = *cql::allocation_count() - allocations_before;
        } else if (under_way == 0) {
            loop.stop();
        }
    }
};

TEST(LibraryAllocations, APreparedExecuteAllocatesNothingInSteadyState) {
    if (!cql::allocation_count()) GTEST_SKIP() << "not counted in sanitizer builds";
    const auto nodes = driver::LoopThread::start();
    std::unique_ptr<ScriptedNode> node;
    nodes->call([&] {
        node = std::make_unique<ScriptedNode>(nodes->loop(), "127.0.0.64", 0);
        node->on_request = answer;
    });
    {
        EventLoop loop;
        const auto cluster =
            Cluster::build_new_cluster(ClusterOptions{}.contact_points(net::to_text(node->address())).event_loop(loop));
        const Session session = cluster.connect();
        Reader reader{session, session.prepare("SELECT k, v FROM ks.t WHERE k = ?").bind(0), loop, 6000};
        reader.counted_from = 3000;
        for (int i = 0; i < 64; ++i) reader.ask();
        loop.run();
        EXPECT_EQ(reader.wrong, 0);
        EXPECT_EQ(reader.allocations, 0U) << "in 3000 executes";
        session.close();
        cluster.close();
    }
    nodes->call([&] { node.reset(); });
    nodes->stop();
}

}  // namespace
}  // namespace crossfade

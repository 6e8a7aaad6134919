#include "cli/admin_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "cli/admin_url.hpp"
#include "cli/journal_report.hpp"
#include "net/loop.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A client whose every request gets this answer.
AdminClient answering(int status, const std::string& body) {
    return AdminClient(
        "http://p:1",
        [=](const std::string&, const std::string&, const std::string&,
            milliseconds) -> base::Result<net::HttpResponse> {
            return net::HttpResponse{status, "application/json", body};
        },
        milliseconds(1000));
}

TEST(AdminClient, ReadsThePhase) {
    const auto state =
        answering(
            200,
            R"({"proxy":"0.0.0.0:9042","epoch":3,"phase":2,"write_mode":"strict","holding":true,"unrepaired":{"origin":1,"target":2}})")
            .phase();
    ASSERT_TRUE(state);
    EXPECT_EQ(state->proxy, "0.0.0.0:9042");
    EXPECT_EQ(state->epoch, 3);
    EXPECT_EQ(state->phase, 2);
    EXPECT_EQ(state->write_mode, "strict");
    EXPECT_TRUE(state->is_holding);
    EXPECT_EQ(state->unrepaired_origin, 1U);
    EXPECT_EQ(state->unrepaired_target, 2U);
}

// Each field in turn is left out, and has another type.
TEST(AdminClient, NamesTheFieldThatAnAnswerLacks) {
    const std::vector<std::pair<std::string, std::string>> fields{
        {"proxy", R"("x")"},           {"epoch", "3"},       {"phase", "2"},
        {"write_mode", R"("strict")"}, {"holding", "false"}, {"unrepaired", R"({"origin":0,"target":0})"}};
    for (const auto& [damaged, value] : fields) {
        for (const char* replacement : {"", "[]"}) {
            std::string body;
            for (const auto& [name, good] : fields) {
                if (name == damaged && *replacement == '\0') continue;
                body += (body.empty() ? "{" : ",") + ("\"" + name + "\":") + (name == damaged ? replacement : good);
            }
            const auto state = answering(200, body + "}").phase();
            ASSERT_FALSE(state) << damaged;
            EXPECT_EQ(state.error().kind, base::ErrorKind::protocol);
            EXPECT_THAT(state.error().message,
                        AllOf(testing::StartsWith("http://p:1: its answer has no "), HasSubstr("'" + damaged + "'")));
        }
    }
}

TEST(AdminClient, ReadsTheStatus) {
    const auto status =
        answering(
            200,
            R"({"tables_with_plain_and_conditional_writes":["ks.a","ks.b"],"unstamped_writes":[{"table":"ks.c","count":5}],)"
            R"("still_here":[{"driver":"d","version":"1","application":"","address":"::1","connections":0,"since_us":7,"last_us":9}]})")
            .status();
    ASSERT_TRUE(status);
    EXPECT_THAT(status->tables_with_both, ElementsAre("ks.a", "ks.b"));
    EXPECT_THAT(status->unstamped_writes, ElementsAre(TableCount{"ks.c", 5}));
    ASSERT_EQ(status->still_here.size(), 1U);
    EXPECT_EQ(status->still_here[0].address, "::1");
    EXPECT_EQ(status->still_here[0].since_us, 7);
    EXPECT_EQ(status->still_here[0].last_us, 9);
    for (const char* body : {R"({"tables_with_plain_and_conditional_writes":"ks.a","unstamped_writes":[]})",
                             R"({"tables_with_plain_and_conditional_writes":[1],"unstamped_writes":[]})",
                             R"({"tables_with_plain_and_conditional_writes":[]})"})
        EXPECT_FALSE(answering(200, body).status()) << body;
}

TEST(AdminClient, AnswersThatAreNoJsonAreNamed) {
    for (const char* body : {"", "<html>", "[1]", "{\"proxy\":", "\"text\"", "\xff\xfe"}) {
        const auto state = answering(200, body).phase();
        ASSERT_FALSE(state);
        EXPECT_EQ(state.error().message,
                  "http://p:1: its answer is no JSON object; is this the admin address of a crossfade proxy?");
    }
}

TEST(AdminClient, ARefusalGivesItsReason) {
    const auto refused = answering(503, R"({"reason":"it is stopping"})").start_repair();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::server);
    EXPECT_EQ(refused.error().message, "http://p:1: it is stopping");
    EXPECT_EQ(answering(404, "nothing here").phase().error().message, "http://p:1: it answered with HTTP status 404");
}

TEST(AdminClient, ANegativeCountIsRefused) {
    EXPECT_FALSE(answering(200, R"({"entries":-1,"tables":[]})").journal_summary());
}

TEST(AdminClient, ACommitThatLeavesAnotherEpochIsAnError) {
    PhaseChange change;
    change.epoch = 5;
    EXPECT_TRUE(answering(200, R"({"ok":true,"epoch":5,"phase":4})").commit(change));
    EXPECT_EQ(answering(200, R"({"ok":true,"epoch":4,"phase":4})").commit(change).error().message,
              "http://p:1: it is at epoch 4, not 5");
}

TEST(AdminClient, APrepareThatIsNoYesIsAnError) {
    EXPECT_FALSE(answering(200, R"({"ok":false,"epoch":5,"phase":4})").prepare({}));
}

TEST(AdminClient, PagesThatDoNotGoOnAreAnError) {
    const auto page = answering(200, R"({"entries":[],"next":7})").journal_page(7, 10);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().message, "http://p:1: its journal's pages do not go on");
}

TEST(AdminClient, ReadsAPageOfTheJournal) {
    const auto page =
        answering(
            200,
            R"({"entries":[{"id":9,"time_us":40000000,"table":"ks.t","key":"1:\u001b[31m","cause":"timeout","side":"both",)"
            R"("state":"blocked","statement":"INSERT …","note":"type it"}],"next":9})")
            .journal_page(8, 1);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->next, 9U);
    std::ostringstream out, error, json;
    const std::vector<JournalListing> listings{{"http://p:1", page->rows, true, ""},
                                               {"http://q:1", {}, false, ""},
                                               {"http://r:1", {}, false, "http://r:1: gone"}};
    print_journal_list(listings, 100000000, out, error);
    EXPECT_EQ(out.str(),
              "http://p:1:\n"
              "ID  TABLE  KEY      TO REPAIR  AGE    STATE    CAUSE\n"
              "9   ks.t   1:?[31m  both       1 min  blocked  timeout; type it\n"
              "http://p:1: there are more; --limit says how many are shown\n"
              "http://q:1: the journal is empty\n");
    EXPECT_EQ(error.str(), "http://r:1: gone\n");
    print_journal_list_json(listings, json);
    EXPECT_EQ(
        json.str(),
        R"({"proxies":[{"url":"http://p:1","more":true,"entries":[{"id":9,"time_us":40000000,"table":"ks.t","key":"1:\u001b[31m","cause":"timeout",)"
        R"("side":"both","state":"blocked","statement":"INSERT …","note":"type it"}]},{"url":"http://q:1","more":false,"entries":[]},)"
        R"({"url":"http://r:1","error":"http://r:1: gone","more":false,"entries":[]}]})"
        "\n");
}

TEST(AdminClient, SummariesArePrintedWithTheirTotal) {
    const AdminClient client = answering(
        200,
        R"({"entries":1201,"tables":[{"table":"ks.t","side":"target","entries":1201,"oldest_us":0,"state":"pending"}]})");
    std::vector<base::Result<JournalSummary>> summaries{client.journal_summary(),
                                                        base::fail(base::ErrorKind::connection, "http://q:1: refused")};
    std::ostringstream out, error, json;
    print_journal_summary({client, client}, summaries, 100000000, out, error);
    EXPECT_EQ(out.str(),
              "PROXY       TABLE  TO REPAIR  ENTRIES  OLDEST      STATE\n"
              "http://p:1  ks.t   target     1,201    1 min 40 s  pending\n"
              "1,201 entries in the journal of 1 proxy.\n");
    EXPECT_EQ(error.str(), "http://q:1: refused\n");
    print_journal_summary_json({client, client}, summaries, json);
    EXPECT_THAT(
        json.str(),
        HasSubstr(
            R"("entries":1201,"tables":[{"table":"ks.t","side":"target","entries":1201,"oldest_us":0,"state":"pending"}]},)"));
}

TEST(AdminUrl, TakesWhatPeopleWrite) {
    EXPECT_EQ(admin_url("http://127.0.0.1:8001").value(), "http://127.0.0.1:8001");
    EXPECT_EQ(admin_url("http://127.0.0.1:8001/").value(), "http://127.0.0.1:8001");
    EXPECT_EQ(admin_url("127.0.0.1:8001").value(), "http://127.0.0.1:8001");
    EXPECT_EQ(admin_url("proxy.example").value(), "http://proxy.example:14001");
    EXPECT_EQ(admin_url("http://[::1]:8001").value(), "http://[::1]:8001");
    for (const char* bad : {"", "http://", "https://h:1", "ftp://h", "http://h:1/phase", "http://user@h:1", "h:x",
                            "h:0", "http://h:1?x", "a b"}) {
        const auto url = admin_url(bad);
        ASSERT_FALSE(url) << bad;
        EXPECT_EQ(url.error().kind, base::ErrorKind::bad_input);
    }
}

// The real client against a real server on this machine.
TEST(AdminClient, WorksOverHttp) {
    net::Loop loop;
    std::string seen;
    auto server = net::serve_http(
        loop, net::Address{"127.0.0.1", 0}, nullptr, {}, [&](net::HttpRequest request, const net::HttpReply& reply) {
            seen += request.method + " " + request.path + " " + request.query["limit"] + " " + request.query["after"] +
                    " " + request.body + "\n";
            if (request.path == "/phase/abort")
                return reply({409, "application/json", R"({"ok":false,"reason":"unknown switch"})"});
            reply({200, "application/json", R"({"entries":[],"next":null})"});
        });
    ASSERT_TRUE(server);
    const AdminClient client("http://" + net::to_text((*server)->address()), net::http_request,
                             std::chrono::seconds(20));
    std::thread thread([&] { loop.run(); });
    const auto page = client.journal_page(5, 10);
    const auto aborted = client.abort("an id");
    loop.stop();
    thread.join();
    server->reset();
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_FALSE(page->next);
    ASSERT_FALSE(aborted);
    EXPECT_EQ(aborted.error().message, client.url() + ": unknown switch");
    EXPECT_EQ(seen, "GET /journal 10 5 \nPOST /phase/abort   {\"id\":\"an id\"}\n");
    const auto gone = client.phase();
    ASSERT_FALSE(gone);
    EXPECT_THAT(gone.error().message, testing::StartsWith(client.url() + ": "));
}

}  // namespace
}  // namespace crossfade::cli

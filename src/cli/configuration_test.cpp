#include "cli/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "cli/proxy_section.hpp"
#include "cli/test_folder.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Flags = std::vector<Configuration::Flag>;

// The least that a proxy needs; what a test is about comes after it, from line 5 on.
const std::string clusters = "origin:\n  contact_points: [127.0.0.11]\ntarget:\n  contact_points: [127.0.0.21]\n";

class ConfigurationTest : public testing::Test {
protected:
    void SetUp() override { ::setenv("XDG_STATE_HOME", "/state", 1); }

    // Loads `yaml` as crossfade.yaml for `crossfade proxy`; problems without the folder's name.
    std::vector<std::string> load(const std::string& yaml, const Flags& flags = {},
                                  const std::string& file = "crossfade.yaml") {
        auto problems = configuration.load(folder.write(file, yaml), flags, {"origin", "target", "proxy", "log"});
        for (std::string& problem : problems)
            for (std::size_t at = problem.find(folder.path("")); at != std::string::npos;
                 at = problem.find(folder.path("")))
                problem.erase(at, folder.path("").size());
        return problems;
    }
    std::vector<std::string> load_flags(Flags flags) {
        return configuration.load("", flags, {"origin", "target", "proxy", "log"});
    }

    TestFolder folder;
    Configuration configuration;
};

TEST_F(ConfigurationTest, DefaultsAreThoseOfTheSemantics) {
    EXPECT_THAT(load(clusters), IsEmpty());
    const proxy::Options& proxy = configuration.proxy;
    EXPECT_EQ(net::to_text(proxy.listen), "127.0.0.1:14002");
    EXPECT_EQ(net::to_text(proxy.admin), "127.0.0.1:14001");
    EXPECT_EQ(proxy.phase, 1);
    EXPECT_EQ(proxy.write_mode, proxy::WriteMode::strict);
    EXPECT_EQ(proxy.write_timestamps, proxy::WriteTimestamps::inject);
    EXPECT_EQ(proxy.client_credentials, proxy::ClientCredentials::automatic);
    EXPECT_EQ(proxy.best_effort_wait, milliseconds(100));
    EXPECT_EQ(proxy.connections_per_node, 1U);
    EXPECT_EQ(proxy.state_dir, "/state/crossfade");
    ASSERT_EQ(proxy.origin.contact_points.size(), 1U);
    EXPECT_EQ(net::to_text(proxy.origin.contact_points[0]), "127.0.0.11:9042");
    EXPECT_EQ(net::to_text(proxy.target.contact_points.at(0)), "127.0.0.21:9042");
    EXPECT_EQ(proxy.origin.label, "origin");
    EXPECT_EQ(proxy.target.label, "target");
    EXPECT_TRUE(proxy.origin.credentials.empty());
    EXPECT_EQ(proxy.origin.tls, nullptr);
    EXPECT_EQ(configuration.log.level, base::LogLevel::info);
    EXPECT_FALSE(configuration.log.is_json);
}

TEST_F(ConfigurationTest, EveryKeyOfTheProxyIsTaken) {
    const std::string yaml = clusters +
                             "proxy:\n"
                             "  listen: 0.0.0.0:9042\n"
                             "  admin: \"[::1]:8001\"\n"
                             "  siblings: [http://127.0.0.2:14001, 127.0.0.3]\n"
                             "  state_dir: /var/lib/crossfade\n"
                             "  phase: 4\n"
                             "  write_mode: origin_best_effort\n"
                             "  write_timestamps: pass\n"
                             "  client_credentials: target\n"
                             "  request_timeout_ms: 2000\n"
                             "  best_effort_wait_ms: 50\n"
                             "  connections_per_node: 2\n"
                             "  threads: 3\n"
                             "  client_requests_bytes: 100000\n"
                             "  client_answers_bytes: 200000\n"
                             "  prepared_statements: 77\n"
                             "  journal_entries: 88\n"
                             "  async_reads: 99\n"
                             "log:\n  level: debug\n  format: json\n";
    EXPECT_THAT(load(yaml), IsEmpty());
    const proxy::Options& proxy = configuration.proxy;
    EXPECT_EQ(net::to_text(proxy.listen), "0.0.0.0:9042");
    EXPECT_EQ(net::to_text(proxy.admin), "[::1]:8001");
    EXPECT_THAT(proxy.siblings, ElementsAre("http://127.0.0.2:14001", "http://127.0.0.3:14001"));
    EXPECT_EQ(proxy.state_dir, "/var/lib/crossfade");
    EXPECT_EQ(proxy.phase, 4);
    EXPECT_EQ(proxy.write_mode, proxy::WriteMode::origin_best_effort);
    EXPECT_EQ(proxy.write_timestamps, proxy::WriteTimestamps::pass);
    EXPECT_EQ(proxy.client_credentials, proxy::ClientCredentials::target);
    EXPECT_EQ(proxy.request_timeout, milliseconds(2000));
    EXPECT_EQ(proxy.best_effort_wait, milliseconds(50));
    EXPECT_EQ(proxy.connections_per_node, 2U);
    EXPECT_EQ(proxy.threads, 3U);
    EXPECT_EQ(proxy.client_requests_bytes, 100000U);
    EXPECT_EQ(proxy.client_answers_bytes, 200000U);
    EXPECT_EQ(proxy.prepared_statements, 77U);
    EXPECT_EQ(proxy.journal_entries, 88U);
    EXPECT_EQ(proxy.async_reads, 99U);
    EXPECT_EQ(configuration.log.level, base::LogLevel::debug);
    EXPECT_TRUE(configuration.log.is_json);
}

TEST_F(ConfigurationTest, EveryKeyOfTheMigrationIsTaken) {
    EXPECT_THAT(load(clusters + "migrate:\n"
                                "  state_dir: /var/lib/ledger\n"
                                "  consistency: ALL\n"
                                "  default_timestamp: 1000\n"
                                "  row_markers: false\n"
                                "  writes_in_flight: 7\n"),
                IsEmpty());
    EXPECT_EQ(configuration.migrate.state_dir, "/var/lib/ledger");
    EXPECT_EQ(configuration.migrate.consistency, cql::Consistency::all);
    EXPECT_EQ(configuration.migrate.default_timestamp, 1000);
    EXPECT_FALSE(configuration.migrate.row_markers);
    EXPECT_EQ(configuration.migrate.writes_in_flight, 7U);
}

TEST_F(ConfigurationTest, TheStateFolderOfAMigrationHasADefaultToo) {
    EXPECT_THAT(configuration.load("", {{"origin.contact_points", "h"}, {"target.contact_points", "h"}},
                                   {"origin", "target", "migrate", "log"}),
                IsEmpty());
    EXPECT_EQ(configuration.migrate.state_dir, "/state/crossfade");
}

TEST_F(ConfigurationTest, EveryKeyOfAClusterIsTaken) {
    folder.write("secret", "s3cret\nsecond line\n");
    const std::string yaml =
        "origin:\n"
        "  contact_points: [a.example, \"b.example:9043\", \"[::1]\"]\n"
        "  port: 9142\n"
        "  local_datacenter: dc1\n"
        "  username: reader\n"
        "  password_file: secret\n"
        "target:\n"
        "  contact_points:\n"
        "    - 127.0.0.21\n";
    EXPECT_THAT(load(yaml), IsEmpty());
    const nodes::ClusterOptions& origin = configuration.origin;
    ASSERT_EQ(origin.contact_points.size(), 3U);
    EXPECT_EQ(net::to_text(origin.contact_points[0]), "a.example:9142");
    EXPECT_EQ(net::to_text(origin.contact_points[1]), "b.example:9043");
    EXPECT_EQ(net::to_text(origin.contact_points[2]), "[::1]:9142");
    EXPECT_EQ(origin.local_datacenter, "dc1");
    EXPECT_EQ(origin.credentials, (nodes::Credentials{"reader", "s3cret"}));
    EXPECT_EQ(configuration.proxy.origin.credentials, origin.credentials);
    EXPECT_THAT(configuration.keys().warnings(), IsEmpty());
}

TEST_F(ConfigurationTest, ASectionWithoutAnythingBelowItIsFine) {
    EXPECT_THAT(load(clusters + "proxy:\nlog:\n"), IsEmpty());
}

TEST_F(ConfigurationTest, AnEmptyFileNeedsTheClustersFromFlags) {
    EXPECT_THAT(load("# nothing\n", {{"origin.contact_points", "127.0.0.11,127.0.0.12:9043"},
                                     {"target.contact_points", "127.0.0.21"}}),
                IsEmpty());
    ASSERT_EQ(configuration.origin.contact_points.size(), 2U);
    EXPECT_EQ(net::to_text(configuration.origin.contact_points[1]), "127.0.0.12:9043");
}

// What is written below the clusters, and what is said about it. The first line of it is line 5.
struct Wrong {
    const char* yaml;
    const char* problem;
};

class WrongConfiguration : public ConfigurationTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongConfiguration, IsNamedWithItsLine) {
    EXPECT_THAT(load(clusters + GetParam().yaml), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, WrongConfiguration,
    testing::Values(
        Wrong{"proxy:\n  listn: 127.0.0.1:1\n",
              "crossfade.yaml:6: proxy.listn: unknown key; is it meant to be proxy.listen?"},
        Wrong{"prxy:\n  listen: x\n", "crossfade.yaml:5: prxy: unknown section; is it meant to be proxy?"},
        Wrong{"web: 1\n", "crossfade.yaml:5: web: unknown section; there are log, migrate, origin, proxy, target"},
        Wrong{"log:\n  colour: red\n", "crossfade.yaml:6: log.colour: unknown key; there are format, level"},
        Wrong{"proxy: 5\n", "crossfade.yaml:5: proxy: is a section: its keys go below it, indented"},
        Wrong{"proxy:\n  - listen\n", "crossfade.yaml:5: proxy: is a section: its keys go below it, indented"},
        Wrong{"proxy:\n  [a, b]: 1\n", "crossfade.yaml:6: proxy: a key is a single word"},
        Wrong{"proxy:\n  phase: 1\n  phase: 2\n", "crossfade.yaml:7: proxy.phase: is given a second time; keep one"},
        Wrong{"proxy:\n  phase:\n", "crossfade.yaml:6: proxy.phase: has no value; give one or remove the line"},
        Wrong{"proxy:\n  phase: one\n", "crossfade.yaml:6: proxy.phase: 'one' is no whole number"},
        Wrong{"proxy:\n  phase: 1.5\n", "crossfade.yaml:6: proxy.phase: '1.5' is no whole number"},
        Wrong{"proxy:\n  phase: \"1\"\n", "crossfade.yaml:6: proxy.phase: '1' is no whole number"},
        Wrong{"proxy:\n  phase: true\n", "crossfade.yaml:6: proxy.phase: 'true' is no whole number"},
        Wrong{"proxy:\n  phase: 0\n", "crossfade.yaml:6: proxy.phase: '0' is out of range; it goes from 1 to 5"},
        Wrong{"proxy:\n  phase: 6\n", "crossfade.yaml:6: proxy.phase: '6' is out of range; it goes from 1 to 5"},
        Wrong{"proxy:\n  phase: 99999999999999999999\n",
              "crossfade.yaml:6: proxy.phase: '99999999999999999999' is out of range; it goes from 1 to 5"},
        Wrong{"proxy:\n  phase: [1]\n", "crossfade.yaml:6: proxy.phase: takes a single value (1..5), not a list"},
        Wrong{"proxy:\n  phase: {a: 1}\n", "crossfade.yaml:6: proxy.phase: takes a single value (1..5), not a section"},
        Wrong{"proxy:\n  threads: -1\n",
              "crossfade.yaml:6: proxy.threads: '-1' is out of range; it goes from 0 to 1024"},
        Wrong{"proxy:\n  connections_per_node: 0\n",
              "crossfade.yaml:6: proxy.connections_per_node: '0' is out of range; it goes from 1 to 128"},
        Wrong{"proxy:\n  request_timeout_ms: 0\n",
              "crossfade.yaml:6: proxy.request_timeout_ms: '0' is out of range; it goes from 10 to 3600000"},
        Wrong{"proxy:\n  request_timeout_ms: 10s\n",
              "crossfade.yaml:6: proxy.request_timeout_ms: '10s' is no whole number"},
        Wrong{"proxy:\n  best_effort_wait_ms: -5\n",
              "crossfade.yaml:6: proxy.best_effort_wait_ms: '-5' is out of range; it goes from 0 to 3600000"},
        Wrong{"proxy:\n  client_requests_bytes: 1\n",
              "crossfade.yaml:6: proxy.client_requests_bytes: '1' is out of range; it goes from 65536 to 1073741824"},
        Wrong{"proxy:\n  client_answers_bytes: 16M\n",
              "crossfade.yaml:6: proxy.client_answers_bytes: '16M' is no whole number"},
        Wrong{"proxy:\n  prepared_statements: 0\n",
              "crossfade.yaml:6: proxy.prepared_statements: '0' is out of range; it goes from 1 to 10000000"},
        Wrong{"proxy:\n  journal_entries: 0\n",
              "crossfade.yaml:6: proxy.journal_entries: '0' is out of range; it goes from 1 to 1000000000"},
        Wrong{"proxy:\n  async_reads: 0\n",
              "crossfade.yaml:6: proxy.async_reads: '0' is out of range; it goes from 1 to 1000000"},
        Wrong{"proxy:\n  write_mode: lax\n",
              "crossfade.yaml:6: proxy.write_mode: 'lax' is not strict, target_best_effort or origin_best_effort"},
        Wrong{"proxy:\n  write_timestamps: no\n",
              "crossfade.yaml:6: proxy.write_timestamps: 'no' is not inject or pass"},
        Wrong{"proxy:\n  client_credentials: automatic\n",
              "crossfade.yaml:6: proxy.client_credentials: 'automatic' is not origin or target"},
        Wrong{"proxy:\n  listen: 127.0.0.1:99999\n",
              "crossfade.yaml:6: proxy.listen: '127.0.0.1:99999' is no address: the port is a number from 0 to 65535"},
        Wrong{"proxy:\n  admin: \":14001\"\n",
              "crossfade.yaml:6: proxy.admin: ':14001' is no address: the host is missing"},
        Wrong{"proxy:\n  siblings: http://127.0.0.2:14001\n",
              "crossfade.yaml:6: proxy.siblings: takes a list: write [http://127.0.0.2:14001]"},
        Wrong{"proxy:\n  siblings: {a: b}\n", "crossfade.yaml:6: proxy.siblings: takes a list: write [first, second]"},
        Wrong{"proxy:\n  siblings:\n    - 127.0.0.2\n    - https://x\n",
              "crossfade.yaml:8: proxy.siblings: 'https://x' is no address of a proxy's admin API; write "
              "http://HOST:PORT"},
        Wrong{"proxy:\n  siblings:\n    - 127.0.0.2\n    - [x]\n",
              "crossfade.yaml:8: proxy.siblings: an item of the list is no single value"},
        Wrong{"proxy:\n  siblings:\n    - \"\"\n", "crossfade.yaml:7: proxy.siblings: is empty"},
        Wrong{"proxy:\n  state_dir: \"\"\n",
              "crossfade.yaml:6: proxy.state_dir: is empty; leave it out or give a path"},
        Wrong{"proxy:\n  listen: 127.0.0.1:14001\n",
              "crossfade.yaml:6: proxy.listen: listen and admin are the same address; give each its own port"},
        Wrong{"proxy:\n  request_timeout_ms: 100\n",
              "crossfade.yaml:6: proxy.request_timeout_ms: best_effort_wait_ms has to be shorter than "
              "request_timeout_ms"},
        Wrong{"migrate:\n  consistency: quorum\n",
              "crossfade.yaml:6: migrate.consistency: 'quorum' is not LOCAL_QUORUM, LOCAL_ONE, ONE, TWO, THREE, "
              "QUORUM, EACH_QUORUM or ALL"},
        Wrong{"migrate:\n  default_timestamp: 0\n",
              "crossfade.yaml:6: migrate.default_timestamp: '0' is out of range; it goes from 1 to 4102444800000000"},
        Wrong{"migrate:\n  row_markers: 1\n", "crossfade.yaml:6: migrate.row_markers: '1' is neither true nor false"},
        Wrong{"migrate:\n  writes_in_flight: 0\n",
              "crossfade.yaml:6: migrate.writes_in_flight: '0' is out of range; it goes from 1 to 20000"},
        Wrong{"migrate:\n  state_dir: [a]\n",
              "crossfade.yaml:6: migrate.state_dir: takes a single value (FOLDER), not a list"},
        Wrong{"log:\n  level: loud\n", "crossfade.yaml:6: log.level: 'loud' is not debug, info, warning or error"},
        Wrong{"log:\n  format: xml\n", "crossfade.yaml:6: log.format: 'xml' is not text or json"},
        Wrong{"---\nproxy:\n", "crossfade.yaml:6: a second document begins here; the file is one document"},
        Wrong{"proxy: {phase: 1\n", "crossfade.yaml:6: this is no YAML: end of map flow not found"},
        Wrong{"proxy:\n\tphase: 1\n", "crossfade.yaml:6: a tab indents this line; YAML takes spaces only"}));

// The same with a whole file of its own: about the clusters.
class WrongClusters : public ConfigurationTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongClusters, AreNamedWithTheirLine) {
    folder.write("secret", "s3cret\n");
    folder.write("blank", "\n");
    ::setenv("CROSSFADE_TEST_EMPTY", "", 1);
    ::unsetenv("CROSSFADE_TEST_UNSET");
    const std::string target = "target:\n  contact_points: [127.0.0.21]\n";
    EXPECT_THAT(load(GetParam().yaml + target), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, WrongClusters,
    testing::Values(
        Wrong{"",
              "crossfade.yaml: origin.contact_points: is missing; name at least one node of the origin (--origin "
              "HOST[:PORT]), or give origin.secure_connect_bundle"},
        Wrong{"origin:\n",
              "crossfade.yaml: origin.contact_points: is missing; name at least one node of the origin (--origin "
              "HOST[:PORT]), or give origin.secure_connect_bundle"},
        Wrong{"origin:\n  contact_points: []\n",
              "crossfade.yaml:2: origin.contact_points: is empty; name at least one node of the origin"},
        Wrong{"origin:\n  contact_points: 127.0.0.11\n",
              "crossfade.yaml:2: origin.contact_points: takes a list: write [127.0.0.11]"},
        Wrong{"origin:\n  contact_points:\n    - 127.0.0.11\n    - 127.0.0.12:x\n",
              "crossfade.yaml:4: origin.contact_points: '127.0.0.12:x' is no address: the port is a number from 0 to "
              "65535"},
        Wrong{"origin:\n  contact_points: [\"h:0\"]\n",
              "crossfade.yaml:2: origin.contact_points: 'h:0': the port goes from 1 to 65535"},
        Wrong{"origin:\n  contact_points: [h]\n  port: 0\n",
              "crossfade.yaml:3: origin.port: '0' is out of range; it goes from 1 to 65535"},
        Wrong{"origin:\n  contact_points: [h]\n  port: 65536\n",
              "crossfade.yaml:3: origin.port: '65536' is out of range; it goes from 1 to 65535"},
        Wrong{"origin:\n  contact_points: [h]\n  local_datacenter: \"\"\n",
              "crossfade.yaml:3: origin.local_datacenter: is empty; leave it out or give a value"},
        Wrong{"origin:\n  contact_points: [h]\n  bundle: x.zip\n",
              "crossfade.yaml:3: origin.bundle: unknown key; there are contact_points, local_datacenter, password_env, "
              "password_file, port, secure_connect_bundle, tls, username"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n",
              "crossfade.yaml:3: origin.username: has no password; give origin.password_file or origin.password_env"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password: hunter2\n",
              "crossfade.yaml:4: origin.password: a password is not taken from here, where others could read it; put "
              "it into a file and give "
              "origin.password_file, or into an environment variable and give origin.password_env"},
        Wrong{"origin:\n  contact_points: [h]\n  password_file: secret\n",
              "crossfade.yaml:3: origin.password_file: is a password without a user; give origin.username"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_file: nowhere\n",
              "crossfade.yaml:4: origin.password_file: 'nowhere': No such file or directory"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_file: blank\n",
              "crossfade.yaml:4: origin.password_file: the first line of 'blank' is empty; it has to be the password"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_file: .\n",
              "crossfade.yaml:4: origin.password_file: '.' is a folder, not a file"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_env: CROSSFADE_TEST_UNSET\n",
              "crossfade.yaml:4: origin.password_env: the environment variable CROSSFADE_TEST_UNSET is not set"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_env: CROSSFADE_TEST_EMPTY\n",
              "crossfade.yaml:4: origin.password_env: the environment variable CROSSFADE_TEST_EMPTY is empty"},
        Wrong{"origin:\n  contact_points: [h]\n  username: u\n  password_file: secret\n  password_env: HOME\n",
              "crossfade.yaml:5: origin.password_env: there is origin.password_file too; keep one of them"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: yes\n",
              "crossfade.yaml:3: origin.tls: is a section: its keys go below it, indented"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {ca: nowhere.pem}\n",
              "crossfade.yaml:3: origin.tls.ca: 'nowhere.pem': No such file or directory"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {verify_host: no}\n",
              "crossfade.yaml:3: origin.tls.verify_host: 'no' is neither true nor false"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {verify_host: \"false\"}\n",
              "crossfade.yaml:3: origin.tls.verify_host: 'false' is neither true nor false"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {cert: secret}\n",
              "crossfade.yaml:3: origin.tls.cert: a certificate needs its key; give origin.tls.key"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {key: secret}\n",
              "crossfade.yaml:3: origin.tls.key: a key needs its certificate; give origin.tls.cert"},
        Wrong{"origin:\n  contact_points: [h]\n  tls: {verify: true}\n",
              "crossfade.yaml:3: origin.tls.verify: unknown key; there are ca, cert, key, verify_host"}));

TEST_F(ConfigurationTest, AllProblemsAreListed) {
    EXPECT_THAT(
        load("origin:\n  port: x\n  password: p\nproxy:\n  phase: 9\n  colour: red\n"),
        ElementsAre(HasSubstr(":2: origin.port: "), HasSubstr(":3: origin.password: "), HasSubstr(":5: proxy.phase: "),
                    HasSubstr(":6: proxy.colour: "), HasSubstr("origin.contact_points: is missing"),
                    HasSubstr("target.contact_points: is missing")));
}

TEST_F(ConfigurationTest, APasswordNeverStandsInAMessage) {
    for (const std::string& problem : load("origin:\n  password: hunter2\n  username: u\n",
                                           {{"origin.password", "hunter2"}, {"target.password", "hunter2"}}))
        EXPECT_THAT(problem, testing::Not(HasSubstr("hunter2")));
}

TEST_F(ConfigurationTest, TlsThatCannotBeLoadedNamesTheFile) {
    folder.write("ca.pem", "no certificate\n");
    EXPECT_THAT(
        load("origin:\n  contact_points: [h]\n  tls:\n    ca: ca.pem\ntarget:\n  contact_points: [h]\n"),
        ElementsAre(HasSubstr("crossfade.yaml:3: origin.tls: ca.pem: no certificates to trust can be read from it")));
}

TEST_F(ConfigurationTest, AnEmptyTlsSectionTurnsTlsOn) {
    EXPECT_THAT(load("origin:\n  contact_points: [h]\n  tls: {}\ntarget:\n  contact_points: [h]\n"), IsEmpty());
    EXPECT_NE(configuration.origin.tls, nullptr);
    EXPECT_EQ(configuration.target.tls, nullptr);
}

TEST_F(ConfigurationTest, AFlagOfTlsTurnsItOn) {
    EXPECT_THAT(load(clusters, {{"target.tls.verify_host", "false"}}), IsEmpty());
    EXPECT_EQ(configuration.origin.tls, nullptr);
    EXPECT_NE(configuration.target.tls, nullptr);
}

TEST_F(ConfigurationTest, AFlagBeatsTheFile) {
    EXPECT_THAT(load(clusters + "proxy:\n  phase: 2\n  listen: 127.0.0.1:1111\n  admin: 127.0.0.1:2222\n",
                     {{"proxy.phase", "3"}, {"proxy.listen", "127.0.0.1:3333"}, {"origin.contact_points", "h:1"}}),
                IsEmpty());
    EXPECT_EQ(configuration.proxy.phase, 3);
    EXPECT_EQ(configuration.proxy.listen.port, 3333);
    EXPECT_EQ(configuration.proxy.admin.port, 2222);
    ASSERT_EQ(configuration.origin.contact_points.size(), 1U);
    EXPECT_EQ(net::to_text(configuration.origin.contact_points[0]), "h:1");
}

TEST_F(ConfigurationTest, AProblemNamesTheFlagThatGaveTheValue) {
    EXPECT_THAT(load_flags({{"origin.contact_points", "h,:1"}, {"target.contact_points", "h"}, {"proxy.phase", "7"}}),
                ElementsAre("--origin-contact-points: ':1' is no address: the host is missing",
                            "--phase: '7' is out of range; it goes from 1 to 5"));
}

TEST_F(ConfigurationTest, WithoutAFileAMissingClusterNamesItsFlag) {
    EXPECT_THAT(load_flags({{"target.contact_points", "h"}}),
                ElementsAre("--origin-contact-points: is missing; name at least one node of the origin (--origin "
                            "HOST[:PORT]), or give origin.secure_connect_bundle"));
}

TEST_F(ConfigurationTest, AWorldReadablePasswordFileIsWarnedOf) {
    const std::string secret = folder.write("secret", "s3cret\n");
    ::chmod(secret.c_str(), 0644);
    EXPECT_THAT(
        load(
            "origin:\n  contact_points: [h]\n  username: u\n  password_file: secret\ntarget:\n  contact_points: [h]\n"),
        IsEmpty());
    EXPECT_THAT(configuration.keys().warnings(),
                ElementsAre(HasSubstr("crossfade.yaml:4: origin.password_file: every user of this machine can read")));
}

TEST_F(ConfigurationTest, APasswordComesFromTheEnvironment) {
    ::setenv("CROSSFADE_TEST_PASSWORD", "from the environment", 1);
    EXPECT_THAT(load(clusters, {{"target.username", "u"}, {"target.password_env", "CROSSFADE_TEST_PASSWORD"}}),
                IsEmpty());
    EXPECT_EQ(configuration.target.credentials, (nodes::Credentials{"u", "from the environment"}));
}

TEST_F(ConfigurationTest, ACarriageReturnIsNoPartOfAPassword) {
    folder.write("secret", "s3cret\r\n");
    EXPECT_THAT(load(clusters, {{"origin.username", "u"}, {"origin.password_file", folder.path("secret")}}), IsEmpty());
    EXPECT_EQ(configuration.origin.credentials.password, "s3cret");
}

TEST_F(ConfigurationTest, RelativePathsStartAtTheFile) {
    folder.write("conf/secret", "s3cret\n");
    const std::string yaml = clusters + "proxy:\n  state_dir: state\nlog:\n";
    EXPECT_THAT(load("origin:\n  contact_points: [h]\n  username: u\n  password_file: secret\ntarget:\n  "
                     "contact_points: [h]\nproxy:\n  state_dir: state\n",
                     {}, "conf/crossfade.yaml"),
                IsEmpty());
    EXPECT_EQ(configuration.origin.credentials.password, "s3cret");
    EXPECT_EQ(configuration.proxy.state_dir, folder.path("conf/state"));
}

TEST_F(ConfigurationTest, WithoutAnythingToGoByTheStateFolderIsAskedFor) {
    ::unsetenv("XDG_STATE_HOME");
    const char* const home = std::getenv("HOME");
    const std::string kept = home == nullptr ? "" : home;
    ::setenv("HOME", "/home/someone", 1);
    EXPECT_THAT(load(clusters), IsEmpty());
    EXPECT_EQ(configuration.proxy.state_dir, "/home/someone/.local/state/crossfade");
    ::unsetenv("HOME");
    Configuration homeless;
    EXPECT_THAT(
        homeless.load("", {{"origin.contact_points", "h"}, {"target.contact_points", "h"}},
                      {"origin", "target", "proxy"}),
        ElementsAre("--state-dir: is needed, because neither XDG_STATE_HOME nor HOME says where state may live"));
    if (home != nullptr) ::setenv("HOME", kept.c_str(), 1);
}

TEST_F(ConfigurationTest, AFileThatCannotBeReadIsNamed) {
    EXPECT_THAT(configuration.load(folder.path("nowhere.yaml"), {}, {}),
                ElementsAre(folder.path("nowhere.yaml") + ": cannot be read: No such file or directory"));
    Configuration other;
    EXPECT_THAT(other.load(folder.path(""), {}, {}),
                ElementsAre(folder.path("") + ": is a folder, not a configuration file"));
    Configuration large;
    EXPECT_THAT(large.load(folder.write("large.yaml", std::string(2000000, '#')), {}, {}),
                ElementsAre(folder.path("large.yaml") + ": is larger than 1 MiB; that is no configuration"));
}

TEST_F(ConfigurationTest, AFileThatIsNoMapIsNamed) {
    EXPECT_THAT(
        load("just text\n", {{"origin.contact_points", "h"}, {"target.contact_points", "h"}}),
        ElementsAre("crossfade.yaml:1: a configuration is made of sections: origin, target, proxy, migrate, log"));
}

// A file of a user that reads itself, nests without end or is no text must end in a problem, not in a crash.
TEST_F(ConfigurationTest, HostileYamlIsAProblem) {
    EXPECT_FALSE(load("origin: &a\n  tls: *a\n").empty());
    EXPECT_FALSE(Configuration().load(folder.write("deep.yaml", std::string(100000, '[')), {}, {}).empty());
    EXPECT_FALSE(Configuration().load(folder.write("binary.yaml", std::string("\0\x01\xff: \xfe", 6)), {}, {}).empty());
}

struct Mode {
    const char* mode;
    int phase;
    bool is_allowed;
};
class WriteModeInPhase : public ConfigurationTest, public testing::WithParamInterface<Mode> {};

TEST_P(WriteModeInPhase, BestEffortIsOnlyForTheSideThatDoesNotAnswerReads) {
    const Mode& given = GetParam();
    const auto problems =
        load(clusters + "proxy:\n  phase: " + std::to_string(given.phase) + "\n  write_mode: " + given.mode + "\n");
    if (given.is_allowed)
        EXPECT_THAT(problems, IsEmpty());
    else
        EXPECT_THAT(problems, ElementsAre(HasSubstr(std::string("crossfade.yaml:7: proxy.write_mode: ") + given.mode +
                                                    " does not go with phase")));
}

INSTANTIATE_TEST_SUITE_P(All, WriteModeInPhase,
                         testing::Values(Mode{"strict", 1, true}, Mode{"strict", 5, true},
                                         Mode{"target_best_effort", 1, true}, Mode{"target_best_effort", 2, true},
                                         Mode{"target_best_effort", 3, true}, Mode{"target_best_effort", 4, false},
                                         Mode{"target_best_effort", 5, false}, Mode{"origin_best_effort", 1, false},
                                         Mode{"origin_best_effort", 2, false}, Mode{"origin_best_effort", 3, false},
                                         Mode{"origin_best_effort", 4, true}, Mode{"origin_best_effort", 5, true}));

TEST_F(ConfigurationTest, TheRefusalOfAWriteModeSaysWhatGoes) {
    EXPECT_THAT(load(clusters, {{"proxy.write_mode", "origin_best_effort"}}),
                ElementsAre("--write-mode: origin_best_effort does not go with phase 1, where the origin answers "
                            "reads: best effort is only for the other "
                            "side; use strict or target_best_effort"));
}

TEST(Keys, FlagsAreTheNamesWithDashes) {
    EXPECT_EQ(Keys::flag_of("proxy.state_dir"), "--state-dir");
    EXPECT_EQ(Keys::flag_of("migrate.state_dir"), "--state-dir");
    EXPECT_EQ(Keys::flag_of("origin.username"), "--origin-username");
    EXPECT_EQ(Keys::flag_of("target.tls.verify_host"), "--target-tls-verify-host");
    EXPECT_EQ(Keys::flag_of("log.level"), "--log-level");
}

}  // namespace
}  // namespace crossfade::cli

#include "cli/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/configuration_reference.hpp"
#include "cli/help_format.hpp"
#include "cli/test_folder.hpp"

namespace crossfade::cli {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What the last run of SampleCommand saw.
struct Seen {
    bool has_run = false;
    std::string word, limit, listen, origin;
    bool verify_host = true;
    std::vector<std::string> rewritten;
};
Seen seen;

// A command with everything that a command can have.
class SampleCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.add_option("WORD", word_, "any word")->required();
        app.add_option("--limit", limit_, "how many")->type_name("N")->capture_default_str();
        app.add_option("--list", list_, "which")->type_name("LIST")->expected(0, 1);
    }
    std::vector<std::string> rewrite(std::vector<std::string> words) const override {
        for (std::string& word : words)
            if (word == "--list") word = "--list=all";
        return words;
    }
    std::vector<std::string> check(const Configuration&) const override {
        if (word_ == "wrong") return {"'wrong' is wrong"};
        return {};
    }
    int run(const Configuration& configuration, std::ostream& out, std::ostream&) override {
        seen = {true,
                word_,
                limit_,
                net::to_text(configuration.proxy.listen),
                net::to_text(configuration.origin.contact_points[0]),
                configuration.origin.tls == nullptr,
                {list_}};
        out << "ran\n";
        return exit_differences;
    }

private:
    std::string word_, limit_ = "10", list_ = "none";
};

std::vector<CommandEntry> sample() {
    return {{"sample",
             "does something",
             {"origin", "target", "proxy", "log"},
             []() -> std::unique_ptr<Command> { return std::make_unique<SampleCommand>(); }},
            {"secret",
             "is hidden",
             {},
             []() -> std::unique_ptr<Command> { return std::make_unique<SampleCommand>(); },
             true}};
}

class ProgramTest : public testing::Test {
protected:
    void SetUp() override { seen = {}; }
    int run(const std::vector<std::string>& words, const std::vector<CommandEntry>& commands = sample()) {
        std::ostringstream out_stream, error_stream;
        const int exit = run_program(commands, words, out_stream, error_stream);
        out = out_stream.str();
        error = error_stream.str();
        return exit;
    }
    std::string out, error;
};

TEST_F(ProgramTest, HelpListsTheCommandsThatAreNotHidden) {
    EXPECT_EQ(run({"--help"}), exit_done);
    EXPECT_THAT(out, AllOf(HasSubstr("  sample  does something\n"), Not(HasSubstr("secret")), HasSubstr("--version"),
                           HasSubstr("75 interrupted")));
    EXPECT_EQ(error, "");
}

TEST_F(ProgramTest, VersionIsOneLine) {
    EXPECT_EQ(run({"--version"}), exit_done);
    EXPECT_THAT(out, testing::MatchesRegex("crossfade [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(ProgramTest, WhatIsNoCommandIsBadInputInOneSentence) {
    EXPECT_EQ(run({"samlpe"}), exit_bad_input);
    EXPECT_EQ(error, "crossfade: unknown command 'samlpe'; 'crossfade --help' lists them\n");
    EXPECT_EQ(run({}), exit_bad_input);
    EXPECT_EQ(error, "crossfade: name a command; 'crossfade --help' lists them\n");
    EXPECT_EQ(run({"--origin=x", "sample"}), exit_bad_input);
    EXPECT_EQ(error, "crossfade: unknown flag --origin; a command comes first, 'crossfade --help' lists them\n");
    EXPECT_EQ(out, "");
}

TEST_F(ProgramTest, WhatIsNoFlagIsBadInputInOneSentence) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"sample", "w", "--lsten", "127.0.0.1:1"},
                                                  {"sample", "--lsten=hunter2", "w"},
                                                  {"sample", "--lsten"}}) {
        EXPECT_EQ(run(words), exit_bad_input);
        EXPECT_EQ(error, "crossfade sample: unknown flag --lsten; 'crossfade sample --help' lists all\n");
        EXPECT_FALSE(seen.has_run);
    }
}

TEST_F(ProgramTest, ASpareWordIsBadInput) {
    EXPECT_EQ(run({"sample", "w", "spare"}), exit_bad_input);
    EXPECT_EQ(error, "crossfade sample: unexpected argument 'spare'; 'crossfade sample --help' shows what it takes\n");
}

TEST_F(ProgramTest, AMissingWordOrValueIsBadInput) {
    EXPECT_EQ(run({"sample"}), exit_bad_input);
    EXPECT_EQ(error, "crossfade sample: WORD is required; 'crossfade sample --help' shows what it takes\n");
    EXPECT_EQ(run({"sample", "w", "--listen"}), exit_bad_input);
    EXPECT_THAT(error, AllOf(StartsWith("crossfade sample: --listen"), HasSubstr("--help' shows what it takes\n")));
    EXPECT_EQ(run({"sample", "w", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"}), exit_bad_input);
    EXPECT_THAT(error, StartsWith("crossfade sample: --listen"));
    EXPECT_FALSE(seen.has_run);
}

TEST_F(ProgramTest, FlagsOfKeysReachTheConfiguration) {
    EXPECT_EQ(run({"sample", "--origin", "h:1,i:2", "w", "--target=j", "--listen", "127.0.0.1:7777", "--limit", "5"}),
              exit_differences);
    EXPECT_EQ(error, "");
    EXPECT_EQ(out, "ran\n");
    EXPECT_EQ(seen.word, "w");
    EXPECT_EQ(seen.limit, "5");
    EXPECT_EQ(seen.listen, "127.0.0.1:7777");
    EXPECT_EQ(seen.origin, "h:1");
}

TEST_F(ProgramTest, ABooleanFlagMayStandAlone) {
    EXPECT_EQ(run({"sample", "--origin", "h", "--target", "j", "--origin-tls-verify-host", "w"}), exit_differences);
    EXPECT_EQ(seen.word, "w");
    EXPECT_FALSE(seen.verify_host) << "TLS is on";
    EXPECT_EQ(run({"sample", "--origin", "h", "--target", "j", "--origin-tls-verify-host=maybe", "w"}), exit_bad_input);
    EXPECT_EQ(error, "--origin-tls-verify-host: 'maybe' is neither true nor false\n");
    EXPECT_EQ(run({"sample", "--origin", "h", "--target", "j", "--origin-tls-verify-host=false", "w"}),
              exit_differences);
}

TEST_F(ProgramTest, WordsMayBeRewritten) {
    EXPECT_EQ(run({"sample", "--origin", "h", "--target", "j", "--list", "w"}), exit_differences);
    EXPECT_THAT(seen.rewritten, ElementsAre("all"));
    EXPECT_EQ(seen.word, "w");
}

TEST_F(ProgramTest, AFlagBeatsTheFile) {
    const TestFolder folder;
    const std::string file = folder.write(
        "crossfade.yaml",
        "origin:\n  contact_points: [from-file]\ntarget:\n  contact_points: [t]\nproxy:\n  listen: 127.0.0.1:1\n");
    EXPECT_EQ(run({"sample", "--config", file, "w"}), exit_differences);
    EXPECT_EQ(seen.origin, "from-file:9042");
    EXPECT_EQ(seen.listen, "127.0.0.1:1");
    EXPECT_EQ(run({"sample", "w", "--origin", "from-flag", "--config", file}), exit_differences);
    EXPECT_EQ(seen.origin, "from-flag:9042");
    EXPECT_EQ(seen.listen, "127.0.0.1:1");
}

TEST_F(ProgramTest, EveryProblemIsALineAndNothingIsStarted) {
    const TestFolder folder;
    const std::string file =
        folder.write("crossfade.yaml", "origin:\n  contact_points: [h]\n  colour: red\ntarget:\n  port: x\n");
    EXPECT_EQ(run({"sample", "--config", file, "w", "--phase", "9"}), exit_bad_input);
    EXPECT_THAT(error, AllOf(HasSubstr(file + ":3: origin.colour: unknown key"),
                             HasSubstr(file + ":5: target.port: 'x' is no whole number\n"),
                             HasSubstr("--phase: '9' is out of range"),
                             HasSubstr(file + ": target.contact_points: is missing")));
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 4);
    EXPECT_FALSE(seen.has_run);
}

TEST_F(ProgramTest, APasswordAsAFlagIsRefusedWithoutRepeatingIt) {
    EXPECT_EQ(run({"sample", "w", "--origin", "h", "--target", "t", "--origin-password", "hunter2"}), exit_bad_input);
    EXPECT_THAT(error, AllOf(StartsWith("--origin-password: a password is not taken from here"),
                             HasSubstr("origin.password_file"), Not(HasSubstr("hunter2"))));
    EXPECT_FALSE(seen.has_run);
    EXPECT_EQ(run({"sample", "--help"}), exit_done);
    EXPECT_THAT(out, Not(ContainsRegex("--origin-password[ ,\n]")));
}

TEST_F(ProgramTest, ACommandsOwnCheckStopsItToo) {
    EXPECT_EQ(run({"sample", "wrong", "--origin", "h", "--target", "t"}), exit_bad_input);
    EXPECT_EQ(error, "'wrong' is wrong\n");
    EXPECT_FALSE(seen.has_run);
}

// Lines joined, blanks single: where a help text breaks does not matter.
std::string on_one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    for (std::size_t at = text.find("  "); at != std::string::npos; at = text.find("  ")) text.erase(at, 1);
    return text;
}

TEST_F(ProgramTest, HelpOfACommandShowsEveryFlagWithItsDefault) {
    EXPECT_EQ(run({"sample", "--help"}), exit_done);
    EXPECT_THAT(out, AllOf(HasSubstr("Usage: crossfade sample WORD [flags]"), HasSubstr("--config FILE\n"),
                           HasSubstr("--limit N\n        how many (default: 10)"), HasSubstr("any word (needed)"),
                           HasSubstr("--origin-tls-verify-host[=true|false]"), HasSubstr("--listen HOST:PORT")));
    const Configuration configuration;
    const std::string flat = on_one_line(out);
    for (const Key& key : configuration.keys().all()) {
        const bool is_its_own = !key.name.starts_with("migrate.");
        const std::string wanted = "(default: " + (key.default_text.empty() ? "none" : key.default_text) + ")";
        const std::size_t flag =
            flat.find(Keys::flag_of(key.name) + (key.shape == Key::Shape::boolean ? "[=" : " ") + key.value_name);
        if (!is_its_own) continue;
        ASSERT_NE(flag, std::string::npos) << key.name;
        const std::size_t next = flat.find(" --", flag + 1);
        EXPECT_THAT(flat.substr(flag, next - flag), AllOf(HasSubstr(key.help), HasSubstr(wanted)));
    }
}

// The program's own commands.

TEST_F(ProgramTest, EveryRealCommandHasHelp) {
    for (const CommandEntry& entry : commands()) {
        EXPECT_EQ(run({entry.name, "--help"}, commands()), exit_done);
        EXPECT_THAT(out, AllOf(HasSubstr(entry.summary), HasSubstr(std::string("Usage: crossfade ") + entry.name)));
        EXPECT_EQ(run({entry.name, "--no-such-flag"}, commands()), exit_bad_input);
        EXPECT_EQ(error, std::string("crossfade ") + entry.name + ": unknown flag --no-such-flag; 'crossfade " +
                             entry.name + " --help' lists all\n");
    }
}

TEST_F(ProgramTest, PhaseHelpShowsTheFlagsOfItsParts) {
    EXPECT_EQ(run({"phase", "--help"}, commands()), exit_done);
    EXPECT_THAT(out,
                AllOf(HasSubstr("Usage: crossfade phase show|set"), HasSubstr("Usage: crossfade phase set N [flags]"),
                      HasSubstr("--write-mode MODE"), HasSubstr("--partial\n"), HasSubstr("--timeout-ms MILLISECONDS"),
                      HasSubstr("(default: 30000)")));
    EXPECT_THAT(on_one_line(out), HasSubstr("(default: the one they have)"));
    EXPECT_EQ(run({"phase", "set", "--help"}, commands()), exit_done);
    EXPECT_THAT(out, AllOf(HasSubstr("Usage: crossfade phase set N [flags]"), Not(HasSubstr("phase show"))));
}

TEST_F(ProgramTest, PhaseSetNamesBadArguments) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"phase"}, "crossfade phase: A subcommand is required; 'crossfade phase --help' shows what it takes\n"},
        {{"phase", "sit"},
         "crossfade phase: unexpected argument 'sit'; 'crossfade phase --help' shows what it takes\n"},
        {{"phase", "set", "--proxy", "h"},
         "crossfade phase: N is required; 'crossfade phase --help' shows what it takes\n"},
        {{"phase", "set", "4"}, "crossfade phase: --proxy is required; 'crossfade phase --help' shows what it takes\n"},
        {{"phase", "set", "6", "--proxy", "h"}, "crossfade phase set: '6' is no phase; it goes from 1 to 5\n"},
        {{"phase", "set", "x", "--proxy", "h"}, "crossfade phase set: 'x' is no phase; it goes from 1 to 5\n"},
        {{"phase", "set", "--proxy", "https://h", "g", "4"},
         "--proxy: 'https://h' is no address of a proxy's admin API; write http://HOST:PORT\n"},
        {{"phase", "set", "4", "--proxy", "h", "--write-mode", "lax"},
         "--write-mode: 'lax' is not strict, target_best_effort or origin_best_effort\n"},
        {{"phase", "set", "4", "--proxy", "h", "--write-mode", "target_best_effort"},
         "--write-mode: target_best_effort does not go with phase 4, where the target answers reads: best effort is "
         "only for the other side; use strict or "
         "origin_best_effort\n"},
        {{"phase", "show", "--proxy", "h", "--timeout-ms", "soon"},
         "--timeout-ms: 'soon' is no whole number from 1 to 3600000\n"},
        {{"journal", "list", "--proxy", "h", "--limit", "0"}, "--limit: '0' is no whole number from 1 to 100000000\n"},
        {{"journal", "summary", "--proxy", "h", "--limit", "1"},
         "crossfade journal: unknown flag --limit; 'crossfade journal --help' lists all\n"},
    };
    for (const auto& [words, sentence] : cases) {
        EXPECT_EQ(run(words, commands()), exit_bad_input);
        EXPECT_EQ(error, sentence);
    }
}

TEST_F(ProgramTest, AProxyThatDoesNotAnswerIsNamedAndPartial) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"phase", "show"},
                                                  {"phase", "set", "2"},
                                                  {"journal", "list"},
                                                  {"journal", "summary"},
                                                  {"journal", "repair"}}) {
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--proxy", "http://127.0.0.1:1"});
        EXPECT_EQ(run(all, commands()), exit_partial);
        EXPECT_THAT(error, HasSubstr("http://127.0.0.1:1: "));
    }
}

TEST(HelpFormat, WrapsAtTheWidthWithItsIndent) {
    EXPECT_EQ(wrapped("aa bb cc dd", 2, 7), "aa bb\n  cc dd");
}

}  // namespace
}  // namespace crossfade::cli

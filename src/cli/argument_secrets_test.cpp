#include "cli/argument_secrets.hpp"

#include <gtest/gtest.h>

namespace crossfade::cli {
namespace {

std::string hidden(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    hide_secrets(static_cast<int>(arguments.size()), arguments.data());
    std::string line;
    for (const char* argument : arguments) line += (line.empty() ? "" : " ") + std::string(argument);
    return line;
}

TEST(ArgumentSecrets, AreOverwrittenHoweverTheyAreGiven) {
    EXPECT_EQ(hidden({"crossfade", "connect", "--password", "hush", "-u", "token"}),
              "crossfade connect --password **** -u token");
    EXPECT_EQ(hidden({"crossfade", "connect", "--password=hush"}), "crossfade connect --password*****");
    EXPECT_EQ(hidden({"crossfade", "connect", "-p", "hush", "-t", "AstraCS:x"}),
              "crossfade connect -p **** -t *********");
    EXPECT_EQ(hidden({"crossfade", "connect", "-phush", "-p=hush"}), "crossfade connect -p**** -p*****");
}

TEST(ArgumentSecrets, NothingElseIsTouched) {
    EXPECT_EQ(hidden({"crossfade", "connect", "--password-file", "hush", "--port", "9042"}),
              "crossfade connect --password-file hush --port 9042");
    EXPECT_EQ(hidden({"crossfade", "proxy", "--password", "hush"}), "crossfade proxy --password hush");
    EXPECT_EQ(hidden({"crossfade", "connect", "--password"}), "crossfade connect --password");
    EXPECT_EQ(hidden({"crossfade"}), "crossfade");
}

}  // namespace
}  // namespace crossfade::cli

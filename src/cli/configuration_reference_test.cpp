#include "cli/configuration_reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cli/configuration.hpp"

namespace crossfade::cli {
namespace {

std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(std::string(PROJECT_FOLDER) + "/" + path).rdbuf();
    return text.str();
}

TEST(ConfigurationReference, TheDocumentationIsUpToDate) {
    const std::string page = text_of("docs/configuration.md");
    const std::size_t marker = page.find(reference_begins);
    ASSERT_NE(marker, std::string::npos);
    const Configuration configuration;
    EXPECT_EQ(page.substr(marker),
              std::string(reference_begins) + "\n\n" + configuration_reference(configuration.keys()))
        << "run: crossfade configuration-reference --into docs/configuration.md";
}

TEST(ConfigurationReference, HasARowForEveryKey) {
    const Configuration configuration;
    const std::string reference = configuration_reference(configuration.keys());
    for (const Key& key : configuration.keys().all()) {
        const std::string short_name = key.name.substr(key.name.find('.') + 1);
        EXPECT_THAT(reference, testing::HasSubstr("| `" + short_name + "` | `"));
        EXPECT_THAT(reference, testing::HasSubstr("`" + Keys::flag_of(key.name) + "` |"));
        EXPECT_FALSE(key.help.empty()) << key.name;
        EXPECT_NE(key.help.back(), '.') << key.name;
    }
}

TEST(ConfigurationReference, TheExampleIsRight) {
    Configuration configuration;
    EXPECT_THAT(configuration.load(std::string(PROJECT_FOLDER) + "/deploy/crossfade.yaml", {},
                                   {"origin", "target", "proxy", "log"}),
                testing::IsEmpty());
    EXPECT_EQ(configuration.proxy.listen.port, 9042);
    EXPECT_EQ(configuration.origin.contact_points.size(), 2U);
}

// What the example only shows as a comment is right too.
TEST(ConfigurationReference, TheExamplesCommentsAreKeys) {
    const Configuration configuration;
    std::istringstream lines(text_of("deploy/crossfade.yaml"));
    std::string line, section;
    int found = 0;
    while (std::getline(lines, line)) {
        if (!line.empty() && std::isalpha(static_cast<unsigned char>(line[0])) != 0)
            section = line.substr(0, line.find(':'));
        if (!line.starts_with("  # ")) continue;
        const std::string name = section + "." + line.substr(4, line.find(':') - 4);
        const auto& keys = configuration.keys().all();
        EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), [&](const Key& key) {
            return key.name == name || key.name.starts_with(name + ".");
        })) << name;
        ++found;
    }
    EXPECT_GE(found, 5);
}

}  // namespace
}  // namespace crossfade::cli

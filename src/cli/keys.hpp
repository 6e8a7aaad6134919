// The one description of every configuration key: its name, type, default and help. Reading crossfade.yaml, the flags,
// the help texts and docs/configuration.md are all made from it (SEMANTICS, Configuration).
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/stream.hpp"

namespace crossfade::cli {

// What somebody wrote for a key.
struct Given {
    std::vector<std::string> items;        // one, or for a list any number
    bool is_quoted = false;                // quoted text in the file: no number and no yes or no
    std::filesystem::path folder;          // what relative paths start from: the file's folder; empty for flags
    std::vector<std::string> item_places;  // of a list in a file: "crossfade.yaml:5: origin.contact_points"
};
// What is wrong with it, as the end of a sentence that begins with the key; nothing when it is right.
using Complaint = std::optional<std::string>;

// One key. The last two are for whoever registers it: keys.number("proxy.threads", …).shown_default("one for each
// core").
struct Key {
    enum class Shape : std::uint8_t { scalar, list, boolean };

    std::string name;  // as in the file, with dots: "origin.tls.verify_host"
    Shape shape = Shape::scalar;
    std::string value_name;    // for help: "HOST:PORT"
    std::string default_text;  // for help; what the value is when nobody gives one
    std::string help;
    std::function<Complaint(const std::string&)> check_item;  // lists: one item
    std::function<Complaint(const Given&)> set;
    bool has_bare_flag = false;

    // Says the default in words where the value itself does not tell ("one for each core").
    Key& shown_default(std::string text) {
        default_text = std::move(text);
        return *this;
    }
    // The section's name alone is a flag for it too: `--origin` for origin.contact_points.
    Key& bare_flag() {
        has_bare_flag = true;
        return *this;
    }
};

// All keys, each bound to the variable that takes its value; the variable's value at registration is the default.
// Register everything first, then read_file(), then apply_flag() (a flag beats the file), then ask. One thread. The
// variables outlive it and do not move.
class Keys {
public:
    Keys() = default;
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;

    // Names are "section.key" or "section.part.key". `help` is one line without a full stop, beginning in lower case.
    Key& text(std::string name, std::string& value, std::string value_name, std::string help);
    // A path; relative ones in the file start at the file's folder. file: must be a readable file; folder: need not
    // exist.
    Key& file(std::string name, std::string& value, std::string help);
    Key& folder(std::string name, std::string& value, std::string help);
    Key& boolean(std::string name, bool& value, std::string help);
    template <std::integral T>
    Key& number(std::string name, T& value, T least, T most, std::string help) {
        return whole_number(std::move(name), static_cast<std::int64_t>(value), static_cast<std::int64_t>(least),
                            static_cast<std::int64_t>(most), "", std::move(help),
                            [&value](std::int64_t n) { value = static_cast<T>(n); });
    }
    Key& milliseconds(std::string name, std::chrono::milliseconds& value, std::chrono::milliseconds least,
                      std::chrono::milliseconds most, std::string help);
    // One of some words. The default is the word of the value that `value` has; none of them: give shown_default().
    template <class Value>
    Key& choice(std::string name, Value& value, std::vector<std::pair<std::string, Value>> words, std::string help) {
        std::vector<std::string> names;
        std::string default_word;
        for (const auto& [word, meaning] : words) {
            names.push_back(word);
            if (meaning == value) default_word = word;
        }
        return one_of(std::move(name), std::move(names), std::move(default_word), std::move(help),
                      [&value, words = std::move(words)](std::size_t index) { value = words[index].second; });
    }
    // "host", "host:port", "[::1]:port".
    Key& address(std::string name, net::Address& value, std::uint16_t default_port, std::string help);
    // A YAML list; as a flag, items with commas between. `check_item` may be empty.
    Key& list(std::string name, std::vector<std::string>& value, std::string value_name,
              std::function<Complaint(const std::string&)> check_item, std::string help);
    // A key that people may try and that is not taken: `why` says what to use.
    void refuse(std::string name, std::string why);
    // For a kind of value of one's own.
    Key& add(Key key);

    // Reads the file. All that is wrong goes to problems(). False: it could not be read at all, so nothing is known of
    // any key.
    bool read_file(const std::string& path);
    // A flag's value, for the key of that name (not the flag's).
    void apply_flag(std::string_view name, const std::string& text);

    // Whether the file or a flag gave the key (or, for the name of a section, said the section at all).
    bool is_given(const std::string& name) const { return places_.contains(name); }
    // Whether what was given for it is a problem already; then its variable has the default.
    bool is_wrong(const std::string& name) const { return wrong_.contains(name); }
    // Adds a problem with a key, found after reading: "crossfade.yaml:7: proxy.phase: <what>", or with the flag where
    // that gave it.
    void problem(const std::string& name, const std::string& what);
    // Like problem(), but the program goes on.
    void warning(const std::string& name, const std::string& what);

    const std::vector<std::string>& problems() const { return problems_; }
    const std::vector<std::string>& warnings() const { return warnings_; }
    const std::deque<Key>& all() const { return keys_; }
    const std::map<std::string, std::string>& refused() const { return refused_; }

    // "proxy.state_dir" → "--state-dir", "origin.tls.ca" → "--origin-tls-ca".
    static std::string flag_of(std::string_view name);

private:
    friend class FileReader;
    void set(const Key& key, const Given& given, const std::string& place);
    void complain(const std::string& name, const std::string& place, const std::string& what);
    void place_with_sections(const std::string& name, const std::string& place);
    Key& whole_number(std::string name, std::int64_t value, std::int64_t least, std::int64_t most,
                      std::string value_name, std::string help, std::function<void(std::int64_t)> set);
    Key& one_of(std::string name, std::vector<std::string> words, std::string default_word, std::string help,
                std::function<void(std::size_t)> set);
    Key& path(std::string name, std::string& value, bool must_be_a_file, std::string help);
    const Key* find(std::string_view name) const;
    bool is_section(std::string_view name) const;
    std::string at(const std::string& name) const;

    std::deque<Key> keys_;
    std::map<std::string, std::string> refused_;
    std::map<std::string, std::string> places_;  // key or section → "crossfade.yaml:7: proxy.phase" or "--phase"
    std::set<std::string> wrong_;
    std::string file_;  // as the user gave it; empty without one
    std::vector<std::string> problems_, warnings_;
};

}  // namespace crossfade::cli

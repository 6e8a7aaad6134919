#include "cli/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace crossfade::cli {
namespace {

// Long or unprintable input is shown shortened: a message is one sentence on one line.
std::string shown(std::string_view text) {
    std::string clean;
    for (const char c : text.substr(0, 60)) clean += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    return "'" + clean + (text.size() > 60 ? "…'" : "'");
}

std::string joined(const std::vector<std::string>& words, std::string_view last_separator) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? last_separator : ", ";
        text += words[i];
    }
    return text;
}

Complaint unreadable(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) return shown(path) + ": " + error.message();
    if (std::filesystem::is_directory(status)) return shown(path) + " is a folder, not a file";
    if (!std::ifstream(path)) return shown(path) + " cannot be opened; check its permissions";
    return std::nullopt;
}

}  // namespace

Key& Keys::add(Key key) {
    keys_.push_back(std::move(key));
    return keys_.back();
}

Key& Keys::text(std::string name, std::string& value, std::string value_name, std::string help) {
    Key key;
    key.name = std::move(name);
    key.value_name = std::move(value_name);
    key.default_text = value;
    key.help = std::move(help);
    key.set = [&value](const Given& given) -> Complaint {
        if (given.items[0].empty()) return "is empty; leave it out or give a value";
        value = given.items[0];
        return std::nullopt;
    };
    return add(std::move(key));
}

Key& Keys::path(std::string name, std::string& value, bool must_be_a_file, std::string help) {
    Key& key = text(std::move(name), value, must_be_a_file ? "FILE" : "FOLDER", std::move(help));
    key.set = [&value, must_be_a_file](const Given& given) -> Complaint {
        if (given.items[0].empty()) return "is empty; leave it out or give a path";
        std::string resolved = (given.folder / given.items[0]).string();
        if (must_be_a_file)
            if (auto complaint = unreadable(resolved)) return complaint;
        value = std::move(resolved);
        return std::nullopt;
    };
    return key;
}

Key& Keys::file(std::string name, std::string& value, std::string help) {
    return path(std::move(name), value, true, std::move(help));
}

Key& Keys::folder(std::string name, std::string& value, std::string help) {
    return path(std::move(name), value, false, std::move(help));
}

Key& Keys::boolean(std::string name, bool& value, std::string help) {
    Key key;
    key.name = std::move(name);
    key.shape = Key::Shape::boolean;
    key.value_name = "true|false";
    key.default_text = value ? "true" : "false";
    key.help = std::move(help);
    key.set = [&value](const Given& given) -> Complaint {
        const std::string& text = given.items[0];
        if (given.is_quoted || (text != "true" && text != "false")) return shown(text) + " is neither true nor false";
        value = text == "true";
        return std::nullopt;
    };
    return add(std::move(key));
}

Key& Keys::whole_number(std::string name, std::int64_t value, std::int64_t least, std::int64_t most,
                        std::string value_name, std::string help, std::function<void(std::int64_t)> set) {
    Key key;
    key.name = std::move(name);
    key.value_name = value_name.empty() ? fmt::format("{}..{}", least, most) : std::move(value_name);
    key.default_text = std::to_string(value);
    key.help = std::move(help);
    key.set = [least, most, set = std::move(set)](const Given& given) -> Complaint {
        const std::string& text = given.items[0];
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (given.is_quoted || error == std::errc::invalid_argument || end != text.data() + text.size())
            return fmt::format("{} is no whole number", shown(text));
        if (error != std::errc() || number < least || number > most)
            return fmt::format("{} is out of range; it goes from {} to {}", shown(text), least, most);
        set(number);
        return std::nullopt;
    };
    return add(std::move(key));
}

Key& Keys::milliseconds(std::string name, std::chrono::milliseconds& value, std::chrono::milliseconds least,
                        std::chrono::milliseconds most, std::string help) {
    return whole_number(std::move(name), value.count(), least.count(), most.count(), "MILLISECONDS", std::move(help),
                        [&value](std::int64_t n) { value = std::chrono::milliseconds(n); });
}

Key& Keys::one_of(std::string name, std::vector<std::string> words, std::string default_word, std::string help,
                  std::function<void(std::size_t)> set) {
    Key key;
    key.name = std::move(name);
    for (const std::string& word : words) key.value_name += (key.value_name.empty() ? "" : "|") + word;
    key.default_text = std::move(default_word);
    key.help = std::move(help);
    key.set = [words = std::move(words), set = std::move(set)](const Given& given) -> Complaint {
        const auto found = std::find(words.begin(), words.end(), given.items[0]);
        if (found == words.end()) return fmt::format("{} is not {}", shown(given.items[0]), joined(words, " or "));
        set(static_cast<std::size_t>(found - words.begin()));
        return std::nullopt;
    };
    return add(std::move(key));
}

Key& Keys::address(std::string name, net::Address& value, std::uint16_t default_port, std::string help) {
    Key key;
    key.name = std::move(name);
    key.value_name = "HOST:PORT";
    key.default_text = net::to_text(value);
    key.help = std::move(help);
    key.set = [&value, default_port](const Given& given) -> Complaint {
        auto parsed = net::parse_address(given.items[0], default_port);
        if (!parsed) return parsed.error().message;
        value = *parsed;
        return std::nullopt;
    };
    return add(std::move(key));
}

Key& Keys::list(std::string name, std::vector<std::string>& value, std::string value_name,
                std::function<Complaint(const std::string&)> check_item, std::string help) {
    Key key;
    key.name = std::move(name);
    key.shape = Key::Shape::list;
    key.value_name = std::move(value_name);
    key.default_text = joined(value, ",");
    key.help = std::move(help);
    key.check_item = std::move(check_item);
    key.set = [&value](const Given& given) -> Complaint {
        value = given.items;
        return std::nullopt;
    };
    return add(std::move(key));
}

void Keys::refuse(std::string name, std::string why) {
    refused_[std::move(name)] = std::move(why);
}

std::string Keys::flag_of(std::string_view name) {
    for (const std::string_view dropped : {"proxy.", "migrate."})
        if (name.starts_with(dropped)) name.remove_prefix(dropped.size());
    std::string flag = "--" + std::string(name);
    std::replace(flag.begin(), flag.end(), '.', '-');
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

const Key* Keys::find(std::string_view name) const {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name == name; });
    return found == keys_.end() ? nullptr : &*found;
}

bool Keys::is_section(std::string_view name) const {
    const std::string prefix = std::string(name) + ".";
    return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name.starts_with(prefix); });
}

void Keys::set(const Key& key, const Given& given, const std::string& place) {
    place_with_sections(key.name, place);
    bool is_right = true;
    if (key.shape == Key::Shape::list) {
        for (std::size_t i = 0; i < given.items.size(); ++i) {
            Complaint complaint;
            if (given.items[i].empty())
                complaint = "is empty";
            else if (key.check_item)
                complaint = key.check_item(given.items[i]);
            if (!complaint) continue;
            is_right = false;
            const std::string item_place = i < given.item_places.size() ? given.item_places[i] : place;
            complain(key.name, item_place, *complaint);
        }
    }
    if (!is_right) return;
    if (const Complaint complaint = key.set(given)) complain(key.name, place, *complaint);
}

void Keys::complain(const std::string& name, const std::string& place, const std::string& what) {
    wrong_.insert(name);
    problems_.push_back(place + ": " + what);
}

void Keys::place_with_sections(const std::string& name, const std::string& place) {
    places_[name] = place;
    for (std::size_t dot = name.rfind('.'); dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1))
        places_.try_emplace(name.substr(0, dot), place);
}

void Keys::apply_flag(std::string_view name, const std::string& text) {
    const Key* const key = find(name);
    const std::string flag = flag_of(name);
    if (key == nullptr) {
        const auto refused = refused_.find(std::string(name));
        place_with_sections(std::string(name), flag);
        return complain(std::string(name), flag, refused == refused_.end() ? "unknown flag" : refused->second);
    }
    Given given;
    if (key->shape == Key::Shape::list) {
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t comma = std::min(text.find(',', begin), text.size());
            given.items.push_back(text.substr(begin, comma - begin));
            begin = comma + 1;
        }
    } else {
        given.items.push_back(text);
    }
    set(*key, given, flag);
}

std::string Keys::at(const std::string& name) const {
    if (const auto place = places_.find(name); place != places_.end()) return place->second;
    return file_.empty() ? flag_of(name) : file_ + ": " + name;
}

void Keys::problem(const std::string& name, const std::string& what) {
    complain(name, at(name), what);
}

void Keys::warning(const std::string& name, const std::string& what) {
    warnings_.push_back(at(name) + ": " + what);
}

}  // namespace crossfade::cli

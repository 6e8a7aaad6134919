#include "cli/file_reader.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

namespace crossfade::cli {
namespace {

// A configuration is a few kilobytes; whatever is larger is some other file.
constexpr std::size_t largest_file = 1024U * 1024U;

// How many single letters to insert, drop or change to make `from` into `to`.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row[to.size()];
}

// The first line with a tab before its first letter; 0 if there is none.
int line_indented_by_tab(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number)
        if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string::npos) return number;
    return 0;
}

bool is_quoted(const YAML::Node& scalar) {
    return scalar.Tag() != "?" && !scalar.Tag().empty();
}

}  // namespace

std::string FileReader::place_of(const YAML::Node& node, const std::string& name) const {
    const std::string place = fmt::format("{}:{}", path_, node.Mark().line + 1);
    return name.empty() ? place : place + ": " + name;
}

bool FileReader::read(const std::string& text) {
    try {
        const std::vector<YAML::Node> documents = YAML::LoadAll(text);
        if (documents.empty() || documents[0].IsNull()) return true;
        if (documents.size() > 1)
            problem("", place_of(documents[1], ""), "a second document begins here; the file is one document");
        if (documents[0].IsMap()) {
            read_section(documents[0], "");
            return true;
        }
        problem("", place_of(documents[0], ""),
                "a configuration is made of sections: origin, target, proxy, migrate, log");
    } catch (const YAML::Exception& error) {
        // What YAML says of a tab is a riddle.
        const int line = line_indented_by_tab(text);
        if (line > 0)
            problem("", fmt::format("{}:{}", path_, line), "a tab indents this line; YAML takes spaces only");
        else
            problem("", fmt::format("{}:{}", path_, error.mark.line + 1), "this is no YAML: " + error.msg);
    }
    return false;
}

void FileReader::read_section(const YAML::Node& section, const std::string& name) {
    std::set<std::string> seen;
    for (const auto& entry : section) {
        if (!entry.first.IsScalar()) {
            problem(name, place_of(entry.first, name), "a key is a single word");
            continue;
        }
        const std::string full_name = name.empty() ? entry.first.Scalar() : name + "." + entry.first.Scalar();
        const std::string place = place_of(entry.first, full_name);
        if (!seen.insert(full_name).second) {
            problem(full_name, place, "is given a second time; keep one");
            continue;
        }
        read_entry(entry.second, full_name, place);
    }
}

void FileReader::read_entry(const YAML::Node& value, const std::string& name, const std::string& place) {
    if (const auto refused = keys_.refused_.find(name); refused != keys_.refused_.end()) {
        keys_.place_with_sections(name, place);
        return problem(name, place, refused->second);
    }
    if (keys_.is_section(name)) {
        keys_.places_[name] = place;
        if (value.IsMap()) return read_section(value, name);
        if (!value.IsNull()) problem(name, place, "is a section: its keys go below it, indented");
        return;
    }
    const Key* const key = keys_.find(name);
    if (key == nullptr) return unknown(name, place);
    keys_.place_with_sections(name, place);
    if (value.IsNull()) return problem(name, place, "has no value; give one or remove the line");
    if (key->shape == Key::Shape::list) return read_list(*key, value, place);
    if (!value.IsScalar())
        return problem(
            name, place,
            fmt::format("takes a single value ({}), not a {}", key->value_name, value.IsMap() ? "section" : "list"));
    Given given;
    given.items.push_back(value.Scalar());
    given.is_quoted = is_quoted(value);
    given.folder = std::filesystem::path(path_).parent_path();
    keys_.set(*key, given, place);
}

void FileReader::read_list(const Key& key, const YAML::Node& value, const std::string& place) {
    if (!value.IsSequence()) {
        const std::string example = value.IsScalar() ? "[" + value.Scalar().substr(0, 60) + "]" : "[first, second]";
        return problem(key.name, place, "takes a list: write " + example);
    }
    Given given;
    for (const auto& item : value) {
        const std::string item_place = place_of(item, key.name);
        if (!item.IsScalar()) return problem(key.name, item_place, "an item of the list is no single value");
        given.items.push_back(item.Scalar());
        given.item_places.push_back(item_place);
    }
    keys_.set(key, given, place);
}

void FileReader::unknown(const std::string& name, const std::string& place) {
    const std::string parent = name.substr(0, name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
    std::set<std::string> siblings;
    for (const Key& key : keys_.keys_)
        if (key.name.starts_with(parent)) siblings.insert(key.name.substr(0, key.name.find('.', parent.size())));
    std::string nearest;
    std::size_t least = 3;
    for (const std::string& sibling : siblings) {
        const std::size_t distance = edit_distance(name, sibling);
        if (distance < least) {
            least = distance;
            nearest = sibling;
        }
    }
    if (!nearest.empty())
        return problem(name, place,
                       fmt::format("unknown {}; is it meant to be {}?", parent.empty() ? "section" : "key", nearest));
    std::string words;
    for (const std::string& sibling : siblings) words += (words.empty() ? "" : ", ") + sibling.substr(parent.size());
    problem(name, place, fmt::format("unknown {}; there are {}", parent.empty() ? "section" : "key", words));
}

bool Keys::read_file(const std::string& path) {
    file_ = path;
    std::error_code folder_error;
    if (std::filesystem::is_directory(path, folder_error)) {
        problems_.push_back(path + ": is a folder, not a configuration file");
        return false;
    }
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::string text(largest_file + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (!stream.eof() && (stream.bad() || !stream.is_open())) {
        problems_.push_back(path + ": cannot be read: " + std::strerror(errno));
        return false;
    }
    if (text.size() > largest_file) {
        problems_.push_back(path + ": is larger than 1 MiB; that is no configuration");
        return false;
    }
    return FileReader(*this, path).read(text);
}

}  // namespace crossfade::cli

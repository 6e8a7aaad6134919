// Writes the seeds of the value and type targets, from the examples of the codec's tests.
// Usage: make_value_corpus DIRECTORY   (tests/fuzz/corpus). Run it again when the examples change.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include "cql/codec_examples.hpp"

using namespace crossfade;
using namespace crossfade::cql;

namespace {

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    if (!file) {
        std::cerr << "cannot write " << path << "\n";
        std::exit(1);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_value_corpus DIRECTORY\n";
        return 1;
    }
    const std::filesystem::path root = arguments[1];
    std::set<std::string> types;
    std::size_t number = 0;
    for (const CodecExample& example : codec_examples()) {
        ++number;
        const TypePtr type = type_from_text(example.type);
        Bytes description;
        Writer out(description);
        write_type(out, *type);
        const std::string wire(base::text_of(description));
        const std::string value(base::text_of(bytes_from_hex(example.hex)));
        write(root / "value" / ("example_" + std::to_string(number)), wire + value);
        if (!types.insert(example.type).second || type->parameters.empty()) continue;
        const std::string suffix = std::to_string(types.size());
        write(root / "type" / ("wire_" + suffix), std::string("\0\2", 2) + wire);
        write(root / "type" / ("class_" + suffix), std::string("\1\2", 2) + to_class_name(*type));
        write(root / "type" / ("text_" + suffix), std::string("\2\2", 2) + example.type);
    }
    return 0;
}

#include "cli/answer_reader.hpp"

namespace crossfade::cli {

void AnswerObject::complain(const char* name, const char* type) const {
    if (*problem_) return;
    *problem_ = base::Error(base::ErrorKind::protocol,
                            where_ + ": its answer has no " + type + " '" + name +
                                "'; is this the admin address of a crossfade proxy, of the same version?");
}

bool AnswerObject::has(const char* name) const {
    simdjson::dom::element value;
    return element_[name].get(value) == simdjson::SUCCESS && !value.is_null();
}

std::int64_t AnswerObject::number(const char* name) const {
    std::int64_t value = 0;
    if (element_[name].get(value) != simdjson::SUCCESS) complain(name, "whole number");
    return value;
}

std::uint64_t AnswerObject::count(const char* name) const {
    std::uint64_t value = 0;
    if (element_[name].get(value) != simdjson::SUCCESS) complain(name, "count");
    return value;
}

std::string AnswerObject::text(const char* name) const {
    std::string_view value;
    if (element_[name].get(value) != simdjson::SUCCESS) complain(name, "text");
    return std::string(value);
}

bool AnswerObject::boolean(const char* name) const {
    bool value = false;
    if (element_[name].get(value) != simdjson::SUCCESS) complain(name, "true or false");
    return value;
}

std::vector<std::string> AnswerObject::texts(const char* name) const {
    std::vector<std::string> texts;
    simdjson::dom::array items;
    if (element_[name].get(items) != simdjson::SUCCESS) {
        complain(name, "list");
        return texts;
    }
    for (const simdjson::dom::element item : items) {
        std::string_view text;
        if (item.get(text) != simdjson::SUCCESS) complain(name, "list of texts");
        texts.emplace_back(text);
    }
    return texts;
}

AnswerReader::AnswerReader(std::string where, std::string_view body) {
    simdjson::dom::element element;
    const auto outcome = parser_.parse(body.data(), body.size()).get(element);
    if (outcome != simdjson::SUCCESS || !element.is_object()) {
        problem_ =
            base::Error(base::ErrorKind::protocol,
                        where + ": its answer is no JSON object; is this the admin address of a crossfade proxy?");
        // Never fails: it stands in, so that reading fields goes on to the error that is there already.
        if (parser_.parse(std::string_view("{}")).get(element) != simdjson::SUCCESS) element = {};
    }
    root_.emplace(std::move(where), problem_, element);
}

}  // namespace crossfade::cli

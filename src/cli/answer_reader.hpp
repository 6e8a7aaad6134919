// Reads one JSON answer of an admin API. What is missing or of another type is remembered, once, as an error that names
// the URL.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crossfade::cli {

// A JSON object inside an answer. Fields that are missing or of another type read as 0, "" or false and leave an error
// in the reader.
class AnswerObject {
public:
    AnswerObject(std::string where, std::optional<base::Error>& problem, simdjson::dom::element element)
        : where_(std::move(where)), problem_(&problem), element_(element) {}

    bool has(const char* name) const;  // is there, and not null
    std::int64_t number(const char* name) const;
    std::uint64_t count(const char* name) const;  // a number that is not negative
    std::string text(const char* name) const;
    bool boolean(const char* name) const;
    std::vector<std::string> texts(const char* name) const;  // a list of them
    // Calls `each(AnswerObject)` for the objects of a list.
    template <class Each>
    void list(const char* name, Each each) const {
        simdjson::dom::array items;
        if (element_[name].get(items) != simdjson::SUCCESS) return complain(name, "list");
        for (const simdjson::dom::element item : items) each(AnswerObject(where_, *problem_, item));
    }
    // Calls `use(AnswerObject)` for an object.
    template <class Use>
    void object(const char* name, Use use) const {
        simdjson::dom::element value;
        if (element_[name].get(value) != simdjson::SUCCESS || !value.is_object()) return complain(name, "object");
        use(AnswerObject(where_, *problem_, value));
    }

private:
    void complain(const char* name, const char* type) const;

    std::string where_;
    std::optional<base::Error>* problem_;
    simdjson::dom::element element_;
};

class AnswerReader {
public:
    // `where` begins the error's message: a URL. The body is copied.
    AnswerReader(std::string where, std::string_view body);
    AnswerReader(const AnswerReader&) = delete;
    AnswerReader& operator=(const AnswerReader&) = delete;

    // Valid as long as the reader. Of a body that is no JSON object every field is missing.
    const AnswerObject& root() const { return *root_; }
    const std::optional<base::Error>& problem() const { return problem_; }

private:
    simdjson::dom::parser parser_;
    std::optional<base::Error> problem_;
    std::optional<AnswerObject> root_;
};

}  // namespace crossfade::cli

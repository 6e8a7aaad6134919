// Statements: text with values, prepared ones, batches. Plain values: copied when they are executed, so that they may
// be changed and executed again at once. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "crossfade/codec.hpp"
#include "crossfade/mapping.hpp"
#include "crossfade/settings.hpp"

namespace crossfade {

namespace driver {
class Prepared;
class SessionCore;
}  // namespace driver

// The values of one statement, encoded, in the order of its bind markers.
struct BoundValues {
    struct Place {
        std::uint32_t offset = 0;
        std::int32_t size = -2;      // -1: null; -2: not set
        std::uint32_t capacity = 0;  // bytes from `offset` on that are this value's
    };
    Blob bytes;
    std::vector<Place> places;
    std::vector<std::string> names;  // of statements that are not prepared; empty: by position
};

namespace detail {

// Encodes `value` behind `bytes` as `type`, and gives its place.
template <class T>
BoundValues::Place append_value(Blob& bytes, DataType type, const T& value) {
    const auto start = static_cast<std::uint32_t>(bytes.size());
    Codec<T>::encode(bytes, type, value);
    const auto size = static_cast<std::uint32_t>(bytes.size() - start);
    return {start, static_cast<std::int32_t>(size), size};
}
// Sets the place of one value; the bytes of a former one are used again where the new fits.
void replace_value(BoundValues& values, std::size_t index, BoundValues::Place place);

template <class T>
void set_value(BoundValues& values, std::size_t index, DataType type, const T& value) {
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
        values.places[index].size = -1;
    } else if constexpr (std::is_same_v<T, Unset>) {
        values.places[index].size = -2;
    } else if constexpr (IsOptional<T>::value) {
        if (value)
            set_value(values, index, type, *value);
        else
            values.places[index].size = -1;
    } else {
        replace_value(values, index, append_value(values.bytes, type, value));
    }
}

template <class T>
DataType natural_type_for() {
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, Unset>)
        return simple_type(TypeKind::blob);
    else
        return natural_type_of<T>();
}

}  // namespace detail

// Text, with values for its bind markers. What C++ type stands for which CQL type is all that tells the server a
// value's type: an int is a CQL int, so that a bigint column wants a std::int64_t.
class Statement : public WithStatementSettings<Statement> {
public:
    explicit Statement(std::string text) : text_(std::move(text)) {}
    // Statement("SELECT v FROM ks.t WHERE k = ? AND n = ?", "key", std::int64_t{5})
    template <class First, class... More>
    Statement(std::string text, const First& first, const More&... more) : text_(std::move(text)) {
        bind(first, more...);
    }

    // All values, by position. nullptr and std::nullopt are null.
    template <class... Values>
    Statement& bind(const Values&... values) {
        values_ = BoundValues();
        (append(values), ...);
        return *this;
    }
    // One value by position, from 0: for values whose number, or whose types, are known only when the program runs.
    //
    //     const std::vector<std::string> wanted{"tea", "milk"};
    //     std::string markers;
    //     for (std::size_t i = 0; i < wanted.size(); ++i) markers += i == 0 ? "?" : ", ?";
    //     crossfade::Statement statement("SELECT * FROM shop.items WHERE name IN (" + markers + ")");
    //     for (std::size_t i = 0; i < wanted.size(); ++i) statement.set(i, wanted[i]);
    //     session.execute(statement);
    //
    // Markers before it that got no value are not set; nullptr and std::nullopt are null. Throws Error: no_column from
    // the 65,536th on, and bad_value where another value was set by name.
    template <class T>
    Statement& set(std::size_t index, const T& value) {
        make_place(index);
        detail::set_value(values_, index, detail::natural_type_for<T>(), value);
        return *this;
    }
    // The value of the marker `:name`. A statement's values are by name or by position: throws Error bad_value where
    // there is one by position already.
    template <class T>
    Statement& set(std::string name, const T& value) {
        check_names();
        for (std::size_t i = 0; i < values_.names.size(); ++i) {
            if (values_.names[i] != name) continue;
            detail::set_value(values_, i, detail::natural_type_for<T>(), value);
            return *this;
        }
        values_.names.push_back(std::move(name));
        append(value);
        return *this;
    }

    // As it was given; as long as this.
    const std::string& text() const noexcept { return text_; }
    // Encoded; as long as this, until it is changed.
    const BoundValues& values() const noexcept { return values_; }

private:
    void make_place(std::size_t index);  // throws no_column, bad_value
    void check_names() const;            // throws bad_value
    template <class T>
    void append(const T& value) {
        values_.places.emplace_back();
        detail::set_value(values_, values_.places.size() - 1, detail::natural_type_for<T>(), value);
    }

    std::string text_;
    BoundValues values_;
};

// A column of a result, or a bind marker. Views, valid as long as what gave them.
struct ColumnInfo {
    std::string_view keyspace, table, name;
    DataType type;
};

class BoundStatement;

// A statement that the cluster has parsed. Shared and immutable: copies are cheap, any thread. Valid for the session
// that prepared it, and longer than it.
class PreparedStatement {
public:
    explicit PreparedStatement(std::shared_ptr<const driver::Prepared> prepared) : prepared_(std::move(prepared)) {}

    // As it was prepared; as long as this.
    const std::string& text() const noexcept;
    // Bind markers, in order.
    std::size_t variable_count() const noexcept;
    // Precondition: i < variable_count(). Valid as long as a copy of this lives.
    ColumnInfo variable(std::size_t i) const;
    // Where they are the partition key: indices of variables, in the key's order. Empty when the key is not all bound.
    const std::vector<std::uint16_t>& partition_key() const noexcept;
    // Columns of the result as they were when it was prepared; none for writes.
    std::size_t column_count() const noexcept;
    // Precondition: i < column_count(). Valid as long as a copy of this lives.
    ColumnInfo column(std::size_t i) const;

    // The first values, by position; those that are left out are not set. Throws Error: type_mismatch, bad_value, and
    // no_column when there are more values than bind markers.
    template <class... Values>
    BoundStatement bind(const Values&... values) const;

    const std::shared_ptr<const driver::Prepared>& internal() const noexcept { return prepared_; }

private:
    std::shared_ptr<const driver::Prepared> prepared_;
};

// A prepared statement with its values. Setting values again uses its memory again: keep one for each kind of request.
class BoundStatement : public WithStatementSettings<BoundStatement> {
public:
    explicit BoundStatement(PreparedStatement prepared) : prepared_(std::move(prepared)) {
        values_.places.resize(prepared_.variable_count());
    }

    // By position, from 0. nullptr and std::nullopt are null; crossfade::unset leaves the column as it is. Throws
    // Error: no_column, type_mismatch, bad_value (with the marker's name).
    template <class T>
    BoundStatement& set(std::size_t index, const T& value) {
        const DataType type = type_of(index);
        try {
            detail::set_value(values_, index, type, value);
        } catch (const Error& error) {
            rethrow_with_name(index, error);
        }
        return *this;
    }
    // By name: every bind marker of that name (a column's, or that of `:name`).
    template <class T>
    BoundStatement& set(std::string_view name, const T& value) {
        std::size_t from = 0;
        for (std::size_t i = index_of(name, 0); i != npos; i = index_of(name, from)) {
            set(i, value);
            from = i + 1;
        }
        if (from == 0) throw_no_variable(name);
        return *this;
    }
    // Each bind marker from the member of its name. Throws no_column when a marker has no member.
    template <Mapped T>
    BoundStatement& bind_struct(const T& value) {
        for (std::size_t i = 0; i < prepared_.variable_count(); ++i) {
            const std::string_view name = prepared_.variable(i).name;
            bool is_found = false;
            Codec<T>::for_each_field([&](const auto& one) {
                if (is_found || one.name != name) return;
                set(i, value.*one.member);
                is_found = true;
            });
            if (!is_found) throw_no_member(name);
        }
        return *this;
    }

    // What it is bound to; as long as this.
    const PreparedStatement& prepared() const noexcept { return prepared_; }
    // Encoded; as long as this, until it is changed.
    const BoundValues& values() const noexcept { return values_; }

private:
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

    DataType type_of(std::size_t index) const;  // throws no_column
    std::size_t index_of(std::string_view name, std::size_t from) const;
    [[noreturn]] void rethrow_with_name(std::size_t index, const Error& error) const;
    [[noreturn]] void throw_no_variable(std::string_view name) const;
    [[noreturn]] static void throw_no_member(std::string_view name);

    PreparedStatement prepared_;
    BoundValues values_;
};

template <class... Values>
BoundStatement PreparedStatement::bind(const Values&... values) const {
    BoundStatement bound(*this);
    [[maybe_unused]] std::size_t index = 0;
    (bound.set(index++, values), ...);
    return bound;
}

enum class BatchType : std::uint8_t { logged = 0, unlogged = 1, counter = 2 };

// Several writes in one request: at most 65,535. Settings are the batch's, those of its statements do not count.
class Batch : public WithStatementSettings<Batch> {
public:
    explicit Batch(BatchType type = BatchType::logged) : type_(type) {}

    // Values of its text are by position: bad_value for names, which batches do not have (native_protocol_v5.spec
    // §4.1.7).
    Batch& add(const Statement& statement);
    Batch& add(const BoundStatement& statement);

    struct Child {
        std::string text;                                  // when it is not prepared
        std::shared_ptr<const driver::Prepared> prepared;  // else null
        BoundValues values;
    };
    // What it was made of.
    BatchType type() const noexcept { return type_; }
    // In their order; as long as the batch.
    const std::vector<Child>& children() const noexcept { return children_; }

private:
    BatchType type_;
    std::vector<Child> children_;
};

}  // namespace crossfade

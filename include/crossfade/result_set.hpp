// Results: rows as views on the bytes that the cluster sent.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "crossfade/codec.hpp"
#include "crossfade/mapping.hpp"
#include "crossfade/statement.hpp"

namespace crossfade {

namespace driver {
class Page;
}
class ResultSet;

// One row: a view, two words. It, and what is read from it as a view (std::string_view, BlobView), is valid as long as
// its page: while a ResultSet of that page lives, or the iterator that gave it stands on that page.
class Row {
public:
    // The column as T (codec.hpp). Throws Error, each naming the column: no_column, type_mismatch, bad_value, and
    // null_value when it is null and T is no std::optional.
    template <class T>
    T get_column(std::size_t index) const {
        const Cell cell = cell_at(index);
        try {
            return detail::decode_cell<T>(DataType(*cell.type), cell.is_null ? nullptr : &cell.bytes);
        } catch (const Error& error) {
            rethrow_with_name(index, error);
        }
    }
    template <class T>
    T get_column(std::string_view name) const {
        return get_column<T>(index_of(name));
    }
    // Throws Error (no_column).
    bool is_null(std::size_t index) const { return cell_at(index).is_null; }
    bool is_null(std::string_view name) const { return is_null(index_of(name)); }
    // 0 for results without rows.
    std::size_t column_count() const noexcept;
    // For people, whatever the type: text as it is, "null", anything else as JSON has it.
    std::string to_text(std::size_t index) const;

    // All columns: a mapped struct by name, or a std::tuple by position (of exactly as many columns).
    template <class T>
    T as() const {
        if constexpr (Mapped<T>) {
            T value{};
            Codec<T>::for_each_field([&](const auto& one) {
                using Member = std::remove_reference_t<decltype(value.*one.member)>;
                value.*one.member = get_column<Member>(one.name);
            });
            return value;
        } else {
            check_count(std::tuple_size_v<T>);
            return as_tuple<T>(std::make_index_sequence<std::tuple_size_v<T>>());
        }
    }

private:
    friend class ResultSet;
    friend class PageRows;
    struct Cell {
        const cql::Type* type;
        BlobView bytes;
        bool is_null;
    };
    Row(const driver::Page* page, std::size_t index) : page_(page), index_(index) {}
    Cell cell_at(std::size_t index) const;
    std::size_t index_of(std::string_view name) const;
    void check_count(std::size_t count) const;
    [[noreturn]] void rethrow_with_name(std::size_t index, const Error& error) const;
    template <class T, std::size_t... is>
    T as_tuple(std::index_sequence<is...>) const {
        return T(get_column<std::tuple_element_t<is, T>>(is)...);
    }

    const driver::Page* page_;
    std::size_t index_;
};

// The rows of one page: never waits for anything.
class PageRows {
public:
    class Iterator {
    public:
        using value_type = Row;
        using difference_type = std::ptrdiff_t;
        Iterator(const driver::Page* page, std::size_t index) : page_(page), index_(index) {}
        Row operator*() const { return Row(page_, index_); }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

    private:
        const driver::Page* page_;
        std::size_t index_;
    };
    PageRows(const driver::Page* page, std::size_t count) : page_(page), count_(count) {}
    Iterator begin() const { return {page_, 0}; }
    Iterator end() const { return {page_, count_}; }
    // Rows.
    std::size_t size() const { return count_; }
    // Precondition: index < size().
    Row operator[](std::size_t index) const { return Row(page_, index); }

private:
    const driver::Page* page_;
    std::size_t count_;
};

// A result: one page of rows, and the way to the next. Copies share the page. One thread at a time.
class ResultSet {
public:
    ResultSet() = default;
    explicit ResultSet(driver::Page* page) noexcept;  // for this library: takes over a reference
    ResultSet(const ResultSet& other) noexcept;
    ResultSet(ResultSet&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    ResultSet& operator=(ResultSet other) noexcept {
        std::swap(page_, other.page_);
        return *this;
    }
    ~ResultSet();

    // Throws Error (no_rows) when there is none.
    Row first_row() const;
    // Rows of this page.
    PageRows page() const noexcept;
    // Of this page.
    std::size_t row_count() const noexcept;
    // Whether this page has no row. Where rows are filtered the next one may have some all the same.
    bool is_empty() const noexcept { return row_count() == 0; }

    // All rows, of this page and those that follow: the next page is asked for when a page is begun, and waited for
    // when it ends. A row is valid until the iterator stands on another page. Throws what execute() throws, and
    // wrong_thread where a page would have to be waited for on the driver's own thread: use page() and
    // AsyncSession::next_page() there.
    class Iterator;
    Iterator begin() const;
    std::default_sentinel_t end() const noexcept { return {}; }

    // Whether the server has more rows than this page.
    bool has_more_pages() const noexcept;
    // For Statement::paging_state(); empty on the last page.
    Blob paging_state() const;

    // 0 for results without rows.
    std::size_t column_count() const noexcept;
    // Precondition: i < column_count(). Views are valid as long as a ResultSet of this page.
    ColumnInfo column(std::size_t i) const;

    // Of a conditional write: whether it was applied; true for results that do not say.
    bool was_applied() const;
    // Sentences that the server added.
    std::vector<std::string> warnings() const;
    // Custom payload of the server's query handler, copied; mostly empty.
    std::vector<std::pair<std::string, Blob>> payload() const;
    // Of a traced request: what Session::trace() takes.
    std::optional<Uuid> tracing_id() const;
    // "10.20.30.40:9042": the node that answered.
    std::string coordinator() const;
    // After a statement that changed the schema: whether all nodes agreed on it in time
    // (ClusterOptions::schema_agreement). True for others.
    bool is_schema_agreed() const noexcept;

    const driver::Page* internal() const noexcept { return page_; }  // for this library

private:
    driver::Page* page_ = nullptr;
};

// Input iterator over all pages.
class ResultSet::Iterator {
public:
    using value_type = Row;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(ResultSet from);
    Row operator*() const { return rows_[index_]; }
    Iterator& operator++() {
        if (++index_ == rows_.size()) turn_page();
        return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return index_ == rows_.size(); }

private:
    void turn_page();

    ResultSet page_;
    PageRows rows_;
    std::size_t index_ = 0;
};

}  // namespace crossfade

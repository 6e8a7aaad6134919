#include "cells/page.hpp"

#include "cql/statement.hpp"

namespace crossfade::cells {
namespace {

constexpr std::int64_t no_time = INT64_MIN;

// The numbers of a list<bigint> or list<int>, null as no_time. False when it is none of `count` elements.
bool read_numbers(const cql::ValueView& cell, std::size_t count, std::size_t width, std::vector<std::int64_t>& out) {
    out.assign(count, no_time);
    if (cell.is_null()) return true;
    cql::Reader in(cell.bytes);
    if (!std::cmp_equal(in.int_number(), count)) return false;
    for (std::int64_t& number : out) {
        const cql::ValueView element = in.value();
        if (element.is_null()) continue;
        if (element.bytes.size() != width) return false;
        cql::Reader digits(element.bytes);
        number = width == 8 ? digits.long_number() : digits.int_number();
    }
    return in.ok();
}

Stamp stamp_of(std::int64_t writetime, std::int64_t ttl, std::int64_t read_at) {
    Stamp stamp;
    stamp.is_known = writetime != no_time;
    if (!stamp.is_known) return stamp;
    stamp.writetime = writetime;
    stamp.expires_at = ttl == no_time ? 0 : read_at + ttl;
    return stamp;
}

class PageReader {
public:
    PageReader(const Layout& layout, const Readability& readability, bool of_statics, Page& page)
        : columns_(layout.cells(of_statics)),
          readable_(readability.cells(of_statics)),
          page_(page),
          key_size_(layout.partition_key.size()),
          clustering_size_(of_statics ? 0 : layout.clustering.size()),
          of_statics_(of_statics) {
        std::size_t stamps = key_size_ + clustering_size_ + columns_.size();
        for (const bool readable : readable_) {
            stamp_places_.push_back(readable ? stamps : 0);
            if (readable) stamps += 2;
        }
        width_ = stamps;
    }

    base::Result<void> read() {
        // Anything else would pass for a last page without rows.
        if (page_.answer.kind() != cql::ResultKind::rows)
            return base::fail(base::ErrorKind::protocol, "a SELECT was answered with something that is no rows");
        if (page_.answer.column_count() != width_ && page_.answer.row_count() > 0)
            return base::fail(base::ErrorKind::protocol, "asked for " + std::to_string(width_) + " columns and got " +
                                                             std::to_string(page_.answer.column_count()));
        page_.rows.reserve(page_.answer.row_count());
        for (driver::RowCursor row = page_.answer.first(); row; row.next()) {
            auto added = add_row(row.cells());
            if (!added) return added;
        }
        return {};
    }

private:
    base::Result<void> add_row(const std::vector<cql::ValueView>& cells) {
        for (std::size_t i = 0; i < key_size_; ++i)
            if (cells[i].is_null())
                return base::fail(base::ErrorKind::protocol, "a row came without its partition key");
        // A partition of static columns alone: there is no row in it.
        if (clustering_size_ > 0 && cells[key_size_].is_null()) return {};

        Row row;
        row.clustering.reserve(clustering_size_);
        for (std::size_t i = 0; i < clustering_size_; ++i) row.clustering.push_back(cells[key_size_ + i].bytes);
        row.ends.reserve(columns_.size());
        row.atoms.reserve(columns_.size());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (!add_column(row, i, cells))
                return base::fail(base::ErrorKind::protocol, "the value of column " + cql::quoted(columns_[i].name) +
                                                                 " does not agree with its stamps");
            row.ends.push_back(static_cast<std::uint32_t>(row.atoms.size()));
        }
        if (of_statics_ && row.atoms.empty()) return {};
        if (auto added = add_partition(cells); !added) return added;
        page_.rows.push_back(std::move(row));
        ++page_.partitions.back().count;
        return {};
    }

    base::Result<void> add_partition(const std::vector<cql::ValueView>& cells) {
        if (!page_.partitions.empty()) {
            const auto& last = page_.partitions.back().key.components;
            bool is_same = true;
            for (std::size_t i = 0; i < key_size_ && is_same; ++i) is_same = equal(last[i], cells[i].bytes);
            if (is_same) return {};
        }
        PartitionRows& made = page_.partitions.emplace_back();
        made.first = page_.rows.size();
        for (std::size_t i = 0; i < key_size_; ++i) made.key.components.push_back(cells[i].bytes);
        auto token = token_of(made.key.components);
        if (!token) return base::fail(std::move(token.error()));
        made.key.token = *token;
        return {};
    }

    bool add_column(Row& row, std::size_t i, const std::vector<cql::ValueView>& cells) {
        const cql::ValueView& value = cells[key_size_ + clustering_size_ + i];
        if (value.is_null()) return true;
        if (columns_[i].shape != Shape::single) return add_elements(row, i, value.bytes, cells);
        Atom atom;
        atom.value = value.bytes;
        if (readable_[i]) {
            const cql::ValueView& writetime = cells[stamp_places_[i]];
            const cql::ValueView& ttl = cells[stamp_places_[i] + 1];
            if ((!writetime.is_null() && writetime.bytes.size() != 8) || (!ttl.is_null() && ttl.bytes.size() != 4))
                return false;
            atom.stamp = stamp_of(writetime.is_null() ? no_time : cql::Reader(writetime.bytes).long_number(),
                                  ttl.is_null() ? no_time : cql::Reader(ttl.bytes).int_number(), page_.read_at);
        }
        row.atoms.push_back(atom);
        return true;
    }

    bool add_elements(Row& row, std::size_t i, ByteView value, const std::vector<cql::ValueView>& cells) {
        const LayoutColumn& column = columns_[i];
        cql::Reader in(value);
        std::size_t count = 0;
        if (column.shape == Shape::udt) {
            // Fields that the value ends before are null. Stamps are there for every field of the type.
            count = column.type->parameters.size();
        } else {
            const std::int32_t said = in.int_number();
            if (said < 0 || static_cast<std::size_t>(said) > in.remaining()) return false;
            count = static_cast<std::size_t>(said);
        }
        if (readable_[i] && (!read_numbers(cells[stamp_places_[i]], count, 8, writetimes_) ||
                             !read_numbers(cells[stamp_places_[i] + 1], count, 4, ttls_)))
            return false;
        for (std::size_t element = 0; element < count; ++element) {
            Atom atom;
            if (column.shape == Shape::udt) {
                const cql::ValueView field = in.remaining() == 0 ? cql::ValueView() : in.value();
                if (field.is_null()) continue;
                atom.key = field_key(element);
                atom.value = field.bytes;
            } else {
                const ByteView first_part = in.bytes();
                if (column.shape == Shape::list)
                    atom.value = first_part;
                else
                    atom.key = first_part;
                if (column.shape == Shape::map) atom.value = in.bytes();
            }
            if (readable_[i]) atom.stamp = stamp_of(writetimes_[element], ttls_[element], page_.read_at);
            row.atoms.push_back(atom);
        }
        return in.ok();
    }

    const std::vector<LayoutColumn>& columns_;
    const std::vector<bool>& readable_;
    Page& page_;
    const std::size_t key_size_, clustering_size_;
    const bool of_statics_;
    std::vector<std::size_t> stamp_places_;  // for each readable column: where its WRITETIME is; TTL is next
    std::size_t width_ = 0;
    std::vector<std::int64_t> writetimes_, ttls_;
};

}  // namespace

base::Result<std::shared_ptr<Page>> read_page(const Layout& layout, const Readability& readability, bool of_statics,
                                              driver::Rows answer, std::int64_t read_at) {
    auto page = std::make_shared<Page>();
    page->answer = std::move(answer);
    page->read_at = read_at;
    auto read = PageReader(layout, readability, of_statics, *page).read();
    if (!read) return base::fail(read.error().kind, cql::to_cql(layout.table) + ": " + read.error().message);
    return page;
}

}  // namespace crossfade::cells

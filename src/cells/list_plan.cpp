// Lists that are not frozen. Each element is a cell under a name that the server makes from the clock when it is added,
// so adding an element that is there already gives it twice, and nothing can be put between two others.
#include <algorithm>

#include "cells/plan.hpp"

namespace crossfade::cells {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

// Where `part` is within `whole`, all of it in one piece.
std::size_t place_of(std::span<const Atom> part, std::span<const Atom> whole) {
    const auto found = std::search(whole.begin(), whole.end(), part.begin(), part.end(),
                                   [](const Atom& a, const Atom& b) { return equal(a.value, b.value); });
    if (part.empty()) return 0;
    return found == whole.end() ? nowhere : static_cast<std::size_t>(found - whole.begin());
}

}  // namespace

// The target has all that the origin has, in its order, and more between: what is too many goes, each at exactly the
// stamp seen. Only where an element is a copy's, or the second of one that the origin has once; with `takes_out_all`
// any. A place counts as of the moment the statement runs; its deletion bears the stamp of what was seen there, so a
// newer element that moved to the place stays.
bool Planner::take_out(bool of_statics, std::uint32_t column, const Row& origin, const Row& target, bool takes_out_all,
                       Plan* plan) const {
    const auto wanted = origin.column(column), there = target.column(column);
    // Where the origin tells its stamps, copying gives those, not the default one.
    const bool copies_bear_default =
        std::none_of(wanted.begin(), wanted.end(), [](const Atom& atom) { return atom.stamp.is_known; });
    std::vector<std::size_t> surplus;
    std::size_t matched = 0;
    for (std::size_t i = 0; i < there.size(); ++i) {
        if (matched < wanted.size() && equal(wanted[matched].value, there[i].value)) {
            ++matched;
            continue;
        }
        const Atom& atom = there[i];
        const bool is_second = std::any_of(wanted.begin(), wanted.end(), [&](const Atom& one) {
            return one.stamp.is_known && atom.stamp.is_known && one.stamp.writetime == atom.stamp.writetime &&
                   equal(one.value, atom.value);
        });
        if (!atom.stamp.is_known || !(takes_out_all || is_second || (copies_bear_default && is_copied(atom.stamp))))
            return false;
        surplus.push_back(i);
    }
    if (matched < wanted.size()) return false;
    if (plan == nullptr) return true;
    // From the end, so that no place moves before it is its turn.
    for (auto place = surplus.rbegin(); place != surplus.rend(); ++place) {
        Bytes& bytes = plan->made.emplace_back();
        cql::Writer(bytes).int_number(static_cast<std::int32_t>(*place));
        Write& write = plan->writes.emplace_back();
        write.kind = Write::Kind::delete_place;
        write.of_statics = of_statics;
        write.column = column;
        write.element = bytes;
        write.timestamp = there[*place].stamp.writetime;
        write.clustering = of_statics ? nullptr : &origin.clustering;
    }
    return true;
}

bool Planner::write_list(bool of_statics, std::uint32_t column, const Row& origin, const Row* target,
                         std::int64_t guessed_expiry, bool takes_out, Plan* plan) const {
    const std::span<const Atom> wanted = origin.column(column);
    const std::span<const Atom> all_there = target == nullptr ? std::span<const Atom>() : target->column(column);
    std::vector<Atom> there(all_there.begin(), all_there.end());

    const auto begin_write = [&](Write::Kind kind, std::int64_t timestamp) -> Write& {
        Write& write = plan->writes.emplace_back();
        write.kind = kind;
        write.of_statics = of_statics;
        write.column = column;
        write.timestamp = timestamp;
        write.clustering = of_statics ? nullptr : &origin.clustering;
        return write;
    };

    std::int64_t least_timestamp = INT64_MIN;
    std::size_t first = place_of(there, wanted);
    if (first == nowhere) {
        // What an earlier copy put there can go, when its stamps are known to be a copy's and the origin's own cannot
        // be told; what is live must still be in one piece.
        std::int64_t newest_copied = INT64_MIN;
        std::vector<Atom> live;
        for (const Atom& atom : there) {
            if (is_copied(atom.stamp))
                newest_copied = std::max(newest_copied, atom.stamp.writetime);
            else
                live.push_back(atom);
        }
        const bool is_unknown =
            std::none_of(wanted.begin(), wanted.end(), [](const Atom& atom) { return atom.stamp.is_known; });
        there = std::move(live);
        first = newest_copied == INT64_MIN || !is_unknown ? nowhere : place_of(there, wanted);
        if (first == nowhere) return take_out(of_statics, column, origin, *target, takes_out, plan);
        least_timestamp = newest_copied + 1;
        if (plan != nullptr) begin_write(Write::Kind::delete_column, newest_copied);
    }
    if (plan == nullptr) return true;

    const auto stamp_of = [&](const Atom& atom) {
        Stamped one = stamped(column, atom, guessed_expiry);
        one.writetime = std::max(one.writetime, least_timestamp);
        return one;
    };
    // Neighbours of one stamp are added by one statement.
    const auto add = [&](Write::Kind kind, std::span<const Atom> run) {
        Bytes& bytes = plan->made.emplace_back();
        cql::Writer out(bytes);
        out.int_number(static_cast<std::int32_t>(run.size()));
        for (const Atom& atom : run) out.bytes(atom.value);
        const Stamped stamp = stamp_of(run[0]);
        Write& write = begin_write(kind, stamp.writetime);
        write.expires_at = stamp.expires_at;
        write.values.push_back({cql::ValueView::State::bytes, bytes});
    };
    const auto runs = [&](std::span<const Atom> atoms) {
        std::vector<std::span<const Atom>> all;
        for (std::size_t begin = 0, end = 0; begin < atoms.size(); begin = end) {
            const Stamped stamp = stamp_of(atoms[begin]);
            for (end = begin + 1; end < atoms.size(); ++end) {
                const Stamped next = stamp_of(atoms[end]);
                if (next.writetime != stamp.writetime || next.expires_at != stamp.expires_at) break;
            }
            all.push_back(atoms.subspan(begin, end - begin));
        }
        return all;
    };
    auto before = runs(wanted.first(first));
    std::reverse(before.begin(), before.end());  // each goes before the one that was put there last
    for (const auto run : before) add(Write::Kind::prepend, run);
    for (const auto run : runs(wanted.subspan(first + there.size()))) add(Write::Kind::append, run);
    return true;
}

}  // namespace crossfade::cells

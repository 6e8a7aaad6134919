// Structs as rows and as UDTs: say once which columns their members are.
//
//     struct User {
//         std::int64_t id = 0;
//         std::string name;
//         std::optional<std::string> email;
//     };
//     CROSSFADE_MAP(User, id, name, email)   // at namespace scope, beside the struct
//
// Then `row.as<User>()`, `statement.bind_struct(user)`, and User as the value of a UDT. Members are matched by name, in
// any order; columns without a member are passed over when reading. Where names differ, write the function yourself:
//
//     inline auto crossfade_fields(const User*) {
//         return std::make_tuple(crossfade::field("user_id", &User::id), crossfade::field("name", &User::name));
//     }
#pragma once

#include <string_view>
#include <tuple>

#include "crossfade/codec.hpp"

namespace crossfade {

template <class Struct, class Member>
struct Field {
    std::string_view name;
    Member Struct::*member;
};
// `name` lives as long as the program: a literal.
template <class Struct, class Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::*member) {
    return {name, member};
}

template <class T>
concept Mapped = requires(const T* of) { crossfade_fields(of); };

namespace detail {
[[noreturn]] void throw_no_field(DataType type, std::string_view name);
}

template <Mapped T>
struct Codec<T> {
    // A UDT has a name that the struct does not tell.
    static DataType natural_type() {
        throw Error(ErrorCode::type_mismatch,
                    "a struct cannot be bound to a statement that is not prepared: prepare it, so that the cluster "
                    "tells its type");
    }
    static void encode(Blob& out, DataType type, const T& value) {
        if (type.kind() != TypeKind::udt) detail::throw_mismatch(type, "a struct");
        detail::ElementWriter writer;
        for (std::size_t i = 0; i < type.parameter_count(); ++i) {
            bool is_written = false;
            for_each_field([&](const auto& one) {
                if (is_written || one.name != type.field_name(i)) return;
                detail::write_element(writer, type.parameter(i), value.*one.member);
                is_written = true;
            });
            if (!is_written) writer.null();
        }
        for_each_field([&](const auto& one) { check_name(type, one.name); });
        writer.write(out, type);
    }
    static T decode(DataType type, BlobView bytes) {
        if (type.kind() != TypeKind::udt) detail::throw_mismatch(type, "a struct");
        for_each_field([&](const auto& one) { check_name(type, one.name); });
        T value{};
        detail::each_element(type, bytes, [&](DataType of, const BlobView* element, std::size_t index, std::size_t) {
            for_each_field([&](const auto& one) {
                if (one.name != type.field_name(index)) return;
                using Member = std::remove_reference_t<decltype(value.*one.member)>;
                value.*one.member = detail::decode_cell<Member>(of, element);
            });
        });
        return value;
    }

    template <class Visit>
    static void for_each_field(Visit visit) {
        const T* const of = nullptr;
        std::apply([&](const auto&... one) { (visit(one), ...); }, crossfade_fields(of));
    }

private:
    static void check_name(DataType type, std::string_view name) {
        for (std::size_t i = 0; i < type.parameter_count(); ++i)
            if (type.field_name(i) == name) return;
        detail::throw_no_field(type, name);
    }
};

}  // namespace crossfade

#define CROSSFADE_EXPAND(...) \
    CROSSFADE_EXPAND4(CROSSFADE_EXPAND4(CROSSFADE_EXPAND4(CROSSFADE_EXPAND4(__VA_ARGS__))))
#define CROSSFADE_EXPAND4(...) \
    CROSSFADE_EXPAND3(CROSSFADE_EXPAND3(CROSSFADE_EXPAND3(CROSSFADE_EXPAND3(__VA_ARGS__))))
#define CROSSFADE_EXPAND3(...) \
    CROSSFADE_EXPAND2(CROSSFADE_EXPAND2(CROSSFADE_EXPAND2(CROSSFADE_EXPAND2(__VA_ARGS__))))
#define CROSSFADE_EXPAND2(...) __VA_ARGS__
#define CROSSFADE_PARENTHESES ()
#define CROSSFADE_FIELDS(Struct, name, ...)  \
    ::crossfade::field(#name, &Struct::name) \
        __VA_OPT__(, CROSSFADE_FIELDS_AGAIN CROSSFADE_PARENTHESES(Struct, __VA_ARGS__))
#define CROSSFADE_FIELDS_AGAIN() CROSSFADE_FIELDS
// Up to 60 members.
#define CROSSFADE_MAP(Struct, ...)                                                     \
    [[maybe_unused]] constexpr auto crossfade_fields(const Struct*) {                  \
        return std::make_tuple(CROSSFADE_EXPAND(CROSSFADE_FIELDS(Struct, __VA_ARGS__))); \
    }

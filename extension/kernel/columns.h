// The columns of a call, once, in the order of `inbox`. Whatever is done for each column follows
// from this table: lists of names and types, conversions, filters, what a segment holds.
#pragma once

#include "call_filter.h"

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

namespace active_calls {

template<class Member>
struct MemberType {
    using Value = Member;
    static constexpr bool is_nullable = false;
};
template<class Type>
struct MemberType<std::optional<Type>> {
    using Value = Type;
    static constexpr bool is_nullable = true;
};

// A column that says which snapshot and account a call belongs to. Filters do not look at it.
template<class Type>
struct KeyColumn {
    using Member = Type;
    using Value = Type;
    static constexpr bool is_filtered = false;
    static constexpr bool is_attribute = false;

    Column id;
    const char* name;
    Member Call::*member;
};

template<class Type, class Filter>
struct FilteredColumn {
    using Member = Type;
    using Value = typename MemberType<Member>::Value;
    static constexpr bool is_filtered = true;
    // What may be NULL is an attribute of the call: the same in each of its snapshots.
    static constexpr bool is_attribute = MemberType<Member>::is_nullable;

    Column id;
    const char* name;
    Member Call::*member;
    Filter CallFilter::*filter;
};

// Which clang 14 does not deduce by itself.
template<class Type>
KeyColumn(Column, const char*, Type Call::*) -> KeyColumn<Type>;
template<class Type, class Filter>
FilteredColumn(Column, const char*, Type Call::*, Filter CallFilter::*)
    -> FilteredColumn<Type, Filter>;

inline constexpr std::tuple call_columns{
    KeyColumn{Column::snapshot_timestamp, "snapshot_timestamp", &Call::snapshot},
    KeyColumn{Column::customer_acc_id, "customer_acc_id", &Call::account_id},
    FilteredColumn{Column::src_country_id, "src_country_id", &Call::src_country_id,
                   &CallFilter::src_country_id},
    FilteredColumn{Column::dst_country_id, "dst_country_id", &Call::dst_country_id,
                   &CallFilter::dst_country_id},
    FilteredColumn{Column::src_prefix_routing, "src_prefix_routing", &Call::src_prefix_routing,
                   &CallFilter::src_prefix_routing},
    FilteredColumn{Column::dst_prefix_routing, "dst_prefix_routing", &Call::dst_prefix_routing,
                   &CallFilter::dst_prefix_routing},
    FilteredColumn{Column::duration, "duration", &Call::duration, &CallFilter::duration},
    FilteredColumn{Column::auth_orig_ip, "auth_orig_ip", &Call::auth_orig_ip,
                   &CallFilter::auth_orig_ip},
    FilteredColumn{Column::customer_price, "customer_price", &Call::customer_price,
                   &CallFilter::customer_price},
};

template<class Value>
inline constexpr bool is_text = std::is_same_v<Value, std::string_view>;

// Values of some type for each column, such as PerColumn<Of>: `Of` makes it of the column's type.
template<template<class> class Of, class Columns = decltype(call_columns)>
struct ForColumns;
template<template<class> class Of, class... Columns>
struct ForColumns<Of, const std::tuple<Columns...>> {
    using Tuple = std::tuple<Of<Columns>...>;
};
template<template<class> class Of>
using PerColumn = typename ForColumns<Of>::Tuple;

template<Column column, class Tuple>
constexpr auto& at(Tuple& per_column) {
    return std::get<static_cast<std::size_t>(column)>(per_column);
}

// Calls `visit(column)` for each column in their order, with what each tuple has for it.
template<class Visit, class... Tuples>
constexpr void for_each_column(Visit&& visit, Tuples&... per_column) {
    const auto visit_one = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
        static_assert(std::get<i>(call_columns).id == static_cast<Column>(i));
        visit(std::get<i>(call_columns), std::get<i>(per_column)...);
    };
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        (visit_one(std::integral_constant<std::size_t, i>{}), ...);
    }
    (std::make_index_sequence<column_count>{});
}

// Calls `visit(column)` for each that filters look at.
template<class Visit>
constexpr void for_each_filtered_column(Visit&& visit) {
    for_each_column([&](const auto& column) {
        if constexpr (std::decay_t<decltype(column)>::is_filtered) visit(column);
    });
}

// Calls `visit(column, i)` for each attribute of a call, which are counted from 0.
template<class Visit>
constexpr void for_each_attribute(Visit&& visit) {
    std::size_t i = 0;
    for_each_column([&](const auto& column) {
        if constexpr (std::decay_t<decltype(column)>::is_attribute) visit(column, i++);
    });
}

inline constexpr std::size_t attribute_count = [] {
    std::size_t count = 0;
    for_each_attribute([&](const auto&, std::size_t) { ++count; });
    return count;
}();

constexpr const char* name_of(Column id) {
    const char* name = nullptr;
    for_each_column([&](const auto& column) {
        if (column.id == id) name = column.name;
    });
    return name;
}

} // namespace active_calls

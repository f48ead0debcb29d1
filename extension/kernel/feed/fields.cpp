#include "fields.h"

#include "../error.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace active_calls {

namespace {

// In the order of Field.
constexpr std::array<std::string_view, field_count> field_names{
    "snapshot_timestamp",
    "connect_time",
    "end_time",
    "customer_acc_id",
    "src_country_id",
    "dst_country_id",
    "src_prefix_routing",
    "dst_prefix_routing",
    "duration",
    "auth_orig_ip",
    "customer_price",
    "destination_fee",
    "destination_initial_rate",
    "destination_next_rate",
    "destination_initial_interval",
    "destination_next_interval",
};

// What else a switch sends, and nobody reads.
constexpr std::string_view ignored_names[]{
    "id",
    "snapshot_date",
    "node_id",
    "pop_id",
    "buffered",
    "cdr_born_time",
    "start_time",
    "start_date",
    "legA_local_ip",
    "legA_local_port",
    "legA_remote_ip",
    "legA_remote_port",
    "legB_local_ip",
    "legB_local_port",
    "legB_remote_ip",
    "legB_remote_port",
    "orig_call_id",
    "term_call_id",
    "local_tag",
    "global_tag",
    "time_limit",
    "dump_level_id",
    "audio_record_enabled",
    "attempt_num",
    "resources",
    "active_resources",
    "customer_id",
    "vendor_id",
    "vendor_acc_id",
    "customer_auth_id",
    "destination_id",
    "destination_prefix",
    "dialpeer_id",
    "dialpeer_prefix",
    "orig_gw_id",
    "term_gw_id",
    "routing_group_id",
    "rateplan_id",
    "destination_rate_policy_id",
    "dialpeer_initial_rate",
    "dialpeer_next_rate",
    "dialpeer_initial_interval",
    "dialpeer_next_interval",
    "dialpeer_fee",
    "src_name_in",
    "src_name_out",
    "src_prefix_in",
    "src_prefix_out",
    "dst_prefix_in",
    "dst_prefix_out",
    "routing_plan_id",
    "lrn",
    "lnp_database_id",
    "from_domain",
    "to_domain",
    "ruri_domain",
    "src_network_id",
    "dst_network_id",
    "src_area_id",
    "dst_area_id",
    "routing_tag_ids",
    "diversion_in",
    "pai_in",
    "ppi_in",
    "privacy_in",
    "auth_orig_protocol_id",
    "auth_orig_port",
    "customer_acc_vat",
    "destination_reverse_billing",
    "dialpeer_reverse_billing",
};

constexpr std::string_view name_in_order(Field field) {
    return field_names[static_cast<std::size_t>(field)];
}

constexpr std::optional<Field> among(std::initializer_list<Field> fields, std::string_view name) {
    for (const Field field : fields)
        if (name_in_order(field) == name) return field;
    return std::nullopt;
}

// Every field of a row is asked for, and most are not among ours: their length alone tells of most
// of them.
constexpr std::optional<Field> find(std::string_view name) {
    switch (name.size()) {
        using enum Field;
    case 8:
        return among({end_time, duration}, name);
    case 12:
        return among({connect_time, auth_orig_ip}, name);
    case 14:
        return among({src_country_id, dst_country_id, customer_price}, name);
    case 15:
        return among({customer_acc_id, destination_fee}, name);
    case 18:
        return among({snapshot_timestamp, src_prefix_routing, dst_prefix_routing}, name);
    case 21:
        return among({destination_next_rate}, name);
    case 24:
        return among({destination_initial_rate}, name);
    case 25:
        return among({destination_next_interval}, name);
    case 28:
        return among({destination_initial_interval}, name);
    default:
        return std::nullopt;
    }
}

static_assert(std::ranges::all_of(field_names, [](auto name) { return find(name).has_value(); }));

} // namespace

std::string_view name_of(Field field) { return name_in_order(field); }

std::optional<Field> field_of(std::string_view name) { return find(name); }

FieldSet FieldSet::all() {
    FieldSet fields;
    for (const std::string_view name : field_names) fields.insert(name);
    return fields;
}

void FieldSet::insert(std::string_view name) {
    if (const auto field = field_of(name))
        bits_ |= bit_of(*field);
    else if (std::ranges::find(ignored_names, name) == std::ranges::end(ignored_names))
        throw Error(ErrorKind::unknown_column,
                    "a row of the feed has no field \"" + std::string(name) + "\"");
}

} // namespace active_calls

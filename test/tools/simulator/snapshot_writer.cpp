// Both formats of a snapshot. No text of a simulated call holds a character that either would
// escape.
#include "snapshot_writer.h"

#include <fmt/chrono.h>

#include <iterator>
#include <optional>
#include <string>

namespace active_calls::feed {

namespace {

constexpr std::uint64_t node_id = 1;

std::string date_of(Instant time) { return fmt::format("{:%F}", fmt::gmtime(time)); }
std::string text_of(Instant time) { return fmt::format("{:%F %T}", fmt::gmtime(time)); }

// The switch numbers rows, not calls: by the second, the node, and the place in the snapshot
// from 1.
std::uint64_t row_id(Instant time, std::size_t place) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count()) << 32 | node_id << 24 |
           place;
}

std::string id_or(const Country* country, const char* null) {
    return country && country->id ? std::to_string(*country->id) : null;
}

// A row as the switch writes it; what varies from call to call stands in braces.
// clang-format off
constexpr const char* json_row =
    R"({{"id":{id},"snapshot_timestamp":"{snapshot_time}","snapshot_date":"{snapshot_date}",)"
    R"("node_id":{node},"pop_id":4,"buffered":false,)"
    R"("cdr_born_time":"{start_time}","start_time":"{start_time}",)"
    R"("connect_time":{connect_time_or_null},"start_date":"{start_date}",)"
    R"("legB_remote_port":5060,"legB_local_port":5061,"legA_remote_port":5060,"legA_local_port":5061,)"
    R"("legB_remote_ip":"198.51.100.9","legB_local_ip":"203.0.113.4",)"
    R"("legA_remote_ip":"{address}","legA_local_ip":"203.0.113.4",)"
    R"("orig_call_id":"oc-{call:06}","term_call_id":"tc-{call:06}",)"
    R"("local_tag":"8-{call:08X}","global_tag":"gt-{call:06}",)"
    R"("time_limit":7200,"dump_level_id":0,"audio_record_enabled":0,"attempt_num":1,)"
    R"("resources":"","active_resources":[],)"
    R"("customer_id":{customer},"vendor_id":15,"customer_acc_id":{account},"vendor_acc_id":31,)"
    R"("customer_auth_id":{auth},"destination_id":{destination},"destination_prefix":"{prefix}",)"
    R"("dialpeer_id":{dialpeer},"dialpeer_prefix":"{prefix}",)"
    R"("orig_gw_id":5,"term_gw_id":6,"routing_group_id":1,"rateplan_id":2,)"
    R"("destination_initial_rate":"{initial_rate}","destination_next_rate":"{next_rate}",)"
    R"("destination_initial_interval":{initial_interval},"destination_next_interval":{next_interval},)"
    R"("destination_fee":"{fee}","destination_rate_policy_id":1,)"
    R"("dialpeer_initial_rate":"0.0050","dialpeer_next_rate":"0.0050",)"
    R"("dialpeer_initial_interval":1,"dialpeer_next_interval":1,"dialpeer_fee":"0.0",)"
    R"("src_name_in":"","src_name_out":"","src_prefix_in":"{caller}","src_prefix_out":"{caller}",)"
    R"("dst_prefix_in":"00{called}","dst_prefix_out":"{called}",)"
    R"("src_prefix_routing":"{caller}","dst_prefix_routing":"{called}",)"
    R"("routing_plan_id":1,"lrn":null,"lnp_database_id":null,)"
    R"("from_domain":"sbc.example.com","to_domain":"sbc.example.com","ruri_domain":"sbc.example.com",)"
    R"("src_country_id":{src_country_or_null},"src_network_id":null,)"
    R"("dst_country_id":{dst_country_or_null},"dst_network_id":{network},)"
    R"("src_area_id":null,"dst_area_id":null,"routing_tag_ids":[],)"
    R"("diversion_in":null,"pai_in":null,"ppi_in":null,"privacy_in":null,)"
    R"("auth_orig_protocol_id":1,"auth_orig_ip":"{address}","auth_orig_port":5060,)"
    R"("customer_acc_vat":"0","destination_reverse_billing":0,"dialpeer_reverse_billing":0,)"
    R"("end_time":"{snapshot_time}"}})" "\n";
// clang-format on

} // namespace

void append_jsoneachrow(fmt::memory_buffer& output, const Snapshot& snapshot) {
    const std::string snapshot_time = text_of(snapshot.time);
    const std::string snapshot_date = date_of(snapshot.time);
    std::size_t place = 0;
    for (const Call& call : snapshot.calls) {
        const Account& account = call.trunk->account;
        const Country& destination = *call.destination;
        const Tariff& tariff = destination.tariff;
        fmt::format_to(
            std::back_inserter(output), json_row, fmt::arg("id", row_id(snapshot.time, ++place)),
            fmt::arg("snapshot_time", snapshot_time), fmt::arg("snapshot_date", snapshot_date),
            fmt::arg("node", node_id), fmt::arg("start_time", text_of(call.start)),
            fmt::arg("start_date", date_of(call.start)),
            fmt::arg("connect_time_or_null", call.is_connected_at(snapshot.time)
                                                 ? '"' + text_of(*call.connect) + '"'
                                                 : "null"),
            fmt::arg("address", *call.address), fmt::arg("call", call.number),
            fmt::arg("customer", account.customer_id), fmt::arg("account", account.id),
            fmt::arg("auth", 100 + account.id), fmt::arg("destination", 9000 + destination.number),
            fmt::arg("dialpeer", 7000 + destination.number),
            fmt::arg("network", 400 + destination.number),
            fmt::arg("prefix", std::string_view(call.called_number).substr(0, 4)),
            fmt::arg("initial_rate", tariff.initial_rate.text),
            fmt::arg("next_rate", tariff.next_rate.text),
            fmt::arg("initial_interval", tariff.initial_interval),
            fmt::arg("next_interval", tariff.next_interval), fmt::arg("fee", tariff.fee.text),
            fmt::arg("caller", call.caller->number), fmt::arg("called", call.called_number),
            fmt::arg("src_country_or_null", id_or(call.caller->country, "null")),
            fmt::arg("dst_country_or_null", id_or(&destination, "null")));
    }
}

void append_copy(fmt::memory_buffer& output, const Snapshot& snapshot) {
    const std::string snapshot_time = text_of(snapshot.time) + "+00";
    for (const Call& call : snapshot.calls)
        fmt::format_to(std::back_inserter(output), "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                       snapshot_time, call.trunk->account.id, id_or(call.caller->country, "\\N"),
                       id_or(call.destination, "\\N"), call.caller->number, call.called_number,
                       call.duration_at(snapshot.time), *call.address,
                       call.price_at(snapshot.time));
}

} // namespace active_calls::feed

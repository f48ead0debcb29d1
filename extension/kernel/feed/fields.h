// The fields of a row of the switch's feed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace active_calls {

// Those that are read.
enum class Field : std::uint8_t {
    snapshot_timestamp,
    connect_time,
    end_time,
    customer_acc_id,
    src_country_id,
    dst_country_id,
    src_prefix_routing,
    dst_prefix_routing,
    duration,
    auth_orig_ip,
    customer_price,
    destination_fee,
    destination_initial_rate,
    destination_next_rate,
    destination_initial_interval,
    destination_next_interval,
};

inline constexpr std::size_t field_count = 16;

std::string_view name_of(Field field);

// Nothing for a name that no field has which is read.
std::optional<Field> field_of(std::string_view name);

// A bit for each of them.
using FieldBits = std::uint32_t;

constexpr FieldBits bit_of(Field field) { return FieldBits{1} << static_cast<unsigned>(field); }

// Fields of a row that are read; others are as good as absent.
class FieldSet {
public:
    static FieldSet all();
    // Throws Error (unknown_column) for a name that no field of a switch's row has. What a switch
    // sends and nobody reads is ignored.
    void insert(std::string_view name);
    bool contains(Field field) const { return (bits_ & bit_of(field)) != 0; }

    // The same for sets of the same fields.
    FieldBits bits() const { return bits_; }

private:
    FieldBits bits_ = 0;
};

} // namespace active_calls

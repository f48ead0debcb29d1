#include "token.h"

#include "parameter_types.h"
#include "refusal.h"

#include <jwt.h>
#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

namespace active_calls::shim {

namespace {

using nlohmann::json;

constexpr std::string_view audience = "customer-v1";

// Beyond so many the known ones are forgotten.
constexpr std::size_t max_known_tokens = 1000;

template<auto release>
struct Deleter {
    void operator()(auto* resource) const { release(resource); }
};
using JwtPtr = std::unique_ptr<jwt_t, Deleter<jwt_free>>;
using CString = std::unique_ptr<char, Deleter<std::free>>;

const unsigned char* key_of(const Secret& secret) {
    return reinterpret_cast<const unsigned char*>(secret.bytes.data());
}

bool may_be_token(std::string_view text) {
    const auto is_token_character = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '_' || c == '.';
    };
    return text.size() <= max_token_length && std::ranges::all_of(text, is_token_character) &&
           std::ranges::count(text, '.') == 2;
}

// The bytes of a part of a token, which are in base64url without padding (RFC 7515, 2).
std::string from_base64url(std::string_view part) {
    std::string text(part);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    while (text.size() % 4 != 0) text += '=';
    std::string bytes(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    return length < 0 ? "" : bytes.substr(0, part.size() * 3 / 4);
}

[[noreturn]] void refuse(const std::string& reason) { throw Refusal::unauthorized(reason); }

// Whether it is JSON in which no object has two members of one name. Readers differ in which of
// them counts (RFC 8725, 2.4), so that the signer of the token may have meant the other one.
bool is_unambiguous(const std::string& text) {
    std::vector<std::set<std::string>> names_of_objects;
    bool is_repeated = false;
    const auto look = [&](int /*depth*/, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start)
            names_of_objects.emplace_back();
        else if (event == json::parse_event_t::object_end)
            names_of_objects.pop_back();
        else if (event == json::parse_event_t::key)
            is_repeated |= !names_of_objects.back().insert(value.get<std::string>()).second;
        return true;
    };
    return !json::parse(text, look, false).is_discarded() && !is_repeated;
}

// The JSON of a token, which libjwt shows only where the signature holds.
struct TokenText {
    explicit TokenText(std::string_view token)
        : header(from_base64url(token.substr(0, token.find('.'))))
        , claims(from_base64url(
              token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1))) {}

    std::string header;
    std::string claims;
};

// libjwt does not say why it takes a token for no good.
[[noreturn]] void refuse_undecoded(const TokenText& text) {
    const json header = json::parse(text.header, nullptr, false);
    const json claims = json::parse(text.claims, nullptr, false);
    if (!header.is_object() || !claims.is_object()) refuse("malformed");
    if (header.value("alg", json()) != "HS256") refuse("algorithm");
    refuse("bad signature");
}

// The claims of a token whose signature holds. Only HS256 counts, though libjwt verifies more,
// and a token that asks for extensions (`crit`) asks for what is not understood here.
json signed_claims(const std::string& token, const Secret& secret) {
    const TokenText text(token);
    jwt_t* decoded = nullptr;
    const int key_length = static_cast<int>(secret.bytes.size());
    if (jwt_decode(&decoded, token.c_str(), key_of(secret), key_length) != 0)
        refuse_undecoded(text);
    const JwtPtr jwt(decoded);
    const char* const algorithm = jwt_get_header(jwt.get(), "alg");
    if (!algorithm || std::string_view(algorithm) != "HS256") refuse("algorithm");
    if (CString(jwt_get_headers_json(jwt.get(), "crit"))) refuse("crit");
    if (!is_unambiguous(text.header) || !is_unambiguous(text.claims)) refuse("malformed");
    const CString claims_text(jwt_get_grants_json(jwt.get(), nullptr));
    json claims = json::parse(claims_text ? claims_text.get() : "", nullptr, false);
    if (!claims.is_object()) refuse("malformed");
    return claims;
}

// A time, which may have a fraction; `absent` where there is none.
double time_of(const json& claims, const char* name, double absent) {
    const auto time = claims.find(name);
    if (time == claims.end()) return absent;
    if (!time->is_number()) refuse(std::string(name) + " is no number");
    return time->get<double>();
}

bool is_for_customers(const json& claims) {
    const auto value = claims.find("aud");
    if (value == claims.end()) return false;
    return value->is_array() ? std::ranges::find(*value, json(audience)) != value->end()
                             : *value == audience;
}

std::optional<std::int32_t> to_int32(const json& value) {
    if (!value.is_number_integer()) return std::nullopt;
    // libjwt holds integers as 64 bits with a sign, so that this conversion is exact.
    const auto number = value.get<std::int64_t>();
    if (number < std::numeric_limits<std::int32_t>::min() ||
        number > std::numeric_limits<std::int32_t>::max())
        return std::nullopt;
    return static_cast<std::int32_t>(number);
}

std::optional<Scope> dynamic_scope(const json& claims) {
    const auto config = claims.find("cfg");
    if (config == claims.end() || !config->is_object()) return std::nullopt;
    const auto customer = config->find("customer_id");
    if (customer == config->end()) return std::nullopt;
    const auto customer_id = to_int32(*customer);
    if (!customer_id) return std::nullopt;
    CustomerScope scope{*customer_id, {}};
    const auto accounts = config->find("account_ids");
    if (accounts == config->end()) return scope;
    if (!accounts->is_array()) return std::nullopt;
    for (const auto& account : *accounts) {
        const auto id = to_int32(account);
        if (!id) return std::nullopt;
        scope.account_ids.push_back(*id);
    }
    return scope;
}

std::optional<Scope> scope_of(const json& claims) {
    const auto subject = claims.find("sub");
    if (subject == claims.end()) return std::nullopt;
    if (*subject == dynamic_subject) return dynamic_scope(claims);
    const auto id = subject->is_string() ? parse_int32(subject->get_ref<const std::string&>())
                                         : to_int32(*subject);
    if (!id) return std::nullopt;
    return ApiAccess{*id};
}

// What a token of this scope says of it; `config` is the `cfg` of a dynamic one.
json claims_of(const Scope& scope, const json& config) {
    json claims{{"aud", {audience}}};
    if (const auto* access = std::get_if<ApiAccess>(&scope)) {
        claims["sub"] = access->id;
    } else {
        claims["sub"] = dynamic_subject;
        claims["cfg"] = config;
    }
    return claims;
}

std::string signed_token(const std::string& claims, const Secret& secret) {
    jwt_t* created = nullptr;
    if (jwt_new(&created) != 0) throw std::runtime_error("could not make a token");
    const JwtPtr jwt(created);
    const int key_length = static_cast<int>(secret.bytes.size());
    if (jwt_set_alg(jwt.get(), JWT_ALG_HS256, key_of(secret), key_length) != 0 ||
        jwt_add_grants_json(jwt.get(), claims.c_str()) != 0)
        throw std::runtime_error("could not make a token");
    const CString text(jwt_encode_str(jwt.get()));
    if (!text) throw std::runtime_error("could not sign a token");
    return text.get();
}

} // namespace

TokenVerifier::TokenVerifier(Secret secret, bool require_expiry)
    : secret_(std::move(secret))
    , require_expiry_(require_expiry) {
    // libjwt takes a token without a signature for valid where there is no key to check it with.
    if (secret_.bytes.empty()) throw std::invalid_argument("the secret is empty");
}

std::shared_ptr<const Grant>
TokenVerifier::verify(std::string_view token, std::chrono::system_clock::time_point now) const {
    if (!may_be_token(token)) refuse("malformed");
    const std::string key(token);
    std::unique_lock lock(mutex_);
    auto known = known_.find(key);
    if (known == known_.end()) {
        lock.unlock();
        auto grant = std::make_shared<const Grant>(examine(key));
        lock.lock();
        if (known_.size() >= max_known_tokens) known_.clear();
        known = known_.insert_or_assign(key, std::move(grant)).first;
    }
    auto grant = known->second;
    const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
    if (seconds < grant->valid_from) refuse("not valid yet");
    if (seconds >= grant->valid_until) refuse("expired");
    return grant;
}

std::string TokenVerifier::renew(const Grant& grant, std::chrono::sys_seconds expiry) const {
    json claims = json::parse(grant.claims);
    claims["exp"] = expiry.time_since_epoch().count();
    return signed_token(claims.dump(), secret_);
}

Grant TokenVerifier::examine(const std::string& token) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const json claims = signed_claims(token, secret_);
    if (!is_for_customers(claims)) refuse("audience");
    if (require_expiry_ && !claims.contains("exp")) refuse("no exp");
    auto scope = scope_of(claims);
    if (!scope) refuse("subject");
    std::string renewed = claims_of(*scope, claims.value("cfg", json())).dump();
    return {*std::move(scope), std::move(renewed), time_of(claims, "nbf", -infinity),
            time_of(claims, "exp", infinity)};
}

std::string issue_token(const Secret& secret, const Scope& scope,
                        std::optional<std::chrono::sys_seconds> expiry) {
    json config;
    if (const auto* const customer = std::get_if<CustomerScope>(&scope))
        config = {{"customer_id", customer->customer_id}, {"account_ids", customer->account_ids}};
    json claims = claims_of(scope, config);
    if (expiry) claims["exp"] = expiry->time_since_epoch().count();
    return signed_token(claims.dump(), secret);
}

} // namespace active_calls::shim

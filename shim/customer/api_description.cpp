#include "api_description.h"

#include "credentials.h"
#include "http/common_headers.h"
#include "parameters.h"
#include "series.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace active_calls::shim {

namespace {

/// Keeps the order in which keys are written, for those who read it.
using Json = nlohmann::ordered_json;

Json reference_to(const std::string& component, const std::string& name) {
    return Json::object({{"$ref", "#/components/" + component + "/" + name}});
}

Json integer_schema(std::int32_t minimum) {
    return {{"type", "integer"},
            {"format", "int32"},
            {"minimum", minimum},
            {"maximum", std::numeric_limits<std::int32_t>::max()}};
}

/// The forms of values.h, parse_time; that a day exists is not said.
Json time_schema() {
    return {{"type", "string"},
            {"pattern", "^(-?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"
                        "(\\.[0-9]+)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?)?)$"},
            {"description",
             "ISO 8601: `2026-01-01T12:46:15Z`; with an offset such as `+02:00`; with a fraction; "
             "`T` or a space; without a zone it is UTC; a bare date is midnight UTC. Or whole "
             "seconds since 1970. Both within the years 0000 to 9999."}};
}

Json schema_of(ValueType type) {
    switch (type) {
    case ValueType::uuid:
        return {{"type", "string"}, {"format", "uuid"}};
    case ValueType::time:
        return time_schema();
    case ValueType::country_id:
        return integer_schema(0);
    case ValueType::int32:
        return integer_schema(std::numeric_limits<std::int32_t>::min());
    case ValueType::string:
        return {{"type", "string"},
                {"pattern", "^[^\\x00]*$"},
                {"description", "UTF-8 without NUL; may be empty."}};
    case ValueType::inet_address:
        return {
            {"type", "string"},
            {"anyOf",
             {{{"type", "string"}, {"format", "ipv4"}}, {{"type", "string"}, {"format", "ipv6"}}}},
            {"description", "An IPv4 or IPv6 address, without netmask and zone."}};
    case ValueType::finite_double:
        return {{"type", "number"},
                {"format", "double"},
                {"description", "Decimal, with an exponent or without; finite."}};
    }
    throw std::logic_error("a type of value without a schema");
}

bool is_text(const Json& schema) { return schema["type"] == "string"; }

Json describe(const Parameter& parameter) {
    const Json schema = schema_of(parameter.type);
    const Json example = is_text(schema) ? Json(parameter.example) : Json::parse(parameter.example);
    return {{"name", parameter.http_name},
            {"in", "query"},
            {"required", parameter.required},
            {"description", parameter.description},
            {"schema", schema},
            {"example", example}};
}

Json all_parameters() {
    Json all = Json::array();
    for (const auto& parameter : parameters) all.push_back(describe(parameter));
    return all;
}

Json header(const std::string& description, const Json& schema) {
    return {{"description", description}, {"required", true}, {"schema", schema}};
}

/// All headers of all answers, by name.
Json all_headers() {
    Json headers = Json::object();
    for (const auto& [name, value] : common_headers)
        // OpenAPI says it by the key of `content`.
        if (name != std::string_view("content-type"))
            headers[name] = header("Always the same.", {{"type", "string"}, {"const", value}});
    headers["x-request-id"] = header("The client's own, if it is sane, else a new UUID. The log "
                                     "has it too.",
                                     {{"type", "string"}, {"pattern", "^[A-Za-z0-9_.-]+$"}});
    headers["x-runtime"] = header("Seconds that the answer took, in whole milliseconds.",
                                  {{"type", "string"}, {"pattern", "^[0-9]+\\.[0-9]{6}$"}});
    headers["content-length"] =
        header("Bytes of the body; with 304 and to HEAD, of the body that is left out.",
               {{"type", "integer"}, {"minimum", 0}});
    headers["etag"] = header("Weak tag of the body, for `If-None-Match`.",
                             {{"type", "string"}, {"pattern", "^W/\"[0-9a-f]+\"$"}});
    headers["www-authenticate"] =
        header("How to authenticate.", {{"type", "string"}, {"const", "Bearer"}});
    headers["allow"] =
        header("The methods that there are.", {{"type", "string"}, {"const", "GET, HEAD"}});
    headers["retry-after"] =
        header("Seconds after which to try again.", {{"type", "integer"}, {"minimum", 1}});
    return headers;
}

/// Headers of one answer: those that every answer has, and `more`.
Json headers_with(std::vector<std::string> more) {
    std::vector<std::string> names;
    for (const auto& common : common_headers)
        if (common.name != std::string_view("content-type")) names.emplace_back(common.name);
    names.insert(names.end(), {"x-request-id", "x-runtime", "content-length"});
    names.insert(names.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
    Json headers = Json::object();
    for (const auto& name : names) headers[name] = reference_to("headers", name);
    return headers;
}

/// Values by their names.
using Examples = std::vector<std::pair<std::string, Json>>;

Json content_of(const Json& schema, const Examples& examples) {
    Json content{{"schema", schema}};
    for (const auto& [name, value] : examples)
        content["examples"][name] = Json::object({{"value", value}});
    return Json::object({{"application/json", content}});
}

Json answer(const std::string& description, const std::vector<std::string>& more_headers = {}) {
    return {{"description", description}, {"headers", headers_with(more_headers)}};
}

Json answer_with_content(const std::string& description, const Json& schema,
                         const Examples& examples,
                         const std::vector<std::string>& more_headers = {}) {
    Json whole = answer(description, more_headers);
    whole["content"] = content_of(schema, examples);
    return whole;
}

/// Texts by the names of what was wrong.
using Errors = std::vector<std::pair<std::string, std::string>>;

Json error_answer(const std::string& description, const Errors& errors,
                  const std::vector<std::string>& more_headers = {}) {
    Examples examples;
    for (const auto& [name, text] : errors)
        examples.emplace_back(name, Json::object({{"error", text}}));
    return answer_with_content(description, reference_to("schemas", "Error"), examples,
                               more_headers);
}

Json series_answer() {
    const Series sample{{1767271620, 1767271680}, {20, 19}};
    const Json schema{
        {"oneOf", {reference_to("schemas", "Series"), reference_to("schemas", "NothingYet")}}};
    return answer_with_content(
        "The series.", schema,
        {{"series", Json::parse(to_json(sample))}, {"from-time in the future", Json::array()}},
        {"etag"});
}

Json bad_request_answer() {
    return error_answer(
        "A parameter is absent or wrong: the text says which, the first in the order of this "
        "document. Or the request is no HTTP.",
        {{"absent", "missing required param(s) account-id, from-time"},
         {"wrong", "invalid value duration-gt"},
         {"array", "param duration-gt can't be an array"},
         {"no such account, or none that this token may see", "invalid value account-id"},
         {"too long a window", "the window has 200001 points, more than the limit of 100000"}});
}

Json all_answers() {
    return {
        {"Series", series_answer()},
        {"Description", answer_with_content("This document.", {{"type", "object"}}, {}, {"etag"})},
        {"NotModified", answer("The client holds it already, as `If-None-Match` says.", {"etag"})},
        {"BadRequest", bad_request_answer()},
        {"Unauthorized", answer("No token, or one that is malformed, forged, expired, of another "
                                "algorithm or audience, or of no API access.",
                                {"www-authenticate"})},
        {"NotFound", error_answer("The path is none of this document.", {{"path", "not found"}})},
        {"MethodNotAllowed", error_answer("The method is neither GET nor HEAD.",
                                          {{"method", "method not allowed"}}, {"allow"})},
        {"UriTooLong", error_answer("The URI is longer than 8 KiB.", {{"length", "URI too long"}})},
        {"HeaderTooLarge", error_answer("A header is longer than 8 KiB.",
                                        {{"length", "request header fields too large"}})},
        {"InternalServerError", answer("Anything else; the operator finds the reason in the log, "
                                       "by `x-request-id`.")},
        {"ServiceUnavailable",
         error_answer("The database is away, or all its connections are busy.",
                      {{"database", "database is not available"}}, {"retry-after"})},
        {"GatewayTimeout", error_answer("The query took too long: ask for a shorter window.",
                                        {{"time", "query took too long"}})},
    };
}

Json list_of_integers(const std::string& description, const std::string& format) {
    Json items{{"type", "integer"}, {"format", format}};
    return {{"type", "array"}, {"description", description}, {"items", items}};
}

Json all_schemas() {
    const Json data{{"type", "object"},
                    {"required", {"t", "calls"}},
                    {"properties",
                     {{"t", list_of_integers("When, in seconds since 1970, ascending.", "int64")},
                      {"calls", list_of_integers("How many calls were up then.", "int32")}}}};
    return {{"Series",
             {{"type", "object"},
              {"required", {"data", "rows"}},
              {"properties",
               {{"data", data},
                {"rows",
                 {{"type", "integer"}, {"minimum", 0}, {"description", "Number of points."}}}}}}},
            {"NothingYet",
             {{"type", "array"},
              {"maxItems", 0},
              {"items", Json::object()},
              {"description", "Of a `from-time` in the future."}}},
            {"Error",
             {{"type", "object"},
              {"required", Json::array({"error"})},
              {"properties", {{"error", Json::object({{"type", "string"}})}}}}}};
}

constexpr const char* token_text =
    "A JSON Web Token signed with HS256. `aud` is or holds `customer-v1`; `sub` is the id of an "
    "API access, or `D` for a token that carries its scope in `cfg`; `exp` is checked when it is "
    "there.";

Json all_security_schemes() {
    return {{"bearer",
             {{"type", "http"},
              {"scheme", "bearer"},
              {"bearerFormat", "JWT"},
              {"description", token_text}}},
            {"bare",
             {{"type", "apiKey"},
              {"in", "header"},
              {"name", "Authorization"},
              {"description", "The same token without `Bearer` before it."}}},
            {"cookie",
             {{"type", "apiKey"},
              {"in", "cookie"},
              {"name", cookie_name},
              {"description", "The same token, where there is no header `Authorization`."}}}};
}

Json any_security_scheme() {
    const Json schemes = all_security_schemes();
    Json any = Json::array();
    for (const auto& [name, scheme] : schemes.items())
        any.push_back(Json::object({{name, Json::array()}}));
    return any;
}

/// A status, and its answer's name in `all_answers`.
struct Status {
    int code;
    const char* answer;
};

constexpr std::array series_statuses{
    Status{200, "Series"},
    Status{304, "NotModified"},
    Status{400, "BadRequest"},
    Status{401, "Unauthorized"},
    Status{404, "NotFound"},
    Status{405, "MethodNotAllowed"},
    Status{414, "UriTooLong"},
    Status{431, "HeaderTooLarge"},
    Status{500, "InternalServerError"},
    Status{503, "ServiceUnavailable"},
    Status{504, "GatewayTimeout"},
};

constexpr std::array description_statuses{
    Status{200, "Description"}, Status{304, "NotModified"},    Status{405, "MethodNotAllowed"},
    Status{414, "UriTooLong"},  Status{431, "HeaderTooLarge"},
};

struct Operation {
    std::string id;
    std::string summary;
    std::string description;
};

Json describe(const Operation& operation, const Json& security, std::span<const Status> statuses) {
    Json responses = Json::object();
    for (const auto& [code, answer] : statuses)
        responses[std::to_string(code)] = reference_to("responses", answer);
    return {{"operationId", operation.id},
            {"summary", operation.summary},
            {"description", operation.description},
            {"security", security},
            {"responses", responses}};
}

Json series_resource() {
    const Json security = any_security_scheme();
    return {{"parameters", all_parameters()},
            {"get", describe({"getOriginationActiveCalls", "Calls over time",
                              "How many calls of an account were up in each snapshot of a window. "
                              "All filters combine with AND. Unknown parameters are ignored; of a "
                              "repeated one the last counts."},
                             security, series_statuses)},
            {"head", describe({"headOriginationActiveCalls", "Calls over time, the headers alone",
                               "What GET answers, without the body."},
                              security, series_statuses)}};
}

Json description_resource() {
    const Json nothing = Json::array();
    return {{"get", describe({"getApiDescription", "This document", "Needs no token."}, nothing,
                             description_statuses)},
            {"head", describe({"headApiDescription", "This document, the headers alone",
                               "What GET answers, without the body."},
                              nothing, description_statuses)}};
}

} // namespace

std::string api_description() {
    const Json document{
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "Active calls"},
          {"version", ACTIVE_CALLS_VERSION},
          {"summary", "How many calls of a customer were up, minute by minute."},
          {"license", {{"name", "PostgreSQL License"}, {"identifier", "PostgreSQL"}}}}},
        {"servers", Json::array({Json::object({{"url", "/"}})})},
        {"paths",
         {{series_path, series_resource()}, {api_description_path, description_resource()}}},
        {"components",
         {{"schemas", all_schemas()},
          {"headers", all_headers()},
          {"responses", all_answers()},
          {"securitySchemes", all_security_schemes()}}}};
    return document.dump();
}

} // namespace active_calls::shim

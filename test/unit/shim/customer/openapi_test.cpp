// The API's description against the table of parameters. That it is OpenAPI, and true of the
// running server, is seen in test/t/025_openapi.pl.
#include "customer/openapi.h"

#include "customer/parameters.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <regex>

namespace active_calls::shim {
namespace {

using nlohmann::json;

json document() { return json::parse(openapi_document); }

json described_parameters() { return document()["paths"][std::string(series_path)]["parameters"]; }

// Each string under the key `$ref`, wherever it is.
void collect_references(const json& value, std::vector<std::string>& references) {
    if (value.is_object() && value.contains("$ref")) references.push_back(value["$ref"]);
    if (value.is_structured())
        for (const auto& element : value) collect_references(element, references);
}

TEST(OpenApi, HasAllParametersInTheirOrder) {
    const json described = described_parameters();
    ASSERT_EQ(described.size(), parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        EXPECT_EQ(described[i]["name"], parameters[i].name);
        EXPECT_EQ(described[i]["required"], parameters[i].required);
        EXPECT_EQ(described[i]["schema"]["$ref"],
                  "#/components/schemas/" + std::string(parameters[i].type.schema));
        EXPECT_FALSE(described[i]["description"].get<std::string>().empty());
    }
}

TEST(OpenApi, HasExamplesThatTheParserTakes) {
    const json described = described_parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const json& example = described.at(i)["example"];
        const std::string text = example.is_string() ? example.get<std::string>() : example.dump();
        EXPECT_TRUE(parameters[i].type.to_binary(text)) << parameters[i].name;
    }
}

TEST(OpenApi, RefersOnlyToWhatIsThere) {
    const json whole = document();
    std::vector<std::string> references;
    collect_references(whole, references);
    EXPECT_FALSE(references.empty());
    for (const auto& reference : references)
        EXPECT_TRUE(whole.contains(json::json_pointer(reference.substr(1)))) << reference;
}

TEST(OpenApi, HasTheVersionInItsPlace) {
    const auto version = document()["info"]["version"].get<std::string>();
    EXPECT_TRUE(std::regex_match(version, std::regex("[0-9]+(\\.[0-9]+)+"))) << version;
}

} // namespace
} // namespace active_calls::shim

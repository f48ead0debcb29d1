// Tokens that must pass, and many that must not.
#include "customer/refusal.h"
#include "customer/token.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

namespace active_calls::shim {
namespace {

using nlohmann::json;

const Secret secret{"a key that is at least 32 bytes long"};
const std::chrono::system_clock::time_point now{std::chrono::seconds{1767271575}};

std::string base64url(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3), '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    while (text.ends_with('=')) text.pop_back();
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

// A token made by nothing but OpenSSL, so that it may be as odd as a test needs it.
std::string token(const std::string& header, const std::string& claims,
                  const EVP_MD* hash = EVP_sha256(), const Secret& key = secret) {
    const std::string signed_part = base64url(header) + "." + base64url(claims);
    std::array<unsigned char, EVP_MAX_MD_SIZE> signature{};
    unsigned int length = 0;
    HMAC(hash, key.bytes.data(), static_cast<int>(key.bytes.size()),
         reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(),
         signature.data(), &length);
    return signed_part + "." + base64url({reinterpret_cast<char*>(signature.data()), length});
}

const std::string header = R"({"alg":"HS256"})";

std::string token(const json& claims) { return token(header, claims.dump()); }

std::optional<Scope> verified(const TokenVerifier& verifier, const std::string& text,
                              std::chrono::system_clock::time_point when = now) try {
    return verifier.verify(text, when)->scope;
} catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 401);
    EXPECT_FALSE(refusal.reason.empty());
    return std::nullopt;
}

std::optional<Scope> verify(const std::string& text, bool require_expiry = false) {
    return verified(TokenVerifier(secret, require_expiry), text);
}

// What the log says of a token.
std::string reason(const std::string& text) try {
    TokenVerifier(secret, true).verify(text, now);
    return "";
} catch (const Refusal& refusal) {
    EXPECT_STREQ(refusal.what(), ""); // which is what the customer is told
    return refusal.reason;
}

json claims_in(std::string text) {
    text = text.substr(text.find('.') + 1, text.rfind('.') - text.find('.') - 1);
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    const auto length = text.size() * 3 / 4;
    text.resize((text.size() + 3) / 4 * 4, '=');
    std::string bytes(text.size(), '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                    reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    return json::parse(bytes.substr(0, length));
}

const json plain{{"aud", {"customer-v1"}}, {"sub", 37}, {"exp", 1767358035}};

json with(const std::string& name, const json& value) {
    json claims = plain;
    claims[name] = value;
    return claims;
}

json without(const std::string& name) {
    json claims = plain;
    claims.erase(name);
    return claims;
}

json dynamic(const json& config) {
    json claims = with("sub", "D");
    claims["cfg"] = config;
    return claims;
}

const std::optional<Scope> access_37 = ApiAccess{37};

TEST(Token, OfTheRealShapePasses) { EXPECT_EQ(verify(token(plain)), access_37); }

// The token is the one in the document of Yeti's API, demo.yeti-switch.org/doc/api/customer/v1. The
// keys are those that Yeti's public sources have for tests (config/secrets.yml.distr, `test`), with
// which that document is made.
TEST(Token, OfYetiIsSignedWithSecretKeyBase) {
    const std::string of_document =
        "eyJhbGciOiJIUzI1NiJ9."
        "eyJhdWQiOlsiY3VzdG9tZXItdjEiXSwic3ViIjozNywiZXhwIjoxNzY3MzU4MDM1fQ."
        "Wph_rCP7g_2B8KO-Uvwu_33e5NRF1ADJEtOm2051LaM";
    const Secret secret_key_base{
        "3beeee45bc938475ecba45075c53aae0f94299a83f824b25bbaf7965b4b0c60f"
        "f2b0c66c9047a026578deb5ecadabaa602891be2be66ed123a7b26876d4daddf"};
    const Secret customer_v1_jwt_secret{
        "1d40e6c756ad9bcb36f6acd1cdb130bb34874a4f5db9c4e261b8a4ae7261a253"
        "311dbf0e6b02f739ed6cf6655a7017184e08bdbfe38c8d14b2d8e988ac080b80"};
    EXPECT_EQ(verified(TokenVerifier(secret_key_base, true), of_document), access_37);
    EXPECT_FALSE(verified(TokenVerifier(customer_v1_jwt_secret, true), of_document));
}

TEST(Token, MayNameItsType) {
    EXPECT_EQ(verify(token(R"({"typ":"JWT","alg":"HS256"})", plain.dump())), access_37);
}

TEST(Token, MayHaveANumericStringAsSubject) {
    EXPECT_EQ(verify(token(with("sub", "37"))), access_37);
}

TEST(Token, HasASubjectOfTheRightType) {
    for (const json& subject :
         {json(nullptr), json(37.0), json(true), json("37x"), json(""), json(" 37"), json("d"),
          json({37}), json(2147483648), json(-2147483649), json("2147483648"), json::object()})
        EXPECT_FALSE(verify(token(with("sub", subject)))) << subject;
    EXPECT_FALSE(verify(token(without("sub"))));
}

TEST(Token, IsForCustomers) {
    EXPECT_EQ(verify(token(with("aud", "customer-v1"))), access_37);
    EXPECT_EQ(verify(token(with("aud", {"admin", "customer-v1"}))), access_37);
    for (const json& audience : {json("admin"), json({"admin"}), json(json::array()), json(1),
                                 json(nullptr), json("customer-v10"), json({{"customer-v1", 1}})})
        EXPECT_FALSE(verify(token(with("aud", audience)))) << audience;
    EXPECT_FALSE(verify(token(without("aud"))));
}

TEST(Token, Expires) {
    EXPECT_EQ(verify(token(with("exp", 1767271576))), access_37);
    EXPECT_EQ(verify(token(with("exp", 1767271575.5))), access_37);
    for (const json& expiry : {json(1767271575), json(1767271574), json(0), json(-1),
                               json("1767358035"), json(nullptr), json(json::array())})
        EXPECT_FALSE(verify(token(with("exp", expiry)))) << expiry;
}

TEST(Token, ExpiresAlsoWhenItIsKnown) {
    const TokenVerifier verifier(secret, false);
    const std::string text = token(with("exp", 1767271576));
    EXPECT_EQ(verified(verifier, text), access_37);
    EXPECT_EQ(verified(verifier, text), access_37);
    EXPECT_FALSE(verified(verifier, text, now + std::chrono::seconds{1}));
}

TEST(Token, NeedsAnExpiryOnlyWhereRequired) {
    EXPECT_EQ(verify(token(without("exp"))), access_37);
    EXPECT_FALSE(verify(token(without("exp")), true));
    EXPECT_EQ(verify(token(plain), true), access_37);
}

TEST(Token, IsNotValidBeforeItsTime) {
    EXPECT_EQ(verify(token(with("nbf", 1767271575))), access_37);
    EXPECT_FALSE(verify(token(with("nbf", 1767271576))));
    EXPECT_FALSE(verify(token(with("nbf", "0"))));
}

TEST(Token, IsSignedWithOurKeyAndAlgorithm) {
    EXPECT_FALSE(verify(token(header, plain.dump(), EVP_sha256(), Secret{"another key"})));
    EXPECT_FALSE(verify(token(R"({"alg":"HS384"})", plain.dump(), EVP_sha384())));
    EXPECT_FALSE(verify(token(R"({"alg":"HS512"})", plain.dump(), EVP_sha512())));
    for (const auto other :
         {R"({"alg":"none"})", R"({"alg":"hs256"})", R"({"alg":"RS256"})", R"({"alg":"ES256"})",
          R"({"alg":null})", R"({"alg":["HS256"]})", R"({})", R"([])", "x", ""})
        EXPECT_FALSE(verify(token(other, plain.dump()))) << other;
}

TEST(Token, HasASignature) {
    const std::string none = base64url(R"({"alg":"none"})") + "." + base64url(plain.dump()) + ".";
    EXPECT_FALSE(verify(none));
    const std::string good = token(plain);
    EXPECT_FALSE(verify(good.substr(0, good.rfind('.') + 1)));
    EXPECT_FALSE(verify(good.substr(0, good.rfind('.'))));
    EXPECT_FALSE(verify(good.substr(0, good.size() - 1)));
    EXPECT_FALSE(verify(good + "A"));
}

TEST(Token, CannotBeChanged) {
    const std::string good = token(plain);
    const std::string other = token(with("sub", 38));
    const auto claims_at = good.find('.');
    const auto signature_at = good.rfind('.');
    EXPECT_FALSE(verify(other.substr(0, other.rfind('.')) + good.substr(signature_at)));
    EXPECT_FALSE(verify(base64url(R"({"alg":"HS256","x":1})") + good.substr(claims_at)));
}

TEST(Token, AsksForNoExtensions) {
    EXPECT_FALSE(verify(token(R"({"alg":"HS256","crit":["exp"]})", plain.dump())));
}

TEST(Token, NamesNothingTwice) {
    EXPECT_EQ(verify(token(header, R"({"aud":"customer-v1","sub":37})")), access_37);
    EXPECT_FALSE(verify(token(header, R"({"aud":"customer-v1","sub":37,"sub":37})")));
    EXPECT_FALSE(verify(token(header, R"({"aud":"customer-v1","sub":38,"\u0073ub":37})")));
    EXPECT_FALSE(verify(token(header, R"({"aud":"customer-v1","sub":"D","cfg":)"
                                      R"({"customer_id":3,"account_ids":[7],"account_ids":[]}})")));
    EXPECT_FALSE(verify(token(R"({"alg":"HS256","alg":"HS256"})", plain.dump())));
    // In different objects a name may stand again.
    EXPECT_EQ(verify(token(header, R"({"aud":"customer-v1","sub":37,"x":[{"sub":1},{"sub":2}]})")),
              access_37);
}

TEST(Token, IsWellFormed) {
    using namespace std::string_literals;
    const std::string good = token(plain);
    for (const auto& text :
         {""s, "."s, ".."s, "..."s, "a.b.c"s, good + "."s, good + "\0"s, good + " "s, " "s + good,
          good + "="s, std::string(100'000, 'a'), std::string(max_token_length + 1, '.')})
        EXPECT_FALSE(verify(text)) << text.substr(0, 200);
    for (const auto claims : {"[]", "37", "null", "\"D\"", "{", "", "{}"})
        EXPECT_FALSE(verify(token(header, claims))) << claims;
    EXPECT_FALSE(verify(token(header, R"({"aud":"customer-v1","sub":37,"exp":1e999})")));
}

TEST(Token, IsRefusedForAReason) {
    EXPECT_EQ(reason(token(plain)), "");
    EXPECT_EQ(reason("x"), "malformed");
    EXPECT_EQ(reason("a.b.c"), "malformed");
    EXPECT_EQ(reason(token(header, "[]")), "malformed");
    EXPECT_EQ(reason(token("[]", plain.dump())), "malformed");
    EXPECT_EQ(reason(token(header, R"({"sub":37,"sub":37})")), "malformed");
    EXPECT_EQ(reason(token(header, plain.dump(), EVP_sha256(), Secret{secret.bytes + "\r"})),
              "bad signature");
    EXPECT_EQ(reason(token(R"({"alg":"HS512"})", plain.dump(), EVP_sha512())), "algorithm");
    EXPECT_EQ(reason(token(R"({"alg":"none"})", plain.dump())), "algorithm");
    EXPECT_EQ(reason(token(R"({"alg":"HS256","crit":["exp"]})", plain.dump())), "crit");
    EXPECT_EQ(reason(token(with("aud", "admin"))), "audience");
    EXPECT_EQ(reason(token(with("sub", "x"))), "subject");
    EXPECT_EQ(reason(token(dynamic({{"customer_id", "3"}}))), "subject");
    EXPECT_EQ(reason(token(without("exp"))), "no exp");
    EXPECT_EQ(reason(token(with("exp", "tomorrow"))), "exp is no number");
    EXPECT_EQ(reason(token(with("exp", 1767271575))), "expired");
    EXPECT_EQ(reason(token(with("nbf", 1767271576))), "not valid yet");
}

TEST(DynamicToken, CarriesItsScope) {
    EXPECT_EQ(verify(token(dynamic({{"customer_id", 3}}))), Scope(CustomerScope{3, {}}));
    EXPECT_EQ(verify(token(dynamic({{"customer_id", 3}, {"account_ids", json::array()}}))),
              Scope(CustomerScope{3, {}}));
    EXPECT_EQ(
        verify(token(dynamic(
            {{"customer_id", 3}, {"account_ids", {7, 8}}, {"allow_listen_recording", true}}))),
        Scope(CustomerScope{3, {7, 8}}));
}

TEST(DynamicToken, HasAScopeOfTheRightTypes) {
    for (const json& config :
         {json(nullptr), json(3), json::object(), json(json::array()), json({{"customer_id", "3"}}),
          json({{"customer_id", 3.0}}), json({{"customer_id", nullptr}}),
          json({{"customer_id", 2147483648}}), json({{"account_ids", {7}}}),
          json({{"customer_id", 3}, {"account_ids", nullptr}}),
          json({{"customer_id", 3}, {"account_ids", 7}}),
          json({{"customer_id", 3}, {"account_ids", {7, "8"}}}),
          json({{"customer_id", 3}, {"account_ids", {7, 8.5}}}),
          json({{"customer_id", 3}, {"account_ids", {{"7", 7}}}})})
        EXPECT_FALSE(verify(token(dynamic(config)))) << config;
    EXPECT_FALSE(verify(token(with("sub", "D"))));
}

TEST(IssuedToken, IsOneThatPasses) {
    const auto expiry = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::minutes{10};
    for (const Scope& scope :
         {Scope(ApiAccess{37}), Scope(CustomerScope{3, {}}), Scope(CustomerScope{3, {7, 8}})}) {
        const TokenVerifier verifier(secret, true);
        const std::string text = issue_token(secret, scope, expiry);
        EXPECT_EQ(verified(verifier, text), scope);
        EXPECT_FALSE(verified(verifier, text, expiry));
        EXPECT_FALSE(verified(verifier, issue_token(secret, scope, std::nullopt)));
        EXPECT_EQ(verify(issue_token(secret, scope, std::nullopt)), scope);
    }
}

// The claims of what a token of `claims` is renewed to.
json renewed(const json& claims) {
    const TokenVerifier verifier(secret, true);
    const auto grant = verifier.verify(token(claims), now);
    const std::chrono::sys_seconds expiry{std::chrono::seconds{1767272175}};
    const std::string text = verifier.renew(*grant, expiry);
    EXPECT_EQ(verified(verifier, text), grant->scope);
    EXPECT_FALSE(verified(verifier, text, expiry));
    return claims_in(text);
}

TEST(RenewedToken, GrantsTheSameForLonger) {
    EXPECT_EQ(renewed(plain), json({{"aud", {"customer-v1"}}, {"sub", 37}, {"exp", 1767272175}}));
    EXPECT_EQ(renewed(with("sub", "37")), renewed(plain));
}

TEST(RenewedToken, GrantsNothingElse) {
    EXPECT_EQ(renewed(with("aud", {"admin", "customer-v1"})), renewed(plain));
    EXPECT_EQ(renewed(with("cfg", {{"customer_id", 3}})), renewed(plain));
    EXPECT_EQ(renewed(with("nbf", 1767271575)), renewed(plain));
}

TEST(RenewedToken, HasAllOfItsConfiguration) {
    for (const json& config :
         {json({{"customer_id", 3}}), json({{"customer_id", 3}, {"account_ids", json::array()}}),
          json({{"customer_id", 3},
                {"account_ids", {7, 8}},
                {"customer_portal_access_profile_id", 1},
                {"allow_outgoing_numberlists_ids", {5}},
                {"allowed_ips", {"0.0.0.0/0", "::/0"}},
                {"provision_gateway_id", nullptr}}),
          json({{"customer_id", 3},
                {"other", {{"a", {true, nullptr, 1.5, 1e22, -9223372036854775807, "\u00e9\""}}}}})})
        EXPECT_EQ(
            renewed(dynamic(config)),
            json({{"aud", {"customer-v1"}}, {"sub", "D"}, {"cfg", config}, {"exp", 1767272175}}));
}

TEST(Verifier, NeedsASecret) {
    EXPECT_THROW(TokenVerifier(Secret{}, false), std::invalid_argument);
}

} // namespace
} // namespace active_calls::shim

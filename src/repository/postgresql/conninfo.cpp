#include "dti/repository/postgresql/conninfo.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

namespace dti {
namespace {

constexpr std::array<std::string_view, 5> kSecretKeys = {"password", "sslpassword", "oauth_client_secret",
                                                         "scram_client_key", "scram_server_key"};

bool is_secret_key(std::string_view key) {
  return std::find(kSecretKeys.begin(), kSecretKeys.end(), key) != kSecretKeys.end();
}

/// In a URI, an '@' after the user and the password is most likely a part of the password: one with an '@' or a '/' in
/// it that is not percent-encoded. libpq would take the rest of the password for a host or a database, and show it.
void refuse_stray_at(std::string_view uri) {
  std::string_view rest = uri.substr(uri.find("://") + 3);
  const std::size_t end = rest.find_first_of("@/");
  if (end != std::string_view::npos && rest[end] == '@') rest.remove_prefix(end + 1);
  if (rest.substr(0, rest.find('?')).find('@') == std::string_view::npos) return;
  throw ConninfoError{"a '@' or '/' in its user or password is not percent-encoded (write %40 or %2F)"};
}

/// A text that libpq's error begins with, for every address, and what the server shows for it.
struct ParseError {
  std::string_view begins;
  std::string_view shown;
};

// In the rest of its errors libpq quotes the address.
constexpr ParseError kParseErrors[] = {
    {"unterminated quoted string", "a quoted value in it has no closing '"},
    {"missing \"=\" after", "a keyword in it has no = (quote a value that has spaces: 'a b')"},
    {"invalid percent-encoded token", "a % in it is not followed by two hexadecimal digits (write %25 for a %)"},
    {"forbidden value %00", "%00 is not allowed in it"},
    {"unexpected spaces found", "a space in it is not percent-encoded (write %20)"},
    {"IPv6 host address may not be empty", "the host in [] is empty"},
    {"end of string reached when looking for matching \"]\"", "the host has no closing ]"},
    {"unexpected character", "the host in [] is followed by something else than a port or a database"},
    {"extra key/value separator \"=\"", "one parameter of its query has two = (write %3D in a value)"},
    {"missing key/value separator \"=\"", "one parameter of its query has no ="},
};

/// The keyword that libpq does not know, if this is libpq's error about one.
std::optional<std::string_view> unknown_keyword(std::string_view error) {
  for (const std::string_view begin : {"invalid connection option \"", "invalid URI query parameter: \""}) {
    if (!error.starts_with(begin)) continue;
    const std::string_view keyword = error.substr(begin.size());
    return keyword.substr(0, keyword.find('"'));
  }
  return std::nullopt;
}

/// Tells whether the keyword may be a piece of a password with a space, '&' or '?' in it: the address has a secret; or
/// it is a URI with an '@' or a '%'; or the keyword has characters that no keyword of libpq has.
bool may_be_secret(std::string_view keyword, std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";
  if (keyword.empty() || keyword.find_first_not_of(kLetters) != std::string_view::npos) return true;
  if (is_conninfo_uri(text) && text.find_first_of("@%") != std::string_view::npos) return true;
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(),
                     [&](std::string_view key) { return text.find(key) != std::string_view::npos; });
}

/// Describes libpq's error for this text, and shows nothing that may be a part of a password.
std::string describe_parse_error(std::string_view error, std::string_view text) {
  for (const ParseError& known : kParseErrors) {
    if (error.starts_with(known.begins)) return std::string{known.shown};
  }
  if (const auto keyword = unknown_keyword(error)) {
    if (!may_be_secret(*keyword, text)) return "libpq does not know the keyword \"" + std::string{*keyword} + "\"";
    return "libpq does not know one of its keywords, which is not shown because it may be a part of a password";
  }
  return "libpq takes it neither as a URI nor as KEY=VALUE KEY=VALUE …: see \"Connection Strings\" in PostgreSQL's "
         "manual"
         " of libpq";
}

/// The elements of one of libpq's lists, which are separated by commas. An empty one stands for libpq's default.
std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> elements;
  while (true) {
    const std::size_t end = list.find(',');
    elements.emplace_back(list.substr(0, end));
    if (end == std::string_view::npos) return elements;
    list.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_conninfo_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Conninfo::Conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw ConninfoError{"it holds a NUL"};
  if (is_conninfo_uri(text)) refuse_stray_at(text);
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
      PQconninfoParse(std::string{text}.c_str(), &error), &PQconninfoFree};
  const std::unique_ptr<char, decltype(&PQfreemem)> owned_error{error, &PQfreemem};
  if (options == nullptr) throw ConninfoError{describe_parse_error(error != nullptr ? error : "", text)};
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    set(option->keyword, option->val);
    // libpq marks what a dialog must not show.
    if (option->dispchar[0] == '*' || is_secret_key(option->keyword)) secret_keys_.insert(option->keyword);
  }
  if (value("port").find_first_not_of("0123456789,") != std::string::npos) {
    throw ConninfoError{"its port is not a number (in a URI, percent-encode what is special in user and password)"};
  }
}

std::string Conninfo::value(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::string{} : found->second;
}

void Conninfo::set(std::string_view key, std::string_view value) { values_.insert_or_assign(std::string{key}, value); }

std::string Conninfo::text() const {
  std::string text;
  for (const auto& [key, value] : values_) {
    text += (text.empty() ? "" : " ") + key + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text;
}

std::string Conninfo::address() const {
  std::string address;
  for (const std::string_view key : {"host", "hostaddr", "port", "dbname", "service"}) {
    if (const std::string shown = value(key); !shown.empty()) {
      address += (address.empty() ? "" : " ") + std::string{key} + "=" + shown;
    }
  }
  return address.empty() ? "(libpq's defaults)" : address;
}

bool Conninfo::has_password() const {
  return std::any_of(secret_keys_.begin(), secret_keys_.end(), [&](const auto& key) { return !value(key).empty(); });
}

void Conninfo::remove_passwords() {
  for (const auto& key : secret_keys_) values_.erase(key);
  secret_keys_.clear();
}

bool Conninfo::is_revealed_by(std::string_view text) const {
  return std::any_of(secret_keys_.begin(), secret_keys_.end(), [&](const auto& key) {
    const auto secret = value(key);
    return !secret.empty() && text.find(secret) != std::string_view::npos;
  });
}

std::vector<Conninfo> hosts_of(const Conninfo& conninfo) {
  constexpr std::array<std::string_view, 3> kLists = {"host", "hostaddr", "port"};
  std::size_t count = 1;
  for (const std::string_view key : {"host", "hostaddr"}) {
    count = std::max(count, elements_of(conninfo.value(key)).size());
  }
  // A list in the environment belongs to the whole list of hosts.
  for (const char* const name : {"PGHOSTADDR", "PGPORT"}) {
    const char* const list = std::getenv(name);
    if (list != nullptr && std::string_view{list}.find(',') != std::string_view::npos) return {conninfo};
  }
  std::vector<Conninfo> hosts(count, conninfo);
  for (const std::string_view key : kLists) {
    const auto elements = elements_of(conninfo.value(key));
    const bool holds_for_all = conninfo.value(key).empty() || (key == "port" && elements.size() == 1);
    if (holds_for_all) continue;
    if (elements.size() != count) return {conninfo};
    for (std::size_t i = 0; i < count; ++i) hosts[i].set(key, elements[i]);
  }
  return hosts;
}

std::chrono::seconds connect_timeout(const Conninfo& conninfo, std::chrono::milliseconds timeout) {
  const auto host_count = static_cast<std::int64_t>(hosts_of(conninfo).size());
  return std::max(std::chrono::seconds{2}, std::chrono::floor<std::chrono::seconds>(timeout / host_count));
}

}  // namespace dti

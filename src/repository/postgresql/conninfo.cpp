#include "dti/repository/postgresql/conninfo.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

namespace dti {
namespace {

bool is_secret_key(std::string_view key) {
  constexpr std::array<std::string_view, 4> kSecretKeys = {"password", "sslpassword", "oauth_client_secret",
                                                           "scram_client_key"};
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

}  // namespace

bool is_conninfo_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Conninfo::Conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw ConninfoError{"it holds a NUL"};
  if (is_conninfo_uri(text)) refuse_stray_at(text);
  // The error of libpq is not read: it quotes the text.
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
      PQconninfoParse(std::string{text}.c_str(), nullptr), &PQconninfoFree};
  if (options == nullptr) {
    throw ConninfoError{
        "libpq takes it neither as a URI nor as KEY=VALUE KEY=VALUE …, or does not know one of its keys (in a URI,"
        " percent-encode what is special in user and password; quote a value that has spaces: 'a b')"};
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) set(option->keyword, option->val);
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
  return std::any_of(values_.begin(), values_.end(),
                     [](const auto& item) { return is_secret_key(item.first) && !item.second.empty(); });
}

bool Conninfo::is_revealed_by(std::string_view text) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& item) {
    return is_secret_key(item.first) && !item.second.empty() && text.find(item.second) != std::string_view::npos;
  });
}

std::chrono::seconds connect_timeout(const Conninfo& conninfo, std::chrono::milliseconds timeout) {
  const std::string addresses = conninfo.value("hostaddr");
  const std::string hosts = addresses.empty() ? conninfo.value("host") : addresses;
  const auto host_count = 1 + std::count(hosts.begin(), hosts.end(), ',');
  return std::max(std::chrono::seconds{2}, std::chrono::floor<std::chrono::seconds>(timeout / host_count));
}

}  // namespace dti

#include "dti/repository/postgresql/conninfo.hpp"

#include <algorithm>
#include <array>

namespace dti {
namespace {

constexpr std::array<std::string_view, 4> kSecretKeys = {"password", "sslpassword", "oauth_client_secret",
                                                         "scram_client_key"};
constexpr std::string_view kUriPrefixes[] = {"postgresql://", "postgres://"};
constexpr std::string_view kSpace = " \t\n\r\f\v";

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t found = kDigits.find(lower(c));
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) {
      throw ConninfoError{"a '%' in it is not followed by two hexadecimal digits (write %25 for a '%')"};
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

/// Takes the text up to the first of `ends`, or all of it, off the front of `rest`.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  const std::string_view taken = rest.substr(0, rest.find_first_of(ends));
  rest.remove_prefix(taken.size());
  return taken;
}

void check_ports(std::string_view ports) {
  if (ports.find_first_not_of("0123456789,") != std::string_view::npos) {
    throw ConninfoError{"its port is not a number (in a URI, percent-encode what is special in user and password)"};
  }
}

}  // namespace

bool is_conninfo_uri(std::string_view text) {
  return std::any_of(std::begin(kUriPrefixes), std::end(kUriPrefixes),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool is_secret_key(std::string_view key) {
  std::string name{key};
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return std::find(kSecretKeys.begin(), kSecretKeys.end(), name) != kSecretKeys.end();
}

Conninfo::Conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw ConninfoError{"it holds a NUL"};
  }
  if (is_conninfo_uri(text)) {
    read_uri(text);
  } else {
    read_pairs(text);
  }
  check_ports(value("port"));
}

std::string Conninfo::value(std::string_view key) const {
  const auto item = std::find_if(items_.begin(), items_.end(), [&](const auto& each) { return each.first == key; });
  return item == items_.end() ? std::string{} : item->second;
}

void Conninfo::set(std::string_view key, std::string_view value) {
  const auto item = std::find_if(items_.begin(), items_.end(), [&](const auto& each) { return each.first == key; });
  if (item != items_.end()) {
    item->second = value;
  } else {
    items_.emplace_back(key, value);
  }
}

void Conninfo::read_uri(std::string_view text) {
  std::string_view rest = text.substr(text.find("://") + 3);
  read_authority(rest);
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::string_view database = take_until(rest, "?");
    // Most likely the end of a password with a '/' in it: a database's name would have to be encoded.
    if (database.find('@') != std::string_view::npos) {
      throw ConninfoError{"a '@' or '/' in its user or password is not percent-encoded"};
    }
    if (!database.empty()) {
      set("dbname", percent_decoded(database));
    }
  }
  if (rest.starts_with('?')) {
    read_query(rest.substr(1));
  }
}

/// [user[:password]@][host[:port][,…]]
void Conninfo::read_authority(std::string_view& rest) {
  const std::size_t at = rest.find_first_of("@/");
  if (at != std::string_view::npos && rest[at] == '@') {
    const std::string_view user_and_password = rest.substr(0, at);
    const std::size_t colon = user_and_password.find(':');
    if (const std::string_view user = user_and_password.substr(0, colon); !user.empty()) {
      set("user", percent_decoded(user));
    }
    if (colon != std::string_view::npos && colon + 1 < user_and_password.size()) {
      set("password", percent_decoded(user_and_password.substr(colon + 1)));
    }
    rest.remove_prefix(at + 1);
  }
  std::string hosts;
  std::string ports;
  for (bool more = true; more;) {
    if (rest.starts_with('[')) {
      rest.remove_prefix(1);
      const std::string_view address = take_until(rest, "]");
      if (address.empty() && !rest.empty()) {
        throw ConninfoError{"nothing stands between the '[' and ']' of its address"};
      }
      hosts += percent_decoded(address);
      if (rest.size() > 1 && std::string_view{":/?,"}.find(rest[1]) == std::string_view::npos) {
        throw ConninfoError{"something stands between the ']' of its address and the port"};
      }
      if (rest.empty()) {
        throw ConninfoError{"the ']' of its address is missing"};
      }
      rest.remove_prefix(1);
    } else {
      const std::string_view host = take_until(rest, ":/?,");
      if (host.find('@') != std::string_view::npos) {  // the end of a password with a '@' in it
        throw ConninfoError{"a '@' in its user or password is not percent-encoded (write %40)"};
      }
      hosts += percent_decoded(host);
    }
    if (rest.starts_with(':')) {
      rest.remove_prefix(1);
      ports += percent_decoded(take_until(rest, "/?,"));
    }
    more = rest.starts_with(',');
    if (more) {
      rest.remove_prefix(1);
      hosts += ',';
      ports += ',';
    }
  }
  if (!hosts.empty()) {
    set("host", hosts);
  }
  if (!ports.empty()) {
    set("port", ports);
  }
}

void Conninfo::read_query(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = take_until(query, "&");
    if (!query.empty()) {
      query.remove_prefix(1);
    }
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || pair.find('=', equals + 1) != std::string_view::npos) {
      throw ConninfoError{"what stands after its '?' is not KEY=VALUE&KEY=VALUE"};
    }
    std::string key = percent_decoded(pair.substr(0, equals));
    if (key.find('=') != std::string::npos || key.find_first_of(kSpace) != std::string::npos || is_conninfo_uri(key)) {
      throw ConninfoError{"a key after its '?' holds what no key has"};  // and what text() could not write as one
    }
    std::string value = percent_decoded(pair.substr(equals + 1));
    if (key == "ssl" && value == "true") {  // as libpq does, for JDBC's URIs
      key = "sslmode";
      value = "require";
    }
    set(key, value);
  }
}

void Conninfo::read_pairs(std::string_view text) {
  const auto skip_space = [&] { text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size())); };
  for (skip_space(); !text.empty(); skip_space()) {
    const std::string key{text.substr(0, std::min(text.find('='), text.find_first_of(kSpace)))};
    text.remove_prefix(key.size());
    skip_space();
    // A URI behind white space is none; as the first key it would be one again in text().
    if (key.empty() || is_conninfo_uri(key) || !text.starts_with('=')) {
      throw ConninfoError{"it is not KEY=VALUE KEY=VALUE … (quote a value that has spaces: 'a b')"};
    }
    text.remove_prefix(1);
    skip_space();
    const bool quoted = text.starts_with('\'');
    text.remove_prefix(quoted ? 1 : 0);
    std::string value;
    while (!text.empty() && (quoted ? text.front() != '\'' : !is_space(text.front()))) {
      if (text.front() == '\\') {
        text.remove_prefix(1);
        if (text.empty()) {
          break;
        }
      }
      value += text.front();
      text.remove_prefix(1);
    }
    if (quoted) {
      if (text.empty()) {
        throw ConninfoError{"a quote in it is not closed"};
      }
      text.remove_prefix(1);
    }
    set(key, value);
  }
}

std::string Conninfo::text() const {
  std::string text;
  for (const auto& [key, value] : items_) {
    text += (text.empty() ? "" : " ") + key + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') {
        text += '\\';
      }
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
  return std::any_of(items_.begin(), items_.end(),
                     [](const auto& item) { return is_secret_key(item.first) && !item.second.empty(); });
}

bool Conninfo::is_revealed_by(std::string_view text) const {
  return std::any_of(items_.begin(), items_.end(), [&](const auto& item) {
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

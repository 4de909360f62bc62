#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dti {

/// Why a connection text is not one; says what is wrong and shows nothing of the text, which may hold a password.
class ConninfoError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A libpq connection text (a URI, or KEY=VALUE …) taken apart by libpq's own rules, so that libpq never sees, and
/// never quotes, one that is malformed.
class Conninfo {
 public:
  /// @throws ConninfoError
  explicit Conninfo(std::string_view text);

  /// The value of a key; empty if it is not there.
  [[nodiscard]] std::string value(std::string_view key) const;
  /// Gives the key this value, whatever it had.
  void set(std::string_view key, std::string_view value);
  /// The text as KEY='VALUE' …, with everything in it.
  [[nodiscard]] std::string text() const;
  /// Host, port and database, for people.
  [[nodiscard]] std::string address() const;

  [[nodiscard]] bool has_password() const;
  /// Does the text hold the value of a secret?
  [[nodiscard]] bool is_revealed_by(std::string_view text) const;

 private:
  void read_uri(std::string_view text);
  void read_pairs(std::string_view text);
  void read_authority(std::string_view& rest);
  void read_query(std::string_view query);

  std::vector<std::pair<std::string, std::string>> items_;  // no key twice
};

/// How long libpq may try each of the hosts, one after the other, so that all of them fit into `timeout`; but at least
/// 2 s each, since libpq knows nothing shorter. (A host's name that stands for several addresses counts once, and libpq
/// gives each address that long.)
[[nodiscard]] std::chrono::seconds connect_timeout(const Conninfo& conninfo, std::chrono::milliseconds timeout);

/// Does the text begin as a URI of libpq does?
[[nodiscard]] bool is_conninfo_uri(std::string_view text);

/// Is the key one whose value must not be shown?
[[nodiscard]] bool is_secret_key(std::string_view key);

}  // namespace dti

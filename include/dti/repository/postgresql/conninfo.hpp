#pragma once

#include <chrono>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// A text is not a connection text. The error says why. It shows at most a keyword of the text, because the rest may hold
/// a password.
class ConninfoError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The settings of a connection text, a URI or KEY=VALUE …, as libpq reads it. The service file, the environment and the
/// defaults are not in it: libpq adds them when it connects.
class Conninfo {
 public:
  /// @throws ConninfoError  libpq does not take the text or does not know a keyword in it, or libpq would take a part of
  ///                        a password for a host, a port or a database
  explicit Conninfo(std::string_view text);

  /// The value of a key; empty if the text does not set it.
  [[nodiscard]] std::string value(std::string_view key) const;
  /// Sets the key to this value. A key that libpq does not know makes the connection fail.
  void set(std::string_view key, std::string_view value);
  /// The text as KEY='VALUE' …, with everything in it, also the password.
  [[nodiscard]] std::string text() const;
  /// Host, port and database, for people and logs.
  [[nodiscard]] std::string address() const;

  [[nodiscard]] bool has_password() const;
  /// Removes the passwords and the other secret keys.
  void remove_passwords();
  /// Whether the text holds the value of a password or of another secret key.
  [[nodiscard]] bool is_revealed_by(std::string_view text) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;  // by their keys
  std::set<std::string, std::less<>> secret_keys_;  // those in values_ that libpq's dialogs would hide, and others
};

/// One connection text for each host of this one, in its order: the same settings with one host, address and port. A text
/// without hosts, or one whose lists differ in length, which libpq refuses, stays as it is; also if the environment has a
/// list of addresses or ports for libpq.
[[nodiscard]] std::vector<Conninfo> hosts_of(const Conninfo& conninfo);

/// The time that libpq may spend on each of the hosts, one after the other, so that all of them fit into `timeout`. It is
/// at least 2 s, the shortest time that libpq has. (A host name with several addresses counts once, and libpq gives each
/// of its addresses that time.)
[[nodiscard]] std::chrono::seconds connect_timeout(const Conninfo& conninfo, std::chrono::milliseconds timeout);

/// Whether the text begins as a URI of libpq.
[[nodiscard]] bool is_conninfo_uri(std::string_view text);

}  // namespace dti

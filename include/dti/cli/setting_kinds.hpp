#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dti {

/// The address of a TCP peer. An IPv6 address has brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};
/// HOST:PORT, as parse_value() accepts it.
[[nodiscard]] std::string to_string(const HostPort& address);

/// An address of this machine to listen on.
struct ListenEndpoint {
  bool is_secured = false;  // curve: only peers with a listed key may connect; otherwise plain TCP
  std::string host;         // as BindKind; an IPv6 address has brackets
  std::uint16_t port = 0;   // 0: the system chooses a free one

  friend bool operator==(const ListenEndpoint&, const ListenEndpoint&) = default;
};
/// `curve://ADDRESS:PORT` or `tcp://ADDRESS:PORT`.
[[nodiscard]] std::string to_string(const ListenEndpoint& endpoint);

/// UTF-8 without the characters that control_fault() reports.
struct TextKind {
  std::size_t bytes_max = 4096;
};
/// The name of a faculty, a program or a semester, as name_fault() accepts it.
struct NameKind {
  std::size_t bytes_max = 0;
};
/// Any bytes in which control_fault() reports nothing; not empty. A line end in a path usually comes from a file that
/// was read with its line end.
struct PathKind {};
/// An address to listen on: an IP address (IPv6 with or without brackets), a host name, the name of an interface, or
/// `*`.
struct BindKind {};
/// A whole number, written 0 or [1-9][0-9]*.
struct IntegerKind {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
/// A time in seconds with at most three decimals, from 0 (if `zero_allowed`) or 0.001 to kSecondsMax.
struct SecondsKind {
  bool zero_allowed = false;
};
/// One HOST:PORT, or several separated by commas.
struct HostPortKind {
  bool several = false;
};
/// IP-ADDRESS:PORT of this machine to listen on; port 0 lets the system choose one.
struct ListenKind {};
/// One `curve://ADDRESS:PORT` or `tcp://ADDRESS:PORT`, or several separated by commas. Each address and port only once.
struct EndpointsKind {};
/// A public key as 64 hexadecimal digits, or several separated by commas. The value is in lower case.
struct PublicKeysKind {
  bool several = false;
};
/// One of the choices, or several separated by commas, each only once. The value is in lower case.
struct ChoiceKind {
  std::vector<std::string> choices;
  bool several = false;
};
/// A setting that is on or off: `--json`, `--json=true`, `--json=false`.
struct SwitchKind {};
using ValueKind = std::variant<TextKind, NameKind, PathKind, BindKind, IntegerKind, SecondsKind, HostPortKind,
                               ListenKind, EndpointsKind, PublicKeysKind, ChoiceKind, SwitchKind>;

inline constexpr std::int64_t kSecondsMax = 1'000'000;  // 11 days; as milliseconds it fits the 32 bits of a poll

/// The value of a setting. Texts, names, paths, addresses to listen on, public keys and choices are strings.
using Value = std::variant<std::string, std::int64_t, std::chrono::milliseconds, std::vector<HostPort>, bool,
                           std::vector<ListenEndpoint>>;

/// Why a text is not a value of its kind.
struct BadValue {
  std::string reason;      // the rest of a sentence that begins with the value: `is not …`, `has …`
  bool show_value = true;  // false: a message must not contain the value
};

/// Reads the text of a flag, an environment variable or a config file.
[[nodiscard]] std::variant<Value, BadValue> parse_value(const ValueKind& kind, std::string_view text);

/// The placeholder for a value of the kind in --help: `N`, `SECONDS`, `text|json`.
[[nodiscard]] std::string placeholder(const ValueKind& kind);

}  // namespace dti

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dti {

/// Where a TCP peer listens. An IPv6 address stands in brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};
/// HOST:PORT, as it was read.
[[nodiscard]] std::string to_string(const HostPort& address);

/// UTF-8 without control characters.
struct TextKind {
  std::size_t bytes_max = 4096;
};
/// The name of a faculty, a program or a semester, as name_fault() accepts it.
struct NameKind {
  std::size_t bytes_max = 0;
};
/// Any bytes but control characters; not empty. A line end in a path comes from a file that was read carelessly.
struct PathKind {};
/// What a socket may be bound to: an IP address (IPv6 with or without brackets), a host name, the name of an interface,
/// or `*`.
struct BindKind {};
/// A whole number, written 0 or [1-9][0-9]*.
struct IntegerKind {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
/// A time in seconds, with at most three decimals, up to kSecondsMax.
struct SecondsKind {
  bool zero_allowed = false;
};
/// One HOST:PORT, or several between commas.
struct HostPortKind {
  bool several = false;
};
struct ChoiceKind {
  std::vector<std::string> choices;
};
/// On or off: `--json`, `--json=true`, `--json=false`.
struct SwitchKind {};
using ValueKind = std::variant<TextKind, NameKind, PathKind, BindKind, IntegerKind, SecondsKind, HostPortKind,
                               ChoiceKind, SwitchKind>;

inline constexpr std::int64_t kSecondsMax = 1'000'000;  // 11 days; as milliseconds it fits the 32 bits of a poll

/// Texts, names, paths, binds and choices are strings.
using Value = std::variant<std::string, std::int64_t, std::chrono::milliseconds, std::vector<HostPort>, bool>;

/// Why a text is no value of its kind: the rest of a sentence that begins with the value (`is not …`, `has …`).
struct BadValue {
  std::string reason;
  bool show_value = true;
};

[[nodiscard]] std::variant<Value, BadValue> parse_value(const ValueKind& kind, std::string_view text);

/// What stands for a value of the kind in help: `N`, `SECONDS`, `text|json`.
[[nodiscard]] std::string placeholder(const ValueKind& kind);

}  // namespace dti

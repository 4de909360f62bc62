#include "dti/cli/setting_kinds.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "dti/base/overloaded.hpp"
#include "dti/cli/escape.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

using Parsed = std::variant<Value, BadValue>;

template <class T>
Parsed good(T value) {
  return Parsed{std::in_place_type<Value>, std::move(value)};
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// The number that is written as 0 or [1-9][0-9]*; none if it is written differently or is too large.
std::optional<std::int64_t> parse_whole(std::string_view text) {
  if (!consists_of(text, kDigits) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

// An IPv6 address without its brackets; a zone may follow (fe80::1%eth0).
bool is_ipv6(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;  // inet_pton() would read up to it
  const auto zone = text.find('%');
  if (zone != std::string_view::npos && !consists_of(text.substr(zone + 1), kHostCharacters)) return false;
  in6_addr parsed{};
  return inet_pton(AF_INET6, std::string{text.substr(0, zone)}.c_str(), &parsed) == 1;
}

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') return is_ipv6(text.substr(1, text.size() - 2));
  return consists_of(text, kHostCharacters);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_host(text.substr(0, colon))) return std::nullopt;
  const auto port = parse_whole(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65'535) return std::nullopt;
  return HostPort{std::string{text.substr(0, colon)}, static_cast<std::uint16_t>(*port)};
}

Parsed parse_text(const TextKind& kind, std::string_view text) {
  if (!is_utf8(text)) return BadValue{"is not UTF-8", false};
  if (const auto fault = control_fault(text)) return BadValue{*fault};
  if (text.size() > kind.bytes_max) {
    return BadValue{"has " + std::to_string(text.size()) + " bytes; " + std::to_string(kind.bytes_max) + " are allowed",
                    false};
  }
  return good(std::string{text});
}

Parsed parse_name(const NameKind& kind, std::string_view text) {
  if (const auto fault = name_fault(text, kind.bytes_max)) return BadValue{*fault};
  return good(std::string{text});
}

Parsed parse_path(std::string_view text) {
  if (text.empty()) return BadValue{"is not a path"};
  if (const auto fault = control_fault(text)) return BadValue{*fault};
  return good(std::string{text});
}

Parsed parse_bind(std::string_view text) {
  if (text != "*" && !is_host(text) && !is_ipv6(text)) {
    return BadValue{"is not an address to listen on (such as 127.0.0.1, 0.0.0.0 or [::1])"};
  }
  return good(std::string{text});
}

Parsed parse_integer(const IntegerKind& kind, std::string_view text) {
  const auto value = parse_whole(text);
  if (!value || *value < kind.min || *value > kind.max) {
    return BadValue{"is not a whole number from " + std::to_string(kind.min) + " to " + std::to_string(kind.max)};
  }
  return good(*value);
}

Parsed parse_seconds(const SecondsKind& kind, std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const bool has_decimals = point != std::string_view::npos;
  std::string decimals{has_decimals ? text.substr(point + 1) : "0"};
  if (!consists_of(whole, kDigits) || !consists_of(decimals, kDigits)) {
    return BadValue{"is not a number of seconds (such as 2 or 0.5)"};
  }
  if (decimals.size() > 3) return BadValue{"has more than three decimals"};
  decimals.resize(3, '0');
  std::int64_t seconds = 0;
  const auto error = std::from_chars(whole.data(), whole.data() + whole.size(), seconds).ec;
  const std::int64_t thousandths = std::stoll(decimals);
  if (error != std::errc{} || seconds > kSecondsMax || (seconds == kSecondsMax && thousandths > 0)) {
    return BadValue{"is more than " + std::to_string(kSecondsMax) + " seconds"};
  }
  const std::chrono::milliseconds duration{seconds * 1000 + thousandths};
  if (duration.count() == 0 && !kind.zero_allowed) return BadValue{"must be more than 0 seconds"};
  return good(duration);
}

Parsed parse_host_ports(const HostPortKind& kind, std::string_view text) {
  std::vector<HostPort> addresses;
  for (bool more = true; more;) {
    const auto comma = kind.several ? text.find(',') : std::string_view::npos;
    auto part = text.substr(0, comma);
    const auto address = parse_host_port(part);
    if (!address) {
      return BadValue{kind.several ? "is not a list of HOST:PORT separated by commas (such as dti-1:6000,dti-2:6000)"
                                   : "is not HOST:PORT (such as 127.0.0.1:5000)"};
    }
    addresses.push_back(*address);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return good(std::move(addresses));
}

Parsed parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string host{text.substr(0, colon)};
  in_addr ipv4{};
  const bool is_ipv4 = inet_pton(AF_INET, host.c_str(), &ipv4) == 1 && host.find('\0') == std::string::npos;
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && is_host(host);
  const auto port = colon == std::string_view::npos ? -1 : parse_whole(text.substr(colon + 1)).value_or(-1);
  if ((!is_ipv4 && !is_bracketed) || port < 0 || port > 65'535) {
    return BadValue{"is not an IP address and a port (such as 127.0.0.1:6080 or [::1]:6080)"};
  }
  return good(std::vector<HostPort>{{host, static_cast<std::uint16_t>(port)}});
}

std::optional<ListenEndpoint> parse_endpoint(std::string_view text) {
  ListenEndpoint endpoint;
  for (const auto& [scheme, is_secured] : {std::pair{"curve://", true}, std::pair{"tcp://", false}}) {
    if (!text.starts_with(scheme)) continue;
    endpoint.is_secured = is_secured;
    text.remove_prefix(std::string_view{scheme}.size());
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    endpoint.host = text.substr(0, colon);
    const auto port = parse_whole(text.substr(colon + 1));
    const bool is_address = endpoint.host == "*" || is_host(endpoint.host);
    if (!is_address || !port || *port > 65'535) return std::nullopt;
    endpoint.port = static_cast<std::uint16_t>(*port);
    return endpoint;
  }
  return std::nullopt;
}

Parsed parse_endpoints(std::string_view text) {
  std::vector<ListenEndpoint> endpoints;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    auto endpoint = parse_endpoint(text.substr(0, comma));
    if (!endpoint) return BadValue{"is not curve://ADDRESS:PORT or tcp://ADDRESS:PORT (commas separate several)"};
    const auto is_same = [&](const ListenEndpoint& other) {
      return other.port != 0 && other.port == endpoint->port && other.host == endpoint->host;
    };
    if (std::any_of(endpoints.begin(), endpoints.end(), is_same)) return BadValue{"names an address and port twice"};
    endpoints.push_back(*std::move(endpoint));
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return good(std::move(endpoints));
}

Parsed parse_public_keys(const PublicKeysKind& kind, std::string_view text) {
  constexpr std::size_t kDigitsOfKey = 64;
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (bool more = true; more;) {
    const auto comma = kind.several ? text.find(',') : std::string_view::npos;
    const auto key = text.substr(0, comma);
    if (key.size() != kDigitsOfKey || !consists_of(key, "0123456789abcdefABCDEF")) {
      // It may be a secret that was given by mistake.
      return BadValue{kind.several ? "is not a list of public keys (64 hexadecimal digits each) separated by commas"
                                   : "is not a public key (64 hexadecimal digits)",
                      false};
    }
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return good(std::move(lower));
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const auto& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

Parsed parse_choice(const ChoiceKind& kind, std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::vector<std::string_view> chosen;
  std::string_view rest = lower;
  for (bool more = true; more;) {
    const auto comma = kind.several ? rest.find(',') : std::string_view::npos;
    const auto choice = rest.substr(0, comma);
    if (std::find(kind.choices.begin(), kind.choices.end(), choice) == kind.choices.end()) {
      const auto which = choice == lower ? std::string{} : "names " + quoted_text(choice) + ", which ";
      return BadValue{which + "is not one of " + join(kind.choices, ", ")};
    }
    if (std::find(chosen.begin(), chosen.end(), choice) != chosen.end()) {
      return BadValue{"names " + std::string{choice} + " twice"};
    }
    chosen.push_back(choice);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return good(std::move(lower));
}

Parsed parse_switch(std::string_view text) {
  if (text != "true" && text != "false") return BadValue{"is not true or false"};
  return good(text == "true");
}

}  // namespace

std::string to_string(const HostPort& address) { return address.host + ':' + std::to_string(address.port); }

std::string to_string(const ListenEndpoint& endpoint) {
  return (endpoint.is_secured ? "curve://" : "tcp://") + endpoint.host + ':' + std::to_string(endpoint.port);
}

Parsed parse_value(const ValueKind& kind, std::string_view text) {
  return std::visit(Overloaded{
                        [&](const TextKind& text_kind) { return parse_text(text_kind, text); },
                        [&](const NameKind& name) { return parse_name(name, text); },
                        [&](const PathKind&) { return parse_path(text); },
                        [&](const BindKind&) { return parse_bind(text); },
                        [&](const IntegerKind& integer) { return parse_integer(integer, text); },
                        [&](const SecondsKind& seconds) { return parse_seconds(seconds, text); },
                        [&](const HostPortKind& addresses) { return parse_host_ports(addresses, text); },
                        [&](const ListenKind&) { return parse_listen(text); },
                        [&](const EndpointsKind&) { return parse_endpoints(text); },
                        [&](const PublicKeysKind& keys) { return parse_public_keys(keys, text); },
                        [&](const ChoiceKind& choice) { return parse_choice(choice, text); },
                        [&](const SwitchKind&) { return parse_switch(text); },
                    },
                    kind);
}

std::string placeholder(const ValueKind& kind) {
  return std::visit(
      Overloaded{
          [](const TextKind&) -> std::string { return "TEXT"; },
          [](const NameKind&) -> std::string { return "NAME"; },
          [](const PathKind&) -> std::string { return "PATH"; },
          [](const BindKind&) -> std::string { return "ADDRESS"; },
          [](const IntegerKind&) -> std::string { return "N"; },
          [](const SecondsKind&) -> std::string { return "SECONDS"; },
          [](const HostPortKind& kind_) -> std::string { return kind_.several ? "HOST:PORT,…" : "HOST:PORT"; },
          [](const ListenKind&) -> std::string { return "ADDRESS:PORT"; },
          [](const EndpointsKind&) -> std::string { return "curve://ADDRESS:PORT,…"; },
          [](const PublicKeysKind& keys) -> std::string { return keys.several ? "KEY,…" : "KEY"; },
          [](const ChoiceKind& choice) { return choice.several ? "NAME,…" : join(choice.choices, "|"); },
          [](const SwitchKind&) -> std::string { return ""; },
      },
      kind);
}

}  // namespace dti

#include "http/request_target.hpp"

#include <algorithm>

#include "http/characters.hpp"

namespace dti {
namespace {

constexpr std::string_view kUnreserved = "-._~";
constexpr std::string_view kSubDelimiters = "!$&'()*+,;=";

bool is_one_of(char c, std::string_view characters) { return characters.find(c) != std::string_view::npos; }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || is_one_of(c, kUnreserved); }

/// Tells whether a path or a query may contain the character without an escape.
bool is_target_character(char c) { return is_unreserved(c) || is_one_of(c, kSubDelimiters) || is_one_of(c, ":@/?"); }

std::optional<char> hexadecimal(char c) {
  if (is_digit(c)) return static_cast<char>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<char>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<char>(c - 'A' + 10);
  return std::nullopt;
}

/// Replaces %XX by its byte, if `decodes` returns true for that byte.
/// @return none if a character is not permitted, no two digits follow a %, or the byte is NUL
std::optional<std::string> decode(std::string_view text, bool (*decodes)(char)) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_target_character(text[i])) return std::nullopt;
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hexadecimal(text[i + 1]);
    const auto low = hexadecimal(text[i + 2]);
    if (!high || !low) return std::nullopt;
    const auto byte = static_cast<char>(static_cast<unsigned char>(*high) << 4U | static_cast<unsigned char>(*low));
    if (byte == '\0') return std::nullopt;
    if (decodes(byte)) {
      decoded += byte;
    } else {
      decoded += text.substr(i, 3);
    }
    i += 2;
  }
  return decoded;
}

/// Checks only the characters: a text that passes may still not be an address.
bool is_ipv6(std::string_view text) {
  const auto is_part = [](char c) { return hexadecimal(c) || c == ':' || c == '.'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_part);
}

/// A name or an IPv4 address, or empty. Source: RFC 3986, 3.2.2
bool is_registered_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !hexadecimal(text[i + 1]) || !hexadecimal(text[i + 2])) return false;
      i += 2;
    } else if (!is_unreserved(text[i]) && !is_one_of(text[i], kSubDelimiters)) {
      return false;
    }
  }
  return true;
}

/// @param text  begins with `/`
std::optional<RequestTarget> parse_origin(std::string_view text) {
  RequestTarget target;
  const auto mark = text.find('?');
  // A path is compared as a whole: %2F is no `/`, while %6C is the same as `l`.
  auto path = decode(text.substr(0, mark), is_unreserved);
  if (!path) return std::nullopt;
  target.path = *std::move(path);
  auto rest = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const auto equals = part.find('=');
    auto name = decode(part.substr(0, equals), [](char) { return true; });
    auto value = decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1),
                        [](char) { return true; });
    if (!name || !value) return std::nullopt;
    target.query.emplace_back(*std::move(name), *std::move(value));
  }
  return target;
}

}  // namespace

bool is_host_field(std::string_view value) {
  const bool is_bracketed = value.starts_with('[');
  const auto end = is_bracketed ? value.find(']') : std::min(value.find(':'), value.size());
  if (end == std::string_view::npos) return false;
  const auto rest = value.substr(is_bracketed ? end + 1 : end);
  if (is_bracketed ? !is_ipv6(value.substr(1, end - 1)) : !is_registered_name(value.substr(0, end))) return false;
  return rest.empty() || (rest.front() == ':' && std::all_of(rest.begin() + 1, rest.end(), is_digit));
}

std::optional<RequestTarget> parse_request_target(std::string_view method, std::string_view target) {
  if (method == "CONNECT") {
    const auto colon = target.rfind(':');
    const bool has_port = colon != std::string_view::npos && colon + 1 < target.size() && is_digit(target[colon + 1]) &&
                          !target.ends_with(']');
    return has_port && is_host_field(target) ? std::optional{RequestTarget{"*", {}}} : std::nullopt;
  }
  if (target == "*") return method == "OPTIONS" ? std::optional{RequestTarget{"*", {}}} : std::nullopt;
  if (target.starts_with('/')) return parse_origin(target);
  // A target as for a proxy, which every server must accept.
  const auto colon = target.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto scheme = lower_case(target.substr(0, colon));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const auto rest = target.substr(colon + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || !is_host_field(authority)) return std::nullopt;
  const std::string origin{rest.substr(authority.size())};
  return parse_origin(origin.starts_with('/') ? origin : "/" + origin);
}

}  // namespace dti

// Any text given for a setting is a value only if it is written the one way that its kind has: then it is the value
// that a plain reading gives, and is written back as it was given.
#include "dti/cli/setting_kinds.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <string>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

/// The value as that type; none if the text is none.
template <class T>
std::optional<T> read(const ValueKind& kind, std::string_view text) {
  const auto parsed = parse_value(kind, text);
  if (const auto* bad = std::get_if<BadValue>(&parsed)) {
    claim(is_utf8(bad->reason) && !bad->reason.empty(), "a refusal has a reason", bad->reason);
    return {};
  }
  return std::get<T>(std::get<Value>(parsed));
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check_integer(std::string_view text) {
  const auto value = read<std::int64_t>(IntegerKind{-5, 65'535}, text);
  if (value) return claim(std::to_string(*value) == text && *value <= 65'535, "a number is written one way", text);
  const bool is_one = is_digits(text) && text.size() <= 5 && (text == "0" || text[0] != '0');
  claim(!is_one || std::stol(std::string{text}) > 65'535, "a whole number within the bounds is taken", text);
}

/// A time in thousandths by long-hand arithmetic; none if it is no [0-9]+(.[0-9]{1,3})? up to 1,000,000.
std::optional<std::int64_t> thousandths(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  std::string decimals{point == text.npos ? "0" : text.substr(point + 1)};
  if (!is_digits(whole) || !is_digits(decimals) || decimals.size() > 3) return {};
  decimals.resize(3, '0');
  std::int64_t value = 0;
  for (const char c : std::string{whole} + decimals) {
    value = value * 10 + (c - '0');
    if (value > 1'000'000'000) return {};
  }
  return value;
}

void check_seconds(std::string_view text) {
  for (const bool zero_allowed : {false, true}) {
    const auto value = read<std::chrono::milliseconds>(SecondsKind{zero_allowed}, text);
    auto expected = thousandths(text);
    if (expected == 0 && !zero_allowed) expected.reset();
    claim(value.has_value() == expected.has_value(), "seconds have at most three decimals, and are at most 1,000,000",
          text);
    claim(!value || value->count() == *expected, "seconds are read to the millisecond", text);
  }
}

void check_addresses(std::string_view text) {
  const auto one = read<std::vector<HostPort>>(HostPortKind{}, text);
  const auto several = read<std::vector<HostPort>>(HostPortKind{.several = true}, text);
  claim(!one || (one->size() == 1 && to_string(one->front()) == text), "an address is kept as it was given", text);
  claim(!one || one == several, "one address is a list of one", text);
  if (!several) return;
  std::string written;
  for (const HostPort& address : *several) {
    claim(address.port > 0 && !address.host.empty(), "an address has a host and a port", text);
    claim(address.host.find_first_of(" /@,\n") == std::string::npos, "a host is one word", address.host);
    const bool has_colon = address.host.find(':') != std::string::npos;
    claim(has_colon == address.host.starts_with('['), "an IPv6 address stands in brackets", address.host);
    written += (written.empty() ? "" : ",") + to_string(address);
  }
  claim(written == text, "a list of addresses is kept as it was given", text);
}

/// inet_pton on what stands before the last colon.
void check_listen(std::string_view text) {
  const auto value = read<std::vector<HostPort>>(ListenKind{}, text);
  const auto colon = text.rfind(':');
  const auto port = text.substr(colon == text.npos ? text.size() : colon + 1);
  std::string host{text.substr(0, colon)};
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  in6_addr address{};
  const bool is_address =
      host.find('\0') == std::string::npos && inet_pton(is_bracketed ? AF_INET6 : AF_INET, host.c_str(), &address) == 1;
  const bool is_port =
      is_digits(port) && port.size() <= 5 && (port == "0" || port[0] != '0') && std::stol(std::string{port}) <= 65'535;
  claim(!value || (value->size() == 1 && to_string(value->front()) == text), "it is kept as it was given", text);
  if (is_bracketed && host.find('%') != std::string::npos) return;  // a zone
  claim(value.has_value() == (is_address && is_port), "an address to listen on is an IP address and a port", text);
}

void check(std::string_view text) {
  check_integer(text);
  check_seconds(text);
  check_addresses(text);
  check_listen(text);

  const bool has_control = control_fault(text).has_value();
  const auto name = read<std::string>(TextKind{200}, text);
  claim(name.has_value() == (is_utf8(text) && !has_control && text.size() <= 200), "a text is UTF-8 of so many bytes",
        text);
  claim(!name || *name == text, "a text is kept as it was given", text);
  const auto named = read<std::string>(NameKind{200}, text);
  claim(!named || (*named == text && name && !name_key(text).empty()), "a name is a text with a key", text);
  const auto path = read<std::string>(PathKind{}, text);
  claim(path.has_value() == (!text.empty() && !has_control), "a path is any bytes but control and format characters",
        text);
  claim(!path || *path == text, "a path is kept as it was given", text);
  const auto bind = read<std::string>(BindKind{}, text);
  claim(!bind || *bind == text, "an address to listen on is kept as it was given", text);
  claim(!bind || text.find_first_of(" /@,\n") == text.npos, "an address to listen on is one word", text);
  const auto choice = read<std::string>(ChoiceKind{{"text", "json"}}, text);
  std::string lower{text};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  claim(choice.has_value() == (lower == "text" || lower == "json"), "a choice is one of its words, in any case", text);
  claim(!choice || *choice == lower, "a choice is given in lower case", text);
  const auto choices = read<std::string>(ChoiceKind{.choices = {"text", "json"}, .several = true}, text);
  claim(choices.has_value() == (lower == "text" || lower == "json" || lower == "text,json" || lower == "json,text"),
        "several choices are its words, each once, with commas between them", text);
  const auto is_on = read<bool>(SwitchKind{}, text);
  claim(is_on.has_value() == (text == "true" || text == "false") && (!is_on || *is_on == (text == "true")),
        "a switch is true or false", text);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

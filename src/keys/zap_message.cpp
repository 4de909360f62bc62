#include "dti/keys/zap_message.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace dti {
namespace {

constexpr std::string_view kVersion = "1.0";
constexpr std::size_t kFramesOfNull = 6;  // version, request id, domain, address, identity, mechanism
constexpr std::size_t kFramesOfCurve = 7;
constexpr std::size_t kTextBytesMax = 255;
constexpr std::size_t kIdDigits = 32;  // 128 bits

/// A property of a connection, as ZMTP writes it.
std::string property(std::string_view name, std::string_view value) {
  std::string bytes(1, static_cast<char>(name.size()));
  bytes += name;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value.size() >> shift) & 0xffU);
  return bytes.append(value);
}

}  // namespace

std::optional<ZapRequest> parse_zap_request(std::span<const std::string_view> frames) {
  if (frames.size() != kFramesOfNull && frames.size() != kFramesOfCurve) return std::nullopt;
  const auto is_long = [](std::string_view frame) { return frame.size() > kTextBytesMax; };
  if (std::any_of(frames.begin(), frames.end(), is_long)) return std::nullopt;
  if (frames[0] != kVersion || frames[2] != kZapDomain) return std::nullopt;
  ZapRequest request{.request_id = frames[1], .address = frames[3], .key = {}};
  if (frames.size() == kFramesOfNull) return frames[5] == "NULL" ? std::optional{request} : std::nullopt;
  if (frames[5] != "CURVE" || frames[6].size() != kKeyBytes) return std::nullopt;
  request.key.emplace();
  std::copy(frames[6].begin(), frames[6].end(), request.key->bytes.begin());
  return request;
}

IssuedId::IssuedId() : digits_(random_digits(kIdDigits)) {}

std::string IssuedId::routing_id() const { return std::string(1, '\0') + digits_; }

std::string IssuedId::user_id(std::string_view mark, KeyNumber key) const {
  return std::string{mark} + digits_ + ':' + std::to_string(key);
}

std::string plain_user_id(std::string_view mark) { return std::string{mark} + "plain"; }

KeyNumber key_of(std::string_view user_id, std::string_view mark, std::string_view routing_id) {
  if (!user_id.starts_with(mark)) return 0;
  user_id.remove_prefix(mark.size());
  if (routing_id.size() != 1 + kIdDigits || routing_id.front() != '\0') return 0;
  if (user_id.size() < kIdDigits + 2 || user_id[kIdDigits] != ':') return 0;
  if (user_id.substr(0, kIdDigits) != routing_id.substr(1)) return 0;
  const auto number = user_id.substr(kIdDigits + 1);
  KeyNumber key = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), key);
  return error == std::errc{} && end == number.data() + number.size() ? key : 0;
}

std::array<std::string, 6> allow(std::string_view request_id, std::string user_id, std::string_view routing_id) {
  return {std::string{kVersion},
          std::string{request_id},
          "200",
          "OK",
          std::move(user_id),
          routing_id.empty() ? "" : property("Identity", routing_id)};
}

std::array<std::string, 6> refuse(std::string_view request_id) {
  return {std::string{kVersion}, std::string{request_id}, "400", "refused", "", ""};
}

}  // namespace dti

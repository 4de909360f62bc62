#include "core/reply_reader.hpp"

#include <cstring>

#include <charconv>
#include <cstddef>

#include "core/request_maker.hpp"

// Nothing here parses JSON: a parser would cost more than the server's whole work on a request. A name cannot be taken
// for a key, since the quotes of a text are escaped on the wire.

namespace dti::bench {
namespace {

constexpr std::string_view kRequestId = R"("request-id":")";
constexpr std::string_view kErrorFound = R"("error-found":)";
constexpr std::string_view kErrorMessage = R"("error-message":")";
constexpr std::string_view kRetryAfter = R"("retry-after-ms":)";
constexpr std::string_view kStatus = R"("status-message":")";

// What stands behind the key; empty if the key is not there. memmem is several times faster than string_view::find.
std::string_view behind(std::string_view text, std::string_view key) {
  const auto* found = static_cast<const char*>(memmem(text.data(), text.size(), key.data(), key.size()));
  if (found == nullptr) return {};
  return text.substr(static_cast<std::size_t>(found - text.data()) + key.size());
}

std::string_view up_to_quote(std::string_view text) { return text.substr(0, text.find('"')); }

}  // namespace

void StatusCounts::add(std::string_view status, std::uint64_t times) {
  if (const auto known = status_from_wire(status)) {
    add(*known, times);
  } else {
    others_[std::string{status}] += times;
  }
}

std::map<std::string, std::uint64_t> StatusCounts::by_name() const {
  auto counts = others_;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (known_[i] > 0) counts.emplace(wire_text(static_cast<Status>(i)), known_[i]);
  }
  return counts;
}

std::optional<std::uint64_t> number_of_reply(std::string_view reply) {
  const auto place = reply.rfind(kRequestId);
  if (place == std::string_view::npos) return std::nullopt;
  return number_of_request_id(up_to_quote(reply.substr(place + kRequestId.size())));
}

std::optional<ReplyError> error_of_reply(std::string_view reply) {
  if (!behind(reply, kErrorFound).starts_with("true")) return std::nullopt;
  ReplyError error{up_to_quote(behind(reply, kErrorMessage)), {}};
  const auto digits = behind(reply, kRetryAfter);
  int milliseconds = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds).ec == std::errc{}) {
    error.retry_after = std::chrono::milliseconds{milliseconds};
  }
  return error;
}

bool count_statuses(std::string_view reply, StatusCounts& counts) {
  bool all_ok = true;
  for (auto rest = behind(reply, kStatus); !rest.empty(); rest = behind(rest, kStatus)) {
    if (rest.starts_with("OK\"")) {
      counts.add(Status::kOk);
    } else {
      counts.add(up_to_quote(rest));
      all_ok = false;
    }
  }
  return all_ok;
}

}  // namespace dti::bench

#include "dti/quota/message_counts.hpp"

#include <utility>

namespace dti {
namespace {

LogEvent messages_refused() {
  return {LogLevel::kWarning, "messages-refused", "a client sends too many messages; its requests get OVERLOADED", {}};
}

LogEvent flood_closed() {
  return {LogLevel::kWarning,
          "flood-closed",
          "a client sends on although its requests get OVERLOADED; its messages are dropped and its connections closed",
          {}};
}

}  // namespace

MessageCounts::MessageCounts(const PeerLimits& limits, LogSink log)
    : of_keys_(limits.messages_per_second),
      of_addresses_(limits.messages_per_second),
      are_for_local_(limits.are_for_local),
      log_(std::move(log)) {}

void MessageCounts::change(const PeerLimits& limits) {
  of_keys_.change(limits.messages_per_second);
  of_addresses_.change(limits.messages_per_second);
}

MessageLimit::Verdict MessageCounts::count(const std::optional<Key>& key, Network network, std::size_t bytes,
                                           SteadyTime now) {
  if (!key && network == Network::kLocal && !are_for_local_) return {};
  const auto verdict = key ? of_keys_.take(key->number, bytes, now)
                           : of_addresses_.take(static_cast<std::uint64_t>(network), bytes, now);
  if (verdict.wait.count() == 0) return verdict;
  const auto in_all = ++(verdict.is_flood ? dropped_ : refused_);
  if (const auto logged = (verdict.is_flood ? drop_log_limit_ : refusal_log_limit_).pass(now)) {
    auto event = verdict.is_flood ? flood_closed() : messages_refused();
    if (key) event.fields.emplace_back("key", key->name);
    event.fields.emplace_back("address", network_text(network));
    event.fields.emplace_back("count", std::to_string(*logged));
    event.fields.emplace_back("in-all", std::to_string(in_all));
    log_(event);
  }
  return verdict;
}

}  // namespace dti

#include "simulation/world.hpp"

#include <cstdio>

namespace dti::simulation {
namespace {

/// FNV-1a, 64 bits.
std::uint64_t hash_on(std::uint64_t hash, std::string_view text) {
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  return hash;
}

}  // namespace

void World::after(Time delay, std::function<void()> what) {
  events_.emplace(std::pair{now_ + delay, ++last_event_}, std::move(what));
}

bool World::step() {
  if (events_.empty()) return false;
  auto event = events_.extract(events_.begin());
  now_ = event.key().first;
  ++event_count_;
  event.mapped()();
  return true;
}

void World::trace(std::string_view who, std::string_view what) {
  const auto time = std::to_string(now_.count());
  trace_hash_ = hash_on(hash_on(hash_on(trace_hash_, time), who), what);
  if (!prints_trace_) return;
  std::printf("%12.6f  %-12.*s %.*s\n", static_cast<double>(now_.count()) / 1e6, static_cast<int>(who.size()),
              who.data(), static_cast<int>(what.size()), what.data());
}

void World::violate(std::string check, std::string text) {
  trace("VIOLATION", check + ": " + text);
  if (!violation_) violation_ = Violation{std::move(check), std::move(text), now_};
}

}  // namespace dti::simulation

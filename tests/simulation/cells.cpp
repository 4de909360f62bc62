#include "simulation/cells.hpp"

#include <algorithm>
#include <cstddef>

#include "dti/base/check.hpp"

namespace dti::simulation {
namespace {

// Situations that are no combination of a call and a fault.
constexpr std::array kOthers = {
    "commit/in-doubt/was-stored",
    "commit/in-doubt/was-not-stored",
    "commit/late/fenced",
    "commit/late/stored-before-the-take-over",
    "commit/replaced",
    "commit/refused-batch-of-several",
    "commit/refused-alone",
    "guard/replaced",
    "guard/refused",
    "take-over/held-by-another",
    "take-over/held-by-another-meanwhile",
    "take-over/of-a-lease-that-ran-out",
    "take-over/of-a-lease-that-was-released",
    "take-over/late-by-a-dead-server",
    "interrupt/commit",
    "interrupt/guard",
    "interrupt/take-over",
    "interrupt/watch",
    "renew/replaced",
    "request/sent-to-the-leader",
    "request/sent-to-nobody",
    "server/started-before-its-store",
    "server/stands-by",
    "server/stepped-down",
    "server/led-again-after-it-stood-by",
    "request/expired",
    "request/expired-and-stored",
    "request/expired-and-repeated",
    "request/overloaded",
    "request/too-late",
    "reply/of-a-connection-that-is-gone",
    "servers/two-that-lead",
    "servers/three-that-run",
    "server/thawed-and-replaced-in-a-commit",
    "server/thawed-in-a-commit-and-still-leading",
    "server/clock-fast",
    "server/clock-slow",
    "server/wall-clock-set-back",
    "faculty/crashed-with-programs-waiting",
    "faculty/gave-up",
    "faculty/late-reply",
    "faculty/next-server",
    "faculty/server-not-there",
    "faculty/no-connection-in-time",
    "program/asked-again-after-silence",
    "program/asked-again-after-a-refusal",
    "network/lost",
    "network/twice",
    "network/overtaken",
    "network/partition",
    "semester/opened-by-a-later-start",
    "command/opened",
    "command/repeated",
    "command/looks-alike",
    "command/other-numbers",
    "command/bad-name",
    "command/in-doubt/was-stored",
    "command/in-doubt/was-not-stored",
    "command/late/fenced",
    "command/replaced",
    "command/rejected",
    "command/expired",
    "command/during-isolation",
    "command/behind-a-batch",
    "command/before-requests",
    "command/at-a-stop",
    "command/too-late",
    "command/on-a-standby",
    "office/on-a-standby",
    "office/expired",
    "office/closed-semester",
    "office/unknown-program",
    "office/late-copy-after-a-colleague",
    "change/in-doubt/was-stored",
    "change/in-doubt/was-not-stored",
    "change/late/fenced",
    "change/late/stored-before-the-take-over",
    "change/replaced",
    "change/rejected",
    "top-up/in-doubt/was-stored",
    "top-up/in-doubt/was-not-stored",
    "top-up/late/fenced",
    "top-up/late/stored-before-the-take-over",
    "top-up/replaced",
    "top-up/rejected-alone",
    "top-up/rejected-with-others",
    "top-up/rejected-and-passed-by-a-command",
    "top-up/several-in-one-change",
    "top-up/by-the-next-leader",
    "top-up/whole",
    "top-up/part",
    "top-up/of-a-topped-up-grant",
    "top-up/a-lab-for-a-mobile-lab",
    "top-up/passes-over-an-earlier-place",
    "wait-list/on-with-programs-waiting",
    "wait-list/off-with-programs-waiting",
    "amendment/keeps-its-place",
    "amendment/asks-again",
    "amendment/asks-for-a-place-again",
    "amendment/frees-rooms-for-others",
    "request/behind-a-rejected-top-up",
    "request/repeated-after-a-top-up",
    "request/spent",
    "grant/after-a-release",
    "quota/cuts-a-grant",
    "quota/cuts-a-top-up",
    "quota/lets-the-wait-list-go-on",
    "quota/soft-and-exceeded",
    "expiry/in-doubt/was-stored",
    "expiry/in-doubt/was-not-stored",
    "expiry/late/fenced",
    "expiry/late/stored-before-the-take-over",
    "expiry/replaced",
    "expiry/rejected-alone",
    "expiry/rejected-with-others",
    "hold/granted",
    "hold/expired",
    "hold/expired-by-the-next-leader",
    "hold/expired-at-a-close",
    "hold/several-expired-in-one-change",
    "hold/lets-the-wait-list-go-on",
    "hold/confirmed",
    "hold/confirmed-by-a-request",
    "hold/confirmed-in-part",
    "hold/extended",
    "hold/cancelled",
    "hold/released",
    "hold/amended",
    "hold/topped-up",
    "hold/closed-with-confirm",
    "hold/closed-with-cancel",
    "hold/repeated",
    "hold/other-numbers",
    "hold/asked-for-and-granted-before",
    "hold/request-behind-a-rejected-expiry",
    "hold/clock-set-back-while-held",
    "hold/clock-set-ahead-while-held",
    "hold/spent-by-its-end",
    "retired/asks-and-gets-nothing",
    "retired/asks-and-gets-what-it-holds",
    "round/in-doubt/was-stored",
    "round/in-doubt/was-not-stored",
    "round/run-by-the-next-leader",
    "round/opened-anew",
    "round/leaves-programs-out",
    "round/cut-by-a-quota",
    "round/with-a-wait-list",
    "round/refused-without-an-opening",
    "round/refused-by-its-hash",
    "round/refused-without-programs",
};

// A round can always be opened; a wait list is refused only for retired programs that would wait, which is too rare.
constexpr std::array<std::string_view, 2> kNeverHappens = {"office/set-list/refused", "office/open-round/refused"};

// Requests that few clients send, and about which no wait list matters: a server settles too seldom to name them then.
constexpr std::array kRare = {RequestKind::kUnknownFaculty, RequestKind::kMalformed, RequestKind::kNoPrograms};

bool is_rare(RequestKind kind, ServerState state) {
  return state == ServerState::kSettling && std::find(kRare.begin(), kRare.end(), kind) != kRare.end();
}

std::string named(std::string_view first, std::string_view second, std::string_view third) {
  return std::string{first} + "/" + std::string{second} + "/" + std::string{third};
}

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

Cells::Cells() {
  for (const auto* operation : kOperationNames) {
    for (const auto* step : kStepNames) {
      for (const auto* fault : kFaultNames) counts_.emplace(named(operation, step, fault), 0);
    }
  }
  for (const auto* kind : kRequestKindNames) {
    for (const auto* state : kServerStateNames) counts_.emplace(named("request", kind, state), 0);
  }
  for (const auto kind : kRare) {
    counts_.erase(named("request", name_of(kRequestKindNames, kind), "settling"));
  }
  for (const auto* kind : kOfficeKindNames) {
    for (const auto* outcome : kOfficeOutcomeNames) {
      const auto name = named("office", kind, outcome);
      if (std::find(kNeverHappens.begin(), kNeverHappens.end(), name) == kNeverHappens.end()) counts_.emplace(name, 0);
    }
    for (const auto* state : kServerStateNames) counts_.emplace(named("office", kind, state), 0);
  }
  for (const auto* kind : kHoldCommandNames) {
    for (const auto* end : kHoldEndNames) counts_.emplace(named("office", kind, end), 0);
  }
  for (const auto* other : kOthers) counts_.emplace(other, 0);
}

void Cells::reach(Operation operation, Step step, Fault fault) {
  reach(named(name_of(kOperationNames, operation), name_of(kStepNames, step), name_of(kFaultNames, fault)));
}

void Cells::reach(RequestKind kind, ServerState state) {
  if (is_rare(kind, state)) return;
  reach(named("request", name_of(kRequestKindNames, kind), name_of(kServerStateNames, state)));
}

void Cells::reach(std::size_t office_kind, ServerState state) {
  reach(named("office", kOfficeKindNames.at(office_kind), name_of(kServerStateNames, state)));
}

void Cells::reach(std::string_view name) {
  const auto found = counts_.find(name);
  DTI_CHECK(found != counts_.end());
  ++found->second;
}

void Cells::add(const Cells& others) {
  for (const auto& [name, count] : others.counts_) counts_[name] += count;
}

std::vector<std::string> Cells::unreached() const {
  std::vector<std::string> names;
  for (const auto& [name, count] : counts_) {
    if (count == 0) names.push_back(name);
  }
  return names;
}

}  // namespace dti::simulation

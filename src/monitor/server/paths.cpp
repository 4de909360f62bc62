#include "monitor/server/paths.hpp"

#include <charconv>
#include <cstdint>
#include <string>

#include "monitor/server/health.hpp"

namespace dti {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kUnavailable = 503;

HttpResponse answer(bool holds, const std::string& yes, const std::string& no) {
  return text_response(holds ? kOk : kUnavailable, (holds ? yes : no) + "\n");
}

Json rooms(Quantity classrooms, Quantity labs, Quantity mobile_labs) {
  return {{"classrooms", classrooms}, {"labs", labs}, {"mobile-labs", mobile_labs}};
}

Json semesters_json(const ServerFigures& figures) {
  auto semesters = Json::array();
  for (const auto& semester : figures.semesters) {
    const auto& [classrooms, labs, conversions] = semester.capacity;
    semesters.push_back({{"name", semester.name},
                         {"head", semester.head},
                         {"capacity", rooms(classrooms, labs, conversions)},
                         {"left", rooms(semester.left.classrooms, semester.left.labs, semester.left.mobile_labs())}});
  }
  return semesters;
}

}  // namespace

HttpResponse leader(const ServerFigures& figures, SteadyTime now) {
  return answer(is_leader(figures, now), "this server leads", "this server does not lead");
}

HttpResponse standby(const ServerFigures& figures, SteadyTime now, std::optional<std::string_view> lag_max) {
  std::uint64_t entries_max = 0;
  if (lag_max) {
    const auto* const end = lag_max->data() + lag_max->size();
    const auto [rest, error] = std::from_chars(lag_max->data(), end, entries_max);
    if (error != std::errc{} || rest != end) {
      return text_response(kBadRequest, "lag must be a number of entries, such as /standby?lag=1000\n");
    }
  }
  if (!is_standby(figures, now)) return answer(false, {}, "this server does not stand by with its state loaded");
  if (lag_max && !follows(figures, now)) {
    return answer(false, {}, "this standby has not reached the end of the ledger for more than 5 s");
  }
  const auto behind = "this standby is " + std::to_string(figures.entries_behind) + " entries behind";
  return answer(!lag_max || figures.entries_behind <= entries_max, behind, behind);
}

void add_status(Json& json, const ServerFigures& figures, SteadyTime now) {
  json["role"] = role_text(figures.phase);
  json["epoch"] = figures.epoch;
  json["lease-seconds-left"] = seconds_between(now, figures.lease_until);
  if (figures.phase == Lead::Phase::kStandby) {
    json["leader"] = figures.leader.empty() ? Json{} : Json(figures.leader);
    json["entries-behind"] = figures.entries_behind;
    if (figures.is_loaded) json["seconds-behind"] = seconds_between(figures.followed_at, now);
  }
  json["requests-waiting"] = figures.requests_waiting;
  json["peers"] = figures.peers;
  json["semesters"] = semesters_json(figures);
}

}  // namespace dti

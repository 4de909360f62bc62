#include <chrono>

#include "dti/base/time_text.hpp"
#include "dti/domain/status.hpp"
#include "dtictl/explain/explain_report.hpp"
#include "dtictl/json_object.hpp"
#include "dtictl/what_if/what_if_columns.hpp"

namespace dti {
namespace {

JsonObject json_of(const Pool& pool) {
  return JsonObject{}
      .add("classrooms", pool.classrooms)
      .add("labs", pool.labs)
      .add("conversions", pool.conversions_left);
}

JsonObject json_of(const Grant& grant) {
  return JsonObject{}.add("classrooms", grant.classrooms).add("labs", grant.labs).add("mobile-labs", grant.mobile_labs);
}

std::string json_of(const ComeBack& rooms) {
  return JsonObject{}
      .add("classrooms", rooms.classrooms)
      .add("labs", rooms.labs)
      .add("conversions", rooms.conversions)
      .text();
}

/// The allocation rule, with the numbers of this grant.
JsonObject steps(const GrantExplanation& grant) {
  const auto& given = grant.given;
  return JsonObject{}
      .add("labs",
           JsonObject{}.add("wanted", grant.asked.labs).add("left", grant.before.labs).add("granted", given.labs))
      .add("mobile-labs", JsonObject{}
                              .add("missing", grant.asked.labs - given.labs)
                              .add("conversions-left", grant.before.conversions_left)
                              .add("classrooms-left", grant.before.classrooms)
                              .add("granted", given.mobile_labs))
      .add("classrooms", JsonObject{}
                             .add("wanted", grant.asked.classrooms)
                             .add("left", grant.before.classrooms - given.mobile_labs)
                             .add("granted", given.classrooms));
}

const char* name_of(RoomKind kind) {
  switch (kind) {
    case RoomKind::kClassrooms: return "classrooms";
    case RoomKind::kLabs: return "labs";
    case RoomKind::kConversions: return "conversions";
  }
  return "";
}

std::string json_of(const ExplainReport& report, const Holders& holders) {
  const auto holder_json = [&](const Holder& holder) {
    const auto names = report.names_of(holder.program);
    return JsonObject{}
        .add_text("faculty", names.faculty)
        .add_text("program", names.program)
        .add("seq", holder.seq)
        .add("rooms", holder.rooms)
        .text();
  };
  return JsonObject{}
      .add_text("kind", name_of(holders.kind))
      .add("programs", static_cast<std::int64_t>(holders.programs))
      .add("rooms", holders.rooms)
      .add("largest", json_array(holders.largest, holder_json))
      .add("last", json_array(holders.last, holder_json))
      .text();
}

std::string json_of(const std::optional<Amendment>& amendment) {
  if (!amendment) return "null";
  const auto& [held, kept, is_top_up, is_for_others] = *amendment;
  return JsonObject{}
      .add("held", json_of(held))
      .add("kept", JsonObject{}.add("classrooms", kept.classrooms).add("labs", kept.labs))
      .add_flag("top-up", is_top_up)
      .add_flag("returned-for-others", is_for_others)
      .text();
}

std::string json_of(const std::optional<RoundShare>& round) {
  if (!round) return "null";
  return JsonObject{}
      .add("seq", round->seq)
      .add_text("policy", policy_name(round->policy))
      .add("programs", static_cast<std::int64_t>(round->programs))
      .add("limited-by", round->limited_by == LimitedBy::kNothing ? "null" : json_string(limit_text(round->limited_by)))
      .text();
}

JsonObject json_of(const QuotaLimit& limit, Quantity held_by_others, Quantity admitted) {
  return JsonObject{}
      .add("limit", limit.rooms < 0 ? "null" : std::to_string(limit.rooms))
      .add_flag("soft", limit.is_soft)
      .add("held-by-others", held_by_others)
      .add("admitted", admitted);
}

std::string quota_json(const GrantExplanation& grant) {
  if (grant.quota == Quota{}) return "null";
  return JsonObject{}
      .add("classrooms", json_of(grant.quota.classrooms, grant.held_by_others.classrooms, grant.admitted.classrooms))
      .add("labs", json_of(grant.quota.labs, grant.held_by_others.labs, grant.admitted.labs))
      .text();
}

std::string waiting_json(const ExplainReport& report) {
  if (!report.waiting) return "null";
  const auto& [since, position, places, come_back] = *report.waiting;
  return JsonObject{}
      .add("since", since)
      .add("position", static_cast<std::int64_t>(position))
      .add("places", static_cast<std::int64_t>(places))
      .add("passed-over", report.passed_over ? json_string(*report.passed_over) : "null")
      .add("come-back", json_array(come_back, [](const ComeBack& it) { return json_of(it); }))
      .text();
}

std::string seq_or_null(const std::optional<Seq>& seq) { return seq ? std::to_string(*seq) : "null"; }

}  // namespace

std::string explanation_json(const ExplainReport& report) {
  const auto& grant = report.grant;
  const auto full = full_pool(grant.capacity);
  JsonObject object;
  object.add_text("semester", report.semester)
      .add_text("faculty", report.names.faculty)
      .add_text("program", report.names.program)
      .add("seq", grant.seq)
      .add("generation", grant.generation)
      .add_text("at", time_text(WallTime{std::chrono::microseconds{report.grant.at}}))
      .add("request-id", report.grant.request_id ? json_string(*report.grant.request_id) : "null")
      .add("wanted", JsonObject{}.add("classrooms", grant.want.classrooms).add("labs", grant.want.labs))
      .add("granted", json_of(grant.grant))
      .add_text("status", wire_text(grant.status))
      .add_flag("follows-rule", grant.by_rule == grant.grant)
      .add("amendment", json_of(grant.amendment))
      .add("round", json_of(grant.round))
      .add("quota", quota_json(grant))
      .add("capacity", json_of(full))
      .add("before", json_of(grant.before))
      .add("steps", grant.round ? std::string{"null"} : steps(grant).text())
      .add("after", json_of(grant.after))
      .add("granted-before", json_array(grant.holders, [&](const Holders& it) { return json_of(report, it); }))
      .add("come-back", json_array(grant.come_back, [](const ComeBack& it) { return json_of(it); }))
      .add("waits", waiting_json(report))
      .add("capacity-changed-at", json_array(report.capacity_changes, [](Seq seq) { return std::to_string(seq); }))
      .add("released-at", seq_or_null(grant.released_at))
      .add("closed-at", seq_or_null(report.closed_at))
      .add("head", report.head)
      .add("left-now", json_of(report.left_now));
  return object.text() + '\n';
}

}  // namespace dti

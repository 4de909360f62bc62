#include <chrono>

#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"
#include "dti/domain/status.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dtictl/explain/explain_report.hpp"

namespace dti {
namespace {

std::string number(Quantity quantity) { return std::to_string(quantity); }

std::string entry(Seq seq) { return "entry " + std::to_string(seq); }

std::string name_text(const ProgramName& names) {
  return quoted_text(names.program) + " of " + quoted_text(names.faculty);
}

std::string head_lines(const ExplainReport& report) {
  const auto& grant = report.grant;
  auto lines = name_text(report.names) + " in semester " + quoted_text(report.semester) + ": " + entry(grant.seq) +
               ", " + time_text(WallTime{std::chrono::microseconds{report.grant.at}});
  if (report.grant.request_id) lines += ", request " + quoted_text(*report.grant.request_id);
  if (report.earlier_grants > 0)
    lines += ", after " + number(static_cast<Quantity>(report.earlier_grants)) + " released";
  lines += (grant.amendment ? "\nIt wants " : "\nIt asked for ") + text_of(grant.want) + ", and got " +
           text_of(grant.grant) + ": " + std::string{wire_text(grant.status)} + '\n';
  if (grant.quota != Quota{}) {
    lines += "The quota of " + quoted_text(report.names.faculty) + " was " + text_of(grant.quota) +
             ", and its other programs held " + text_of(grant.held_by_others) + ": it admits " +
             text_of(grant.admitted) + ".\n";
  }
  if (!grant.amendment) return lines;
  const auto& [held, keeps, is_top_up, is_for_others] = *grant.amendment;
  lines += std::string{"The grant was "} + (is_top_up ? "topped up from the wait list" : "amended") + ": it held " +
           text_of(held) + ", keeps " + text_of(keeps) + " of them, and returned the others first.\n";
  if (is_for_others) lines += "Programs that wait can use what it returned, so it gets more only of what was left.\n";
  return lines;
}

const char* why_no_more(LimitedBy limited_by) {
  switch (limited_by) {
    case LimitedBy::kNothing: return "It got all that it wanted.";
    case LimitedBy::kLot: return "It got no more, because another program with an equal claim had the better lot.";
    case LimitedBy::kRooms: return "It got no more, because no room was left for it.";
    case LimitedBy::kClassrooms: return "It got no more, because no classroom was left.";
    case LimitedBy::kLabs: return "It got no more, because no lab was left, and no classroom that may become one.";
    case LimitedBy::kQuota: return "It got no more, because of the quota of its faculty.";
  }
  return "";
}

std::string round_lines(const GrantExplanation& grant) {
  const auto& [seq, policy, programs, limited_by] = *grant.round;
  return "\nleft before the round: " + text_of(grant.before) + "\nThe round of " + entry(seq) + " shared it among " +
         number(static_cast<Quantity>(programs)) + (programs == 1 ? " program by " : " programs by ") +
         std::string{policy_name(policy)} + ". " + why_no_more(limited_by) +
         "\nleft after the round: " + text_of(grant.after) + '\n';
}

/// The allocation rule, with the numbers of this grant.
std::string steps(const GrantExplanation& grant) {
  if (grant.round) return round_lines(grant);
  const auto& want = grant.asked;
  const auto& before = grant.before;
  const auto& given = grant.given;
  const auto asked = [&](Quantity rooms) {
    if (grant.amendment) return "it wants " + number(rooms) + " more";
    return (grant.admitted == grant.want ? "it asked for " : "it may have ") + number(rooms);
  };
  const auto shortfall = want.labs - given.labs;
  auto text = "\nleft before: " + text_of(before) + '\n';
  text += "1. Labs: " + asked(want.labs) + ", and " + number(before.labs) + " were left: it gets " +
          number(given.labs) + ".\n";
  text += "2. Mobile labs: " + number(shortfall) + " labs are missing";
  if (shortfall > 0) {
    text += ", and " + number(before.conversions_left) + " conversions and " + number(before.classrooms) +
            " classrooms were left: it gets the least of the three, ";
  } else {
    text += ": it gets ";
  }
  text += number(given.mobile_labs) + ".\n";
  text += "3. Classrooms: " + asked(want.classrooms) + ", and " + number(before.classrooms - given.mobile_labs) +
          " were left";
  if (given.mobile_labs > 0) text += " after the mobile labs";
  text += ": it gets " + number(given.classrooms) + ".\n";
  return text + "left after: " + text_of(grant.after) + '\n';
}

const char* name_of(RoomKind kind) {
  switch (kind) {
    case RoomKind::kClassrooms: return "classrooms (also as mobile labs)";
    case RoomKind::kLabs: return "labs";
    case RoomKind::kConversions: return "conversions (mobile labs)";
  }
  return "";
}

Quantity capacity_of(const Capacity& capacity, RoomKind kind) {
  switch (kind) {
    case RoomKind::kClassrooms: return capacity.classrooms;
    case RoomKind::kLabs: return capacity.labs;
    case RoomKind::kConversions: return capacity.conversions;
  }
  return 0;
}

std::string holder_list(const ExplainReport& report, const std::vector<Holder>& holders) {
  std::string text;
  for (const auto& holder : holders) {
    text += (text.empty() ? "" : ", ") + name_text(report.names_of(holder.program)) + ' ' + number(holder.rooms) +
            " (" + entry(holder.seq) + ')';
  }
  return text;
}

std::string holder_lines(const ExplainReport& report) {
  std::string text;
  for (const auto& holders : report.grant.holders) {
    text += "of " + number(capacity_of(report.grant.capacity, holders.kind)) + ' ' + name_of(holders.kind) + ", " +
            number(holders.rooms) + " were granted before, to " + number(static_cast<Quantity>(holders.programs)) +
            (holders.programs == 1 ? " program\n" : " programs\n");
    if (holders.programs == 0) continue;
    const bool lists_all = holders.programs <= Holders::kListedMax;
    text += (lists_all ? "  the grants: " : "  the largest grants: ") + holder_list(report, holders.largest) + '\n';
    if (!lists_all) text += "  the last grants: " + holder_list(report, holders.last) + '\n';
  }
  return text.empty() ? text : '\n' + text;
}

std::string rooms_text(const ComeBack& rooms) {
  std::string text;
  const auto add = [&](Quantity quantity, const char* one, const char* several) {
    if (quantity > 0) text += (text.empty() ? "" : " and ") + number(quantity) + ' ' + (quantity == 1 ? one : several);
  };
  add(rooms.classrooms, "classroom", "classrooms");
  add(rooms.labs, "lab", "labs");
  add(rooms.conversions, "conversion", "conversions");
  return text;
}

std::string ways_text(const std::vector<ComeBack>& ways) {
  std::string text;
  for (const auto& way : ways) text += (text.empty() ? "" : "; or ") + rooms_text(way);
  return text;
}

std::string come_back_line(const GrantExplanation& grant) {
  const auto text = ways_text(grant.come_back);
  return text.empty() ? text : "for a whole grant, these would have to come back: " + text + '\n';
}

std::string waiting_lines(const ExplainReport& report) {
  if (!report.waiting) return {};
  const auto& [since, position, places, come_back] = *report.waiting;
  auto text = "it waits in place " + std::to_string(position) + " of " + std::to_string(places) + ", since " +
              entry(since) + "; " +
              (report.passed_over ? "it is passed over now: " + *report.passed_over
                                  : "it gets more as soon as the server settles the list") +
              '\n';
  if (come_back.empty()) return text;
  return text + "for the rest, these would have to come back, and no earlier place use them: " + ways_text(come_back) +
         '\n';
}

std::string later_lines(const ExplainReport& report) {
  std::string text;
  for (const auto seq : report.capacity_changes) {
    text += entry(seq) + " changed the capacity of the semester; the grant stayed as it was\n";
  }
  if (report.grant.released_at) text += entry(*report.grant.released_at) + " released the grant\n";
  if (report.closed_at) text += entry(*report.closed_at) + " closed the semester\n";
  return text + "now, at " + entry(report.head) + ", left: " + text_of(report.left_now) + '\n' + waiting_lines(report);
}

}  // namespace

std::string explanation_text(const ExplainReport& report) {
  const auto& grant = report.grant;
  auto text = head_lines(report) + steps(grant);
  if (grant.by_rule != grant.grant) {
    text += "DIFFERS: the ledger has " + text_of(grant.grant) + ", which the rule does not give: run dtictl verify\n";
  }
  return text + holder_lines(report) + come_back_line(grant) + '\n' + later_lines(report);
}

}  // namespace dti

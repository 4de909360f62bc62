#include "dtictl/what_if/what_if_columns.hpp"

#include "dti/domain/status.hpp"

namespace dti {
namespace {

Cell limit_cell(const WhatIfRow& row) {
  const auto& limited_by = row.planned.limited_by;
  if (!limited_by || *limited_by == LimitedBy::kNothing) return {};
  return std::string{limit_text(*limited_by)};
}

}  // namespace

std::string_view limit_text(LimitedBy limited_by) {
  switch (limited_by) {
    case LimitedBy::kNothing: return "";
    case LimitedBy::kLot: return "lot";
    case LimitedBy::kRooms: return "rooms";
    case LimitedBy::kClassrooms: return "classrooms";
    case LimitedBy::kLabs: return "labs";
    case LimitedBy::kQuota: return "quota";
  }
  return "";
}

std::vector<Column<WhatIfRow>> what_if_columns(bool compares) {
  using Row = WhatIfRow;
  constexpr auto kText = ColumnKind::kText;
  constexpr auto kInteger = ColumnKind::kInteger;
  return {
      {{"faculty", kText}, [](const Row& row) { return row.faculty; }},
      {{"program", kText}, [](const Row& row) { return row.program; }},
      {{"classrooms-wanted", kInteger}, [](const Row& row) { return row.want.classrooms; }},
      {{"labs-wanted", kInteger}, [](const Row& row) { return row.want.labs; }},
      {{"status", kText}, [](const Row& row) { return std::string{wire_text(row.planned.status)}; }},
      {{"classrooms", kInteger}, [](const Row& row) { return row.planned.grant.classrooms; }},
      {{"labs", kInteger}, [](const Row& row) { return row.planned.grant.labs; }},
      {{"mobile-labs", kInteger}, [](const Row& row) { return row.planned.grant.mobile_labs; }},
      {{"limited-by", kText}, limit_cell},
      {{"rooms", kInteger, !compares}, [](const Row& row) { return rooms_in(row.planned.grant); }},
      {{"first-come", kInteger, !compares}, [](const Row& row) { return rooms_in(row.planned.first_come); }},
      {{"difference", kInteger, !compares},
       [](const Row& row) { return rooms_in(row.planned.grant) - rooms_in(row.planned.first_come); }},
      {{"first-come-classrooms", kInteger, true}, [](const Row& row) { return row.planned.first_come.classrooms; }},
      {{"first-come-labs", kInteger, true}, [](const Row& row) { return row.planned.first_come.labs; }},
      {{"first-come-mobile-labs", kInteger, true}, [](const Row& row) { return row.planned.first_come.mobile_labs; }},
      {{"line", kInteger, true}, [](const Row& row) { return static_cast<std::int64_t>(row.line); }},
      {{"semester", kText, true}, [](const Row& row) { return row.semester; }},
      {{"head", kInteger, true}, [](const Row& row) { return row.head; }},
  };
}

}  // namespace dti

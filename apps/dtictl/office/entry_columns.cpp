#include "dtictl/office/entry_columns.hpp"

#include <utility>

#include "dti/domain/status.hpp"
#include "dti/service/office/entry_text.hpp"
#include "dtictl/office/cells.hpp"

namespace dti {
namespace {

using Row = EntryRow;

Column<Row> detail(Column<Row> column) {
  column.head.is_detail = true;
  return column;
}

/// A column of the stored row that is NULL in entries of other kinds.
Column<Row> stored_column(std::string name, StoredNumber LedgerRow::*number) {
  return detail({{std::move(name), ColumnKind::kInteger}, [number](const Row& row) -> Cell {
                   const auto stored = row.entry.row.*number;
                   return stored ? Cell{*stored} : Cell{};
                 }});
}

Column<Row> name_column(std::string name, std::string ProgramName::*part) {
  return detail({{std::move(name), ColumnKind::kText}, [part](const Row& row) -> Cell {
                   const bool has_text = row.name && !((*row.name).*part).empty();
                   return has_text ? Cell{(*row.name).*part} : Cell{};
                 }});
}

Cell cause_cell(const Row& row) {
  const auto& entry = row.entry.row;
  if (entry.cause) return cause_text(*entry.cause);
  if (entry.kind == stored_code(EntryKind::kGranted)) return std::string{stored_text(Cause::kAsked)};
  return {};
}

Cell setting_cell(const Row& row) {
  const auto setting = row.entry.row.setting;
  if (!setting) return {};
  if (*setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOn)) return std::string{"wait-list-on"};
  if (*setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOff)) return std::string{"wait-list-off"};
  return "setting " + std::to_string(*setting);
}

Cell end_cell(const Row& row) {
  const auto end = row.entry.row.expires_at;
  return end ? time_cell(*end) : Cell{};
}

Column<Row> note_column(std::string name, std::string CommandNote::*part) {
  return {{std::move(name), ColumnKind::kText}, [part](const Row& row) -> Cell {
            const bool has_text = row.note && !((*row.note).*part).empty();
            return has_text ? Cell{(*row.note).*part} : Cell{};
          }};
}

Cell status_cell(const Row& row) {
  const auto status = row.entry.row.status;
  if (!status) return {};
  return std::string{wire_text(*status == 0 ? Status::kOk : Status::kNotEnoughResources)};
}

}  // namespace

EntryRow row_of(const StoredSemester& semester, const StoredEntry& entry, const StoreNames& names, const Notes& notes) {
  const auto note = notes.find(entry.row.seq);
  const auto faculty = entry.row.faculty_id.value_or(0);
  const bool has_faculty = faculty >= 1 && std::cmp_less_equal(faculty, names.faculties());
  const auto name = has_faculty
                        ? std::optional{ProgramName{names.catalog().faculty_name(static_cast<FacultyId>(faculty)), {}}}
                        : names.find_name(entry.row.program_id.value_or(0));
  return {semester.name, entry, name, note == notes.end() ? std::nullopt : std::optional{note->second}, false};
}

std::vector<Column<EntryRow>> entry_columns() {
  return {
      detail(text_column<Row>("semester", [](const Row& row) { return row.semester; })),
      number_column<Row>("seq", [](const Row& row) { return row.entry.row.seq; }),
      time_column<Row>("at", [](const Row& row) { return row.entry.at; }),
      text_column<Row>("kind", [](const Row& row) { return kind_text(row.entry.row.kind); }),
      detail({{"cause", ColumnKind::kText}, &cause_cell}),
      name_column("faculty", &ProgramName::faculty),
      name_column("program", &ProgramName::program),
      stored_column("generation", &LedgerRow::generation),
      stored_column("classrooms-wanted", &LedgerRow::classrooms_wanted),
      stored_column("labs-wanted", &LedgerRow::labs_wanted),
      stored_column("classrooms-granted", &LedgerRow::classrooms_granted),
      stored_column("labs-granted", &LedgerRow::labs_granted),
      stored_column("mobile-labs-granted", &LedgerRow::mobile_labs_granted),
      detail({{"status", ColumnKind::kText}, &status_cell}),
      stored_column("classrooms-capacity", &LedgerRow::classrooms_capacity),
      stored_column("labs-capacity", &LedgerRow::labs_capacity),
      stored_column("conversions-capacity", &LedgerRow::conversions_capacity),
      stored_column("waits-since", &LedgerRow::waits_since),
      detail({{"setting", ColumnKind::kText}, &setting_cell}),
      detail({{"terms", ColumnKind::kText},
              [](const Row& row) { return row.entry.row.terms ? Cell{*row.entry.row.terms} : Cell{}; }}),
      detail({{"expires-at", ColumnKind::kTime}, &end_cell}),
      detail({{"request-id", ColumnKind::kText},
              [](const Row& row) { return row.entry.request_id ? Cell{*row.entry.request_id} : Cell{}; }}),
      detail({{"command-id", ColumnKind::kText},
              [](const Row& row) { return row.entry.command_id ? Cell{*row.entry.command_id} : Cell{}; }}),
      note_column("actor", &CommandNote::actor),
      note_column("note", &CommandNote::note),
      text_column<Row>("text",
                       [](const Row& row) { return entry_text(row.entry.row, row.name ? &*row.name : nullptr); }),
  };
}

std::vector<Column<EntryRow>> entry_columns_of_program() {
  auto columns = entry_columns();
  columns.insert(columns.end() - 1,
                 {{"stands", ColumnKind::kBoolean}, [](const Row& row) -> Cell { return row.stands; }});
  return columns;
}

}  // namespace dti

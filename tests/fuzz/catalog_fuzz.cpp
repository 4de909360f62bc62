// Any bytes given as a catalogue are read as a plain reader of RFC 4180 reads them, or refused with the line of the
// first fault. What passes has names that can be asked for, no pair twice, and is read back as it is written; a store
// takes it, finds each program by any spelling of its key, and gains nothing from the same file again.
#include "dti/domain/catalog.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "dti/domain/name.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// RFC 4180 as an automaton, a character at a time; none if it does not allow the text.
std::optional<Rows> read_csv(std::string_view text) {
  enum class At { kStart, kPlain, kQuoted, kQuote };
  Rows rows;
  At at = At::kStart;
  std::string field;
  bool in_row = false;
  const auto end_field = [&] {
    if (!in_row) rows.emplace_back();
    in_row = true;
    rows.back().push_back(std::exchange(field, {}));
    at = At::kStart;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool line_ends = c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
    if (at == At::kQuoted) {
      if (c == '"')
        at = At::kQuote;
      else
        field += c;
    } else if (c == '"') {
      if (at == At::kPlain) return {};
      if (at == At::kQuote) field += c;
      at = At::kQuoted;
    } else if (c == ',') {
      end_field();
      if (i + 1 == text.size()) end_field();
    } else if (line_ends) {
      end_field();
      in_row = false;
      if (c == '\r') ++i;
    } else {
      if (at == At::kQuote) return {};
      at = At::kPlain;
      field += c;
    }
  }
  if (at == At::kQuoted) return {};
  if (at != At::kStart) end_field();
  return rows;
}

/// The rows, or none if one of them is no pair of names.
std::optional<std::vector<CatalogRow>> expected_rows(std::string_view text) {
  const auto rows = read_csv(text);
  if (!rows || rows->empty() || rows->front() != std::vector<std::string>{"faculty", "program"}) return {};
  std::vector<CatalogRow> expected;
  for (std::size_t i = 1; i < rows->size(); ++i) {
    const auto& fields = (*rows)[i];
    if (fields.size() != 2) return {};
    for (const std::string& name : fields) {
      const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
      if (name.size() > 200 || name_key(name).empty() || std::any_of(name.begin(), name.end(), is_control)) return {};
    }
    expected.push_back({fields[0], fields[1]});
  }
  // One name in two spellings is refused; a pair that repeats is none.
  std::vector<CatalogRow> once;
  for (const CatalogRow& row : expected) {
    for (const CatalogRow& other : once) {
      const bool same_faculty = name_key(row.faculty) == name_key(other.faculty);
      if (same_faculty && row.faculty != other.faculty) return {};
      if (same_faculty && name_key(row.program) == name_key(other.program) && row.program != other.program) return {};
    }
    if (std::find(once.begin(), once.end(), row) == once.end()) once.push_back(row);
  }
  return once;
}

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

void check_rows(const std::vector<CatalogRow>& rows) {
  std::string written = "faculty,program\r\n";
  for (const CatalogRow& row : rows) written += quoted(row.faculty) + ',' + quoted(row.program) + "\r\n";
  const auto again = parse_catalog(written);
  claim(std::get<0>(again) == rows, "a catalogue is read back as it is written", written);

  Catalog catalog;
  const auto additions = std::get<0>(catalog.additions(rows));
  claim(catalog.add(additions) && catalog.size() == rows.size(), "a store takes what a file has");
  std::set<std::pair<FacultyId, ProgramId>> found;
  for (const CatalogRow& row : rows) {
    const auto faculty = catalog.find_faculty(name_key(row.faculty));
    const auto program = catalog.find_program(faculty, "- " + row.program + "_");
    claim(faculty != 0 && program != 0, "a program is found by any spelling of its key", row.program);
    claim(catalog.find_programs(faculty, {{"id", row.program, {}}}) == std::vector{program}, "also as it is spelled");
    found.emplace(faculty, program);
  }
  claim(found.size() == rows.size(), "no two programs are one");
  claim(std::get<0>(catalog.additions(rows)).empty(), "the same file adds nothing");
}

void check(std::string_view text) {
  const auto catalog = parse_catalog(text);
  const auto expected = expected_rows(text);
  const auto* rows = std::get_if<0>(&catalog);
  const auto* fault = std::get_if<CatalogFault>(&catalog);
  claim((rows != nullptr) == expected.has_value(), "what is let pass is what RFC 4180 and docs/protocol.md let pass",
        fault == nullptr ? "" : std::string_view{fault->reason});
  if (fault != nullptr) {
    const auto lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    claim(fault->line >= 1 && fault->line <= lines && !fault->reason.empty(), "a fault has a line and a reason");
    return;
  }
  claim(*rows == *expected, "the rows are those of a plain reading");
  check_rows(*rows);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

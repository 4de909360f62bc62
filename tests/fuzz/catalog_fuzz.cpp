// Any bytes given as a catalogue are read, or refused with every fault, each with a line of the file. What passes has names
// that name_fault() lets pass, no pair twice, and is read back as it is written, in each encoding and with each separator; a
// store takes it, finds each program by its spelling and others of it, and gains nothing from the same file again.
#include "dti/domain/catalog.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::string written(const std::vector<CatalogRow>& rows, char separator, const std::string& line_end) {
  std::string text = "id" + std::string{separator} + "Programa" + separator + "FACULTY" + line_end;
  for (const CatalogRow& row : rows) {
    text += "7" + std::string{separator} + quoted(row.program) + separator + quoted(row.faculty) + line_end;
  }
  return text;
}

/// The text as UTF-16, little endian, with its mark.
std::string utf16(std::string_view text) {
  std::string bytes = "\xFF\xFE";
  const auto put = [&](std::uint32_t unit) {
    (bytes += static_cast<char>(unit & 0xFF)) += static_cast<char>(unit >> 8);
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    auto value = size == 1 ? std::uint32_t{lead} : lead & (0xFFU >> (size + 1));
    for (std::size_t j = 1; j < size; ++j) value = value << 6 | (static_cast<unsigned char>(text[i + j]) & 0x3F);
    if (value >= 0x10000) put(0xD800 + ((value - 0x10000) >> 10));
    put(value >= 0x10000 ? 0xDC00 + ((value - 0x10000) & 0x3FF) : value);
    i += size;
  }
  return bytes;
}

void check_rows(const std::vector<CatalogRow>& rows) {
  for (const auto& text : {written(rows, ',', "\r\n"), "\xEF\xBB\xBF" + written(rows, ';', "\n"),
                           "sep=|\n" + written(rows, '|', "\r"), utf16(written(rows, '\t', "\r\n"))}) {
    const auto again = parse_catalog(text);
    claim(std::get<CatalogFile>(again).rows == rows, "a catalogue is read back as it is written", text);
  }

  Catalog catalog;
  const auto additions = std::get<0>(catalog.additions(rows));
  claim(catalog.add(additions) && catalog.size() == rows.size(), "a store takes what a file has");
  std::set<std::pair<FacultyId, ProgramId>> found;
  for (const CatalogRow& row : rows) {
    const auto faculty = catalog.find_faculty(strict_key(row.faculty));
    const auto program = catalog.find_program(faculty, "- " + row.program + "_");
    claim(faculty != 0 && program != 0, "a program is found by any spelling of its key", row.program);
    claim(catalog.find_programs(faculty, {{"id", row.program, {}}}) == std::vector{program}, "also as it is spelled");
    found.emplace(faculty, program);
  }
  claim(found.size() == rows.size(), "no two programs are one");
  claim(std::get<0>(catalog.additions(rows)).empty(), "the same file adds nothing");
}

void check(std::string_view text) {
  const auto parsed = parse_catalog(text);
  if (const auto* faults = std::get_if<CatalogFaults>(&parsed)) {
    const auto is_end = [](char c) { return c == '\n' || c == '\r'; };
    const auto lines = 1 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_end));
    claim(!faults->listed.empty() && faults->listed.size() <= CatalogFaults::kListedMax,
          "faults are listed, within a bound");
    for (const auto& fault : faults->listed) {
      claim(fault.line >= 1 && fault.line <= lines, "a fault has a line of the file", fault.reason);
      claim(!fault.reason.empty() && is_utf8(fault.reason), "a fault has a reason", fault.reason);
    }
    return;
  }
  const auto& rows = std::get<CatalogFile>(parsed).rows;
  for (const auto& row : rows) {
    for (const auto& name : {row.faculty, row.program}) {
      claim(!name_fault(name, kNameBytesMax) && tidy_name(name) == name, "a name that passes is one", name);
    }
  }
  check_rows(rows);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

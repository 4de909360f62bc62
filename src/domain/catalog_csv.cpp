#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "domain/code_points.hpp"
#include "domain/csv_reader.hpp"
#include "domain/spreadsheet_text.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

constexpr std::array<char, 4> kSeparators = {',', ';', '\t', '|'};

bool is_blank(const CsvRecord& record) {
  return !record.fault && std::all_of(record.cells.begin(), record.cells.end(),
                                      [](const auto& cell) { return tidy_name(cell).empty(); });
}

/// The first line, cut to a length that a message can show.
std::string first_line(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  auto line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() <= kShownMax) return std::string{line};
  line = line.substr(0, kShownMax);
  while ((line.back() & 0xC0) == 0x80) line.remove_suffix(1);
  return std::string{line.substr(0, line.size() - 1)} + "…";
}

/// Removes the line `sep=;` that Excel writes from the start of the text.
/// @return its separator; none if there is no such line
std::optional<char> take_separator_line(std::string_view& text, std::size_t& line) {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  auto first = text.substr(0, end);
  if (first.size() >= 2 && first.front() == '"' && first.back() == '"') first = first.substr(1, first.size() - 2);
  if (first.size() < 5 || name_key(first.substr(0, 4)) != "sep=") return std::nullopt;
  const char separator = first[4];
  if (first.find_first_not_of(separator, 5) != first.npos) return std::nullopt;  // saved rows have one per column
  text.remove_prefix(end);
  text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<std::size_t>(text.size(), 1));
  ++line;
  return separator;
}

/// The columns that contain the names.
struct Header {
  std::optional<std::size_t> faculty;
  std::optional<std::size_t> program;
  std::size_t width = 0;  // cells of a complete header, without blank ones at the end
  std::optional<std::string> twice;

  [[nodiscard]] int found() const { return (faculty ? 1 : 0) + (program ? 1 : 0); }
};

Header read_header(const CsvRecord& record) {
  Header header;
  header.width = record.cells.size();
  for (std::size_t i = 0; i < record.cells.size(); ++i) {
    const auto word = name_key(without_invisible(record.cells[i]));
    auto* const place = word == "faculty" || word == "facultad"   ? &header.faculty
                        : word == "program" || word == "programa" ? &header.program
                                                                  : nullptr;
    if (place == nullptr) continue;
    if (*place) header.twice = tidy_name(record.cells[i]);
    *place = i;
  }
  if (header.found() < 2) return header;  // only a complete header needs the width
  while (tidy_name(record.cells[header.width - 1]).empty()) --header.width;
  return header;
}

/// Tells whether the text is an error value of a spreadsheet, in English or Spanish.
bool is_spreadsheet_error(std::string_view name) {
  if (!name.starts_with('#')) return false;
  return name == "#N/A" || name == "#N/D" || name.ends_with('!') || name.ends_with('?') ||
         name.find_first_not_of('#') == name.npos;
}

/// Tells whether the text is what a database or a program writes for a missing value.
bool is_missing_value(std::string_view name) {
  constexpr std::array<std::string_view, 9> kWords = {"null", "(null)", "<null>",    "[null]", "\\n",
                                                      "nan",  "none",   "undefined", "n/a"};
  return std::find(kWords.begin(), kWords.end(), name_key(name)) != kWords.end();
}

/// Tells whether the text is a long number, or a code such as 2E10, that a spreadsheet has shortened: 1.23E+11.
bool is_shortened_number(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto exponent = name.find("E+");
  return exponent != name.npos && exponent > 0 && exponent + 2 < name.size() && is_digit(name.front()) &&
         name.substr(0, exponent).find_first_not_of("0123456789.,") == name.npos &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(exponent) + 2, name.end(), is_digit);
}

/// The first character that has the form of a web page (`&ntilde;`, `&#241;`); empty if there is none.
std::string_view character_reference(std::string_view name) {
  for (auto at = name.find('&'); at != name.npos; at = name.find('&', at + 1)) {
    const auto end = name.find(';', at);
    if (end == name.npos) return {};
    const auto word = name.substr(at + 1, end - at - 1);
    const bool is_word =
        word.size() > 1 && std::all_of(word.begin(), word.end(), [](char c) {
          return c == '#' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        });
    if (is_word) return name.substr(at, end + 1 - at);
  }
  return {};
}

/// The first UTF-8 letter with an accent that another program read as Windows-1252 (`Ã±` for `ñ`); empty if there is
/// none.
std::string_view misread_letter(std::string_view name) {
  std::int32_t before = 0;
  std::size_t size_before = 0;
  for (auto rest = name; !rest.empty();) {
    const auto c = first_code_point(rest);
    const bool is_rest = (c.value > 0xA0 && c.value <= 0xBF && c.value != 0xBB) || c.value == 0x2018 ||
                         c.value == 0x201C || c.value == 0x2030 || c.value == 0x0161;
    if (is_rest && (before == 0xC2 || before == 0xC3)) return {rest.data() - size_before, size_before + c.size};
    before = c.value;
    size_before = c.size;
    rest.remove_prefix(c.size);
  }
  return {};
}

/// Reports traces of a failed conversion in a name, as the rest of a sentence; none if there are none.
std::optional<std::string> conversion_fault(std::string_view name) {
  if (is_spreadsheet_error(name)) return "is an error of the spreadsheet: " + std::string{name};
  if (is_missing_value(name)) return "is not a name but a missing value: " + std::string{name};
  if (is_shortened_number(name)) {
    return "is a number that the spreadsheet has shortened (" + std::string{name} + "): make the column text";
  }
  if (const auto reference = character_reference(name); !reference.empty()) {
    return "has \"" + std::string{reference} + "\", which is how a web page writes a character: export the file again";
  }
  const auto letter = misread_letter(name);
  if (letter.empty()) return std::nullopt;
  return "has \"" + std::string{letter} + "\", which is how an accented letter of UTF-8 looks when it is read as " +
         "Windows-1252: export the file again";
}

/// The first row that is not blank; none if there is none.
std::optional<CsvRecord> next_row(CsvReader& reader) {
  while (!reader.at_end()) {
    if (auto record = reader.next(); !is_blank(record)) return record;
  }
  return std::nullopt;
}

/// Reads the rows below the header, and collects their errors.
class RowReader {
 public:
  explicit RowReader(Header header) : header_(std::move(header)) {}

  void read(CsvRecord record) {
    if (record.fault) return faults_.add(*std::move(record.fault));
    // The file may consist of several files, or repeat its header on each page.
    if (const auto again = read_header(record); again.found() == 2) {
      if (again.faculty == header_.faculty && again.program == header_.program) return;
      return faults_.add(
          {record.line, 0, "the row is a header with its columns in another place: split the file here"});
    }
    for (std::size_t i = header_.width; i < record.cells.size(); ++i) {
      if (tidy_name(record.cells[i]).empty()) continue;
      return faults_.add(
          {record.line, i + 1, "the row has more cells than the header: a name with a separator in it needs quotes"});
    }
    const auto faculty = read_name(record, *header_.faculty, "faculty");
    const auto program = read_name(record, *header_.program, "program");
    if (faculty && program) place({*faculty, *program, record.line});
  }

  std::variant<CatalogFile, CatalogFaults> finish(bool is_windows_1252) {
    if (!faults_.listed.empty()) return std::move(faults_);
    return CatalogFile{std::move(rows_), is_windows_1252};
  }

 private:
  std::optional<std::string> read_name(const CsvRecord& record, std::size_t index, const std::string& what) {
    auto name = index < record.cells.size() ? tidy_name(record.cells[index]) : std::string{};
    auto fault = conversion_fault(name);
    if (!fault) fault = name_fault(name, kNameBytesMax);
    if (!fault) return name;
    faults_.add({record.line, index + 1, "the " + what + (name.empty() ? " is missing" : " " + *fault)});
    return std::nullopt;
  }

  void place(CatalogRow row) {
    using Kind = Catalog::Placing::Kind;
    const auto placed = catalog_.place(row);
    switch (placed.kind) {
      case Kind::kNew:
        if (placed.program.faculty_id > faculty_lines_.size()) faculty_lines_.push_back(row.line);
        catalog_.put(placed.program);
        return rows_.push_back(std::move(row));
      case Kind::kKnown: return;
      case Kind::kFacultyClash:
        return faults_.add({row.line, *header_.faculty + 1,
                            clash("faculty", row.faculty, catalog_.faculty_name(placed.other),
                                  faculty_lines_[placed.other - 1], placed.only_looks_like)});
      case Kind::kProgramClash:
        return faults_.add({row.line, *header_.program + 1,
                            clash("program", row.program, catalog_.program_name(placed.other),
                                  rows_[placed.other - 1].line, placed.only_looks_like)});
    }
  }

  static std::string clash(const std::string& what, const std::string& name, const std::string& other, std::size_t line,
                           bool only_looks_like) {
    const auto [one, two] = shown_apart(name, other);
    return "the " + what + " " + one + (only_looks_like ? " looks like " : " is the same name as ") + two +
           " in line " + std::to_string(line) + (only_looks_like ? ", with other letters" : "") + ": use one spelling";
  }

  Header header_;
  Catalog catalog_;                         // of this file
  std::vector<std::size_t> faculty_lines_;  // by FacultyId - 1: the first line of each faculty
  std::vector<CatalogRow> rows_;            // by ProgramId - 1
  CatalogFaults faults_;
};

CatalogFaults one_fault(CatalogFault fault) {
  CatalogFaults faults;
  faults.add(std::move(fault));
  return faults;
}

}  // namespace

std::variant<CatalogFile, CatalogFaults> parse_catalog(std::string_view bytes) {
  static const std::string kNeeded =
      "the first row must name the columns faculty and program (or facultad and programa)";
  auto decoded = read_spreadsheet_text(bytes);
  if (auto* const fault = std::get_if<CatalogFault>(&decoded)) return one_fault(std::move(*fault));
  const auto& [text, is_windows_1252] = std::get<SpreadsheetText>(decoded);
  std::string_view rest = text;
  std::size_t line = 1;
  const auto given = take_separator_line(rest, line);

  std::optional<CsvRecord> best_row;
  std::optional<CsvReader> best;
  Header best_header;
  for (const char separator : kSeparators) {
    if (given && *given != separator) continue;
    CsvReader reader{rest, separator, line};
    auto row = next_row(reader);
    if (!row) return one_fault({1, 0, "the file is empty; " + kNeeded});
    auto header = read_header(*row);
    if (best && header.found() <= best_header.found()) continue;
    best_row = std::move(row);
    best = reader;
    best_header = std::move(header);
  }
  if (!best) return one_fault({1, 0, "the line sep= names none of the separators \",\", \";\", tab and \"|\""});
  if (best_row->fault) return one_fault(*std::move(best_row->fault));
  if (best_header.twice) return one_fault({best_row->line, 0, "the header has two columns " + *best_header.twice});
  if (best_header.found() < 2) {
    const auto* const missing = best_header.found() == 0 ? ""
                                : best_header.faculty    ? ", and has no program"
                                                         : ", and has no faculty";
    return one_fault({best_row->line, 0,
                      kNeeded + missing + "; it is: " +
                          first_line(rest.substr(std::min(rest.find_first_not_of("\r\n"), rest.size())))});
  }

  RowReader rows{std::move(best_header)};
  while (auto row = next_row(*best)) rows.read(*std::move(row));
  return rows.finish(is_windows_1252);
}

}  // namespace dti

#include <algorithm>
#include <map>
#include <optional>

#include "dti/domain/catalog.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

constexpr std::size_t kNameBytesMax = 200;  // as on the wire: a longer name could never be asked for

struct Record {
  std::size_t line = 1;  // where it starts
  std::vector<std::string> fields;
};

// RFC 4180, one record at a time: fields may be quoted, quotes in them doubled, lines end in CRLF or LF.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  std::variant<Record, CatalogFault> next() {
    Record record{line_, {}};
    for (;;) {
      auto field = take_char('"') ? quoted_field() : plain_field();
      if (const auto* fault = std::get_if<CatalogFault>(&field)) return *fault;
      record.fields.push_back(std::get<std::string>(std::move(field)));
      if (take_char(',')) continue;
      if (!rest_.empty() && !take_line_end()) return CatalogFault{line_, "text after a closing quote"};
      return record;
    }
  }

 private:
  bool take_char(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_line_end() {
    const std::size_t length = rest_.starts_with("\r\n") ? 2 : rest_.starts_with('\n') ? 1 : 0;
    rest_.remove_prefix(length);
    line_ += length > 0 ? 1 : 0;
    return length > 0;
  }
  std::variant<std::string, CatalogFault> plain_field() {
    const auto end = std::min(rest_.find_first_of(",\n\""), rest_.size());
    if (end < rest_.size() && rest_[end] == '"')
      return CatalogFault{line_, "a quote inside a field that is not quoted"};
    auto field = rest_.substr(0, end);
    if (end < rest_.size() && rest_[end] == '\n' && field.ends_with('\r')) field.remove_suffix(1);
    rest_.remove_prefix(field.size());
    return std::string{field};
  }
  std::variant<std::string, CatalogFault> quoted_field() {
    const auto opened = line_;
    std::string field;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"' && !take_char('"')) return field;
      line_ += c == '\n' ? 1 : 0;
      field.push_back(c);
    }
    return CatalogFault{opened, "a quote that is never closed"};
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

std::optional<std::string> name_fault(std::string_view what, const std::string& name) {
  const auto text = std::string{what};
  if (!is_utf8(name)) return text + " is not UTF-8";
  if (name.size() > kNameBytesMax) return text + " is longer than 200 bytes";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return text + " has a control character";
  if (name_key(name).empty()) return text + " is empty";
  return std::nullopt;
}

std::string spelled_twice(std::string_view what, const std::string& name, const std::string& before) {
  return std::string{what} + " \"" + name + "\" is the same name as \"" + before + "\" above: use one spelling";
}

}  // namespace

std::variant<std::vector<CatalogRow>, CatalogFault> parse_catalog(std::string_view text) {
  CsvReader reader{text};
  if (reader.at_end()) return CatalogFault{1, "the file is empty; its first line must be: faculty,program"};
  std::vector<CatalogRow> rows;
  std::map<std::string, std::string> faculties;                         // key -> spelling
  std::map<std::pair<std::string, std::string>, std::string> programs;  // keys -> spelling
  bool is_header = true;
  while (!reader.at_end()) {
    auto next = reader.next();
    if (auto* fault = std::get_if<CatalogFault>(&next)) return *fault;
    auto& record = std::get<Record>(next);
    if (is_header) {
      is_header = false;
      if (record.fields != std::vector<std::string>{"faculty", "program"}) {
        return CatalogFault{record.line, "the first line must be: faculty,program"};
      }
      continue;
    }
    if (record.fields.size() != 2) {
      return CatalogFault{record.line, "a line has two fields, faculty and program; this one has " +
                                           std::to_string(record.fields.size())};
    }
    CatalogRow row{std::move(record.fields[0]), std::move(record.fields[1])};
    if (const auto fault = name_fault("faculty", row.faculty)) return CatalogFault{record.line, *fault};
    if (const auto fault = name_fault("program", row.program)) return CatalogFault{record.line, *fault};
    const auto faculty_key = name_key(row.faculty);
    const auto& faculty = faculties.try_emplace(faculty_key, row.faculty).first->second;
    if (faculty != row.faculty) return CatalogFault{record.line, spelled_twice("faculty", row.faculty, faculty)};
    const auto [program, is_new] = programs.try_emplace({faculty_key, name_key(row.program)}, row.program);
    if (program->second != row.program) {
      return CatalogFault{record.line, spelled_twice("program", row.program, program->second)};
    }
    if (is_new) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace dti

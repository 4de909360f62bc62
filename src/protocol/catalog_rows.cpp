#include "protocol/catalog_rows.hpp"

#include <string>

#include "dti/domain/name_fault.hpp"
#include "dti/domain/office_command.hpp"

namespace dti {
namespace {

/// Reads the programs of one faculty, until the first fault: a message of a stranger cannot become many times its size.
/// @param path  of the list
void read_faculty(JsonValue group, const std::string& path, FieldReader& reader, std::vector<CatalogRow>& rows) {
  const auto faculty = reader.text(group, path + '.', "faculty", {1, kNameBytesMax});
  const JsonValue programs = group["programs"];
  if (programs.kind() != JsonKind::kArray) return reader.fault(path + ".programs", "must be a list of texts");
  if (reader.first_fault()) return;
  for (auto program = programs.first(); program.kind() != JsonKind::kMissing; program = program.next()) {
    if (program.kind() != JsonKind::kString || program.text().empty() || program.text().size() > kNameBytesMax) {
      return reader.fault(path + ".programs", "must be texts of 1 to " + std::to_string(kNameBytesMax) + " bytes");
    }
    if (rows.size() == kCatalogRowsMax) {
      return reader.fault(path, "must have at most " + std::to_string(kCatalogRowsMax) + " programs");
    }
    rows.push_back({faculty, std::string{program.text()}});
  }
}

}  // namespace

void write_catalog_rows(JsonWriter& writer, std::string_view key, const std::vector<CatalogRow>& rows) {
  writer.open_array(key);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].faculty != rows[i - 1].faculty) {
      writer.open_object();
      writer.text("faculty", rows[i].faculty);
      writer.open_array("programs");
    }
    writer.element(rows[i].program);
    if (i + 1 == rows.size() || rows[i + 1].faculty != rows[i].faculty) {
      writer.close_array();
      writer.close_object();
    }
  }
  writer.close_array();
}

std::vector<CatalogRow> read_catalog_rows(JsonValue root, std::string_view key, FieldReader& reader) {
  std::vector<CatalogRow> rows;
  const JsonValue list = root[key];
  if (list.kind() != JsonKind::kArray) {
    reader.fault(key, "must be a list of faculties");
    return rows;
  }
  for (auto group = list.first(); group.kind() != JsonKind::kMissing; group = group.next()) {
    read_faculty(group, std::string{key}, reader, rows);
    if (reader.first_fault()) return {};
  }
  if (rows.empty()) reader.fault(key, "must have at least one program");
  return rows;
}

}  // namespace dti

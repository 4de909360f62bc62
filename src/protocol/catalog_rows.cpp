#include "protocol/catalog_rows.hpp"

#include <string>

#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

/// Reads the programs of one faculty. @param path  of the list
void read_faculty(JsonValue group, const std::string& path, FieldReader& reader, std::vector<CatalogRow>& rows) {
  const auto faculty = reader.text(group, path + '.', "faculty", {0, kNameBytesMax});
  const JsonValue programs = group["programs"];
  if (programs.kind() != JsonKind::kArray) return reader.fault(path + ".programs", "must be a list of texts");
  for (auto program = programs.first(); program.kind() != JsonKind::kMissing; program = program.next()) {
    if (program.kind() != JsonKind::kString || program.text().size() > kNameBytesMax) {
      return reader.fault(path + ".programs", "must be texts of at most " + std::to_string(kNameBytesMax) + " bytes");
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
  }
  return rows;
}

}  // namespace dti

#include "dti/cli/lists/list_writer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/lists/cell_text.hpp"
#include "cli/lists/display_width.hpp"
#include "dti/base/check.hpp"

namespace dti {
namespace {

constexpr std::size_t kGap = 2;  // blanks between the columns of a table

std::string in_capitals(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

bool fits(const ColumnHead& column, const Cell& cell) {
  return cell.index() == 0 || cell.index() == static_cast<std::size_t>(column.kind) + 1;
}

}  // namespace

ListWriter::ListWriter(std::ostream& out, ListFormat format, std::vector<ColumnHead> columns)
    : out_(out), format_(format), columns_(std::move(columns)), widths_(columns_.size()) {
  if (format_ == ListFormat::kTable) {
    auto& header = measured_.emplace_back();
    for (const auto& column : columns_) header.push_back(in_capitals(column.name));
  } else if (format_ == ListFormat::kCsv) {
    std::vector<Cell> header;
    for (const auto& column : columns_) header.emplace_back(column.name);
    out_ << csv_line(header);
  }
}

void ListWriter::add(std::span<const Cell> cells) {
  DTI_CHECK(std::equal(columns_.begin(), columns_.end(), cells.begin(), cells.end(), fits));
  switch (format_) {
    case ListFormat::kTable: {
      std::vector<std::string> texts;
      std::transform(cells.begin(), cells.end(), std::back_inserter(texts), table_text);
      if (rows_ == kRowsMeasured) write_measured_rows();
      if (is_measuring_) {
        measured_.push_back(std::move(texts));
      } else {
        write_table_line(texts);
      }
      break;
    }
    case ListFormat::kCsv: out_ << csv_line(cells); break;
    case ListFormat::kJson: out_ << (rows_ == 0 ? "[\n" : ",\n") << json_object(columns_, cells); break;
    case ListFormat::kJsonLines: out_ << json_object(columns_, cells) << '\n'; break;
  }
  ++rows_;
}

void ListWriter::flush() {
  if (format_ == ListFormat::kTable) write_measured_rows();
  out_ << std::flush;
}

void ListWriter::finish() {
  if (format_ == ListFormat::kTable) write_measured_rows();
  if (format_ == ListFormat::kJson) out_ << (rows_ == 0 ? "[]\n" : "\n]\n");
}

void ListWriter::write_measured_rows() {
  for (const auto& texts : measured_) {
    for (std::size_t i = 0; i < texts.size(); ++i) widths_[i] = std::max(widths_[i], display_width(texts[i]));
  }
  for (const auto& texts : measured_) write_table_line(texts);
  measured_.clear();
  is_measuring_ = false;
}

void ListWriter::write_table_line(const std::vector<std::string>& texts) {
  std::string line;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto width = display_width(texts[i]);
    const std::string padding(width < widths_[i] ? widths_[i] - width : 0, ' ');
    if (i > 0) line.append(kGap, ' ');
    line += columns_[i].kind == ColumnKind::kInteger ? padding + texts[i] : texts[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line << '\n';
}

void write_record(std::ostream& out, ListFormat format, const std::vector<ColumnHead>& columns,
                  std::span<const Cell> cells) {
  DTI_CHECK(columns.size() == cells.size());
  if (format == ListFormat::kJson || format == ListFormat::kJsonLines) {
    out << json_object(columns, cells) << '\n';
    return;
  }
  if (format == ListFormat::kCsv) {
    ListWriter writer{out, format, columns};
    writer.add(cells);
    return writer.finish();
  }
  std::size_t width = 0;
  for (const auto& column : columns) width = std::max(width, column.name.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out << columns[i].name << std::string(width - columns[i].name.size() + kGap, ' ') << table_text(cells[i]) << '\n';
  }
}

}  // namespace dti

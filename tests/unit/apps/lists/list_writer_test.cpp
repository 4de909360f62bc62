#include "dti/cli/lists/list_writer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "domain/csv_reader.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using Row = std::vector<Cell>;

const std::vector<ColumnHead> kColumns = {{"program", ColumnKind::kText},
                                          {"labs", ColumnKind::kInteger},
                                          {"held-until", ColumnKind::kTime},
                                          {"confirmed", ColumnKind::kBoolean},
                                          {"note", ColumnKind::kText}};
const WallTime kTime = std::chrono::sys_days{std::chrono::year{2026} / 2 / 28} + 23h + 5min + 9s + 50us;

/// Rows with each kind, no values, and a name that would break the line, the cell or the terminal.
const std::vector<Row> kRows = {
    {"Derecho"s, std::int64_t{7}, kTime, true, {}},
    {"Diseño \"B\", 日本"s, std::int64_t{1'000}, {}, false, "=1+1"s},
    {"a\n\x1b[31mb"s, std::int64_t{-12}, WallTime{}, {}, ""s},
};

std::string written(ListFormat format, const std::vector<Row>& rows,
                    const std::vector<ColumnHead>& columns = kColumns) {
  std::ostringstream out;
  ListWriter writer{out, format, columns};
  for (const auto& row : rows) writer.add(row);
  writer.finish();
  return out.str();
}

/// A table of one text column and its neighbour.
std::string table_of(const std::vector<std::string>& texts) {
  std::vector<Row> rows;
  for (const auto& text : texts) rows.push_back({text, "x"s});
  return written(ListFormat::kTable, rows, {{"a", ColumnKind::kText}, {"b", ColumnKind::kText}});
}

TEST(ListWriter, ATableHasAlignedColumnsAndLinesThatCannotControlATerminal) {
  EXPECT_EQ(written(ListFormat::kTable, kRows),
            "PROGRAM           LABS  HELD-UNTIL                   CONFIRMED  NOTE\n"
            "Derecho              7  2026-02-28T23:05:09.000050Z  yes        -\n"
            "Diseño \"B\", 日本  1000  -                            no         =1+1\n"
            "a\\n\\x1b[31mb       -12  1970-01-01T00:00:00.000000Z  -\n");
}

TEST(ListWriter, CsvHasAHeaderQuotesAndNoFormula) {
  EXPECT_EQ(written(ListFormat::kCsv, kRows),
            "program,labs,held-until,confirmed,note\n"
            "Derecho,7,2026-02-28T23:05:09.000050Z,true,\n"
            "\"Diseño \"\"B\"\", 日本\",1000,,false,'=1+1\n"
            "\"a\n\\x1b[31mb\",-12,1970-01-01T00:00:00.000000Z,,\"\"\n");
}

TEST(ListWriter, JsonIsOneArrayWithAnObjectInEachLine) {
  EXPECT_EQ(written(ListFormat::kJson, kRows),
            "[\n"
            R"({"program":"Derecho","labs":7,"held-until":"2026-02-28T23:05:09.000050Z","confirmed":true,"note":null},)"
            "\n"
            R"({"program":"Diseño \"B\", 日本","labs":1000,"held-until":null,"confirmed":false,"note":"=1+1"},)"
            "\n"
            R"({"program":"a\u000a\u001b[31mb","labs":-12,"held-until":"1970-01-01T00:00:00.000000Z",)"
            R"("confirmed":null,"note":""})"
            "\n]\n");
}

TEST(ListWriter, JsonLinesAreTheObjectsOfTheArray) {
  std::vector<nlohmann::json> objects;
  std::istringstream lines{written(ListFormat::kJsonLines, kRows)};
  for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(nlohmann::json(objects), nlohmann::json::parse(written(ListFormat::kJson, kRows)));
  EXPECT_EQ(objects.size(), kRows.size());
}

TEST(ListWriter, AnEmptyListIsAHeaderOrAnEmptyArray) {
  EXPECT_EQ(written(ListFormat::kTable, {}), "PROGRAM  LABS  HELD-UNTIL  CONFIRMED  NOTE\n");
  EXPECT_EQ(written(ListFormat::kCsv, {}), "program,labs,held-until,confirmed,note\n");
  EXPECT_EQ(written(ListFormat::kJson, {}), "[]\n");
  EXPECT_EQ(written(ListFormat::kJsonLines, {}), "");
}

TEST(ListWriter, TheWidthOfATextIsThatOnATerminal) {
  EXPECT_EQ(table_of({"abcd", "n\u0303o\u0301", "日本", "👍!", "\xffz"}),
            "A      B\n"
            "abcd   x\n"
            "n\u0303o\u0301     x\n"  // a combining character has no width
            "日本   x\n"              // a wide one has two
            "👍!    x\n"
            "\\xffz  x\n");
}

TEST(ListWriter, ATextThatASpreadsheetWouldRunIsMarkedAsText) {
  const std::vector<ColumnHead> column = {{"a", ColumnKind::kText}};
  for (const std::string text : {"=1", "+1", "-1", "@x", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"}) {
    EXPECT_EQ(written(ListFormat::kCsv, {{text}}, column), "a\n'" + text + '\n');
  }
  for (const std::string text : {"\tx", "\rx", "\nx"}) {
    EXPECT_EQ(written(ListFormat::kCsv, {{text}}, column), "a\n\"'" + text + "\"\n");
  }
  EXPECT_EQ(written(ListFormat::kCsv, {{"a=1"s}}, column), "a\na=1\n");
}

TEST(ListWriter, OnlyATableWaitsForItsFirstRows) {
  const std::vector<ColumnHead> columns = {{"a", ColumnKind::kText}, {"b", ColumnKind::kInteger}};
  for (const auto format : {ListFormat::kCsv, ListFormat::kJson, ListFormat::kJsonLines}) {
    std::ostringstream out;
    ListWriter writer{out, format, columns};
    const auto before = out.str().size();
    writer.add(Row{"x"s, std::int64_t{1}});
    EXPECT_GT(out.str().size(), before);
  }
  std::ostringstream out;
  ListWriter table{out, ListFormat::kTable, columns};
  for (std::size_t i = 0; i < ListWriter::kRowsMeasured; ++i) table.add(Row{"x"s, std::int64_t{1}});
  EXPECT_EQ(out.str(), "");
  table.add(Row{"wider"s, std::int64_t{22}});
  EXPECT_TRUE(out.str().starts_with("A  B\nx  1\n"));
  EXPECT_TRUE(out.str().ends_with("x  1\nwider  22\n"));  // later cells are not cut
  table.finish();
  EXPECT_TRUE(out.str().ends_with("x  1\nwider  22\n"));
}

/// A text of pieces that matter to quotes, formulas, separators and widths.
std::string random_text(std::mt19937& random) {
  constexpr std::string_view kPieces[] = {"a", "ñ", "日", "\u0301", ",",    "\"", "\n", "\r", "\t",     " ",
                                          "=", "+", "-",  "@",      "=\"x", "'",  ";",  "\\", "\uff1d", ""};
  std::string text;
  const auto count = random() % 6;
  for (std::size_t i = 0; i < count; ++i) text += kPieces[random() % std::size(kPieces)];
  return text;
}

TEST(ListWriter, TheReaderOfCatalogsReadsEachTextOfCsvAndAnyReaderOfJsonEachTextOfJson) {
  constexpr unsigned kSeed = 20'261'130;
  std::mt19937 random{kSeed};
  const std::vector<ColumnHead> columns = {{"a", ColumnKind::kText}, {"b", ColumnKind::kText}};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Row> rows;
    for (auto count = random() % 4; count > 0; --count) rows.push_back({random_text(random), random_text(random)});
    const auto csv = written(ListFormat::kCsv, rows, columns);
    const auto json = nlohmann::json::parse(written(ListFormat::kJson, rows, columns));
    ASSERT_EQ(json.size(), rows.size());
    CsvReader reader{csv, ','};
    ASSERT_EQ(reader.next().cells, (std::vector<std::string>{"a", "b"}));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_FALSE(reader.at_end()) << "seed " << kSeed << ", round " << round << ":\n" << csv;
      const auto record = reader.next();
      ASSERT_EQ(record.cells.size(), 2U) << "seed " << kSeed << ", round " << round << ":\n" << csv;
      for (std::size_t column = 0; column < 2; ++column) {
        const auto& text = std::get<std::string>(rows[i][column]);
        EXPECT_EQ(record.cells[column], text) << "seed " << kSeed << ", round " << round << ":\n" << csv;
        EXPECT_EQ(json[i][columns[column].name], text);
      }
    }
    EXPECT_TRUE(reader.at_end()) << "seed " << kSeed << ", round " << round << ":\n" << csv;
  }
}

TEST(ListWriterDeathTest, ACellOfAnotherKindIsABug) {
  std::ostringstream out;
  ListWriter writer{out, ListFormat::kCsv, {{"labs", ColumnKind::kInteger}}};
  EXPECT_DEATH(writer.add(Row{"7"s}), "check");
  EXPECT_DEATH(writer.add(Row{}), "check");
}

TEST(ListWriter, RowsThatAreFlushedAreOutAtOnceInEveryFormat) {
  const std::vector<ColumnHead> columns = {{"a", ColumnKind::kText}, {"b", ColumnKind::kText}};
  const auto cells = [](std::string text) { return std::vector<Cell>{std::move(text), std::string{"x"}}; };
  std::ostringstream out;
  ListWriter table{out, ListFormat::kTable, columns};
  table.flush();
  EXPECT_EQ(out.str(), "A  B\n");
  table.add(cells("wide"));
  EXPECT_EQ(out.str(), "A  B\nwide  x\n") << "the widths are final";
  table.flush();
  table.finish();
  EXPECT_EQ(out.str(), "A  B\nwide  x\n");

  std::ostringstream lines;
  ListWriter json{lines, ListFormat::kJsonLines, columns};
  json.add(cells("1"));
  json.flush();
  EXPECT_EQ(lines.str(), "{\"a\":\"1\",\"b\":\"x\"}\n");
}

TEST(ListWriter, ARecordIsALineForEachColumnOfATableAndOneObjectOfJson) {
  const std::vector<ColumnHead> columns = {
      {"store", ColumnKind::kText}, {"epoch", ColumnKind::kInteger}, {"id", ColumnKind::kText}};
  const std::vector<Cell> cells = {std::string{"a\nb"}, std::int64_t{7}, std::monostate{}};
  const auto record = [&](ListFormat format) {
    std::ostringstream out;
    write_record(out, format, columns, cells);
    return out.str();
  };
  EXPECT_EQ(record(ListFormat::kTable), "store  a\\nb\nepoch  7\nid     -\n");
  EXPECT_EQ(record(ListFormat::kCsv), "store,epoch,id\n\"a\nb\",7,\n");
  EXPECT_EQ(record(ListFormat::kJson), "{\"store\":\"a\\u000ab\",\"epoch\":7,\"id\":null}\n");
  EXPECT_EQ(record(ListFormat::kJsonLines), record(ListFormat::kJson));
}

}  // namespace
}  // namespace dti

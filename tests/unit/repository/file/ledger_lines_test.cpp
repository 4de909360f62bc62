#include "repository/file/ledger_lines.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dti/service/ledger/storage_error.hpp"

namespace dti {
namespace {

using namespace std::string_literals;

const std::string kHash(64, 'a');
const std::string kId(32, 'b');

std::string fault_of(const std::string& line) {
  LineParser parser;
  const auto parsed = parser.parse(line);
  const auto* const fault = std::get_if<LineFault>(&parsed);
  return fault == nullptr ? "(it was read)" : fault->reason;
}

TEST(LedgerLines, ALineOfEachTypeIsReadAndWrittenAgainWithTheSameBytes) {
  const std::string lines[] = {
      R"({"type":"store","format":"dti-ledger 1","store-id":")" + kId +
          R"(","schema":4,"exported-at":"2026-11-30T02:19:10.123456Z"})",
      R"({"type":"store","format":"dti-ledger 1","schema":4,"only-semester":"2025-10","exported-at":""})",
      R"({"type":"faculty","id":1,"name":"O'Higgins \\ \"Ñandú\"","key":"ñandú"})",
      R"({"type":"program","id":1000000,"faculty":2,"name":"\u0001\n\t","key":"x"})",
      R"({"type":"registry","seq":1,"at-us":-1,"kind":"faculty-added","faculty":1,"name":"f","key":"f"})",
      R"({"type":"registry","seq":2,"at-us":0,"kind":"program-added","faculty":1,"program":1,"name":"p","key":"p"})",
      R"({"type":"registry","seq":3,"at-us":0,"kind":"semester-opened","semester":1,"name":"s","seal":")" + kHash +
          R"("})",
      R"({"type":"registry","seq":4,"at-us":0,"kind":"ledger-sealed","semester":1,"name":"s","head":9,"head-seal":")" +
          kHash + R"("})",
      R"({"type":"registry","seq":5,"at-us":0,"kind":"program-added","faculty":1,"program":2,"name":"p","key":"q",)"
      R"("command-id":"plan \"1\"","note-hash":")" +
          kHash + R"(","seal":")" + kHash + R"("})",
      R"({"type":"semester","id":1,"name":"2025-10","epoch":0,"head":3,"classrooms-capacity":380,"labs-capacity":60,)"
      R"("conversions-capacity":100,"classrooms-left":1,"labs-left":2,"conversions-left":3,"is-open":false})",
      R"({"type":"entry","semester":1,"seq":1,"at-us":1760000000123456,"kind":"semester-opened",)"
      R"("classrooms-capacity":380,"labs-capacity":60,"conversions-capacity":100,"seal":")" +
          kHash + R"("})",
      R"({"type":"entry","semester":1,"seq":2,"at-us":0,"kind":"granted","cause":"amended","program":7,"generation":2,)"
      R"("classrooms-wanted":7,"labs-wanted":2,"classrooms-granted":7,"labs-granted":1,"mobile-labs-granted":0,)"
      R"("status":"NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT","request-id":"","command-id":"c","note-hash":")" +
          kHash + R"("})",
      R"({"type":"entry","semester":1,"seq":9,"at-us":0,"kind":"granted","cause":"topped-up","program":7,"generation":2,)"
      R"("classrooms-wanted":7,"labs-wanted":2,"classrooms-granted":7,"labs-granted":2,"mobile-labs-granted":0,)"
      R"("status":"OK","waits-since":4294967296,"command-id":"c"})",
      R"({"type":"entry","semester":1,"seq":10,"at-us":0,"kind":"waiting-left","program":7,"generation":2,)"
      R"("command-id":"c"})",
      R"({"type":"entry","semester":1,"seq":11,"at-us":0,"kind":"setting","setting":"wait-list-on","command-id":"c"})",
      R"({"type":"entry","semester":1,"seq":12,"at-us":0,"kind":"setting","setting":"wait-list-off","command-id":"c"})",
      R"({"type":"note","semester":1,"seq":2,"salt":")" + kId + R"(","actor":"local/1000","note":""})",
      R"({"type":"note","semester":0,"seq":2,"salt":")" + kId + R"(","actor":"local/1000","note":""})",
      R"({"type":"chain","semester":0,"sealed-head":62,"seal":")" + kHash + R"("})",
      R"({"type":"end","faculties":1,"programs":2,"registry":3,"semesters":4,"entries":5,"notes":6,"blake2b":")" +
          kHash + R"("})"};
  LineParser parser;
  for (const auto& line : lines) {
    const auto parsed = parser.parse(line);
    ASSERT_TRUE(std::holds_alternative<LedgerLine>(parsed)) << line << ": " << std::get<LineFault>(parsed).reason;
    std::string again;
    append_line(again, std::get<LedgerLine>(parsed));
    EXPECT_EQ(again, line + '\n');
  }
}

TEST(LedgerLines, TheMembersMayHaveAnyOrderAndSpaces) {
  LineParser parser;
  const auto parsed = parser.parse(R"( { "key" : "k", "name": "\u00f1", "id":1 , "type":"faculty"} )");
  EXPECT_EQ(std::get<FacultyLine>(std::get<LedgerLine>(parsed)).name, "ñ");
}

TEST(LedgerLines, AHostileLineIsRefusedWithTheReason) {
  const std::string faculty = R"({"type":"faculty","id":1,"name":"f","key":"f")";
  const std::string entry = R"({"type":"entry","semester":1,"seq":1,"at-us":0,"kind":"semester-closed")";
  const std::pair<std::string, std::string> cases[] = {
      {"", "is empty"},
      {" ", "is not one JSON object (at byte 2)"},
      {"{", "is not one JSON object (at byte 2)"},
      {"[]", "is not one JSON object"},
      {"7", "is not one JSON object"},
      {"null", "is not one JSON object"},
      {"{}{}", "is not one JSON object (at byte 3)"},
      {"{}", R"("type" is missing)"},
      {"\xEF\xBB\xBF{}", "starts with a byte order mark"},
      {"{}\0"s, "holds a NUL byte"},
      {R"({"type":7})", R"("type" must be a text)"},
      {R"({"type":"Entry"})", R"("type" is not one of the types of a line)"},
      {R"({"type":"store","format":"dti-ledger 2","x":1})",
       R"(store: "format" must be "dti-ledger 1", which is the only format that this version reads)"},
      {faculty + R"(,"x":1})", R"(faculty: "x" is unknown)"},
      {faculty + R"(,"x\n\"":1})", "faculty: \"x?\"\" is unknown"},
      {faculty + R"(,"name":"g"})", R"("name" is given twice)"},
      {faculty + R"(,"n\u0061me":"g"})", R"("name" is given twice)"},
      {faculty + R"(,"x":[1]})", R"("x" must not be an object or an array)"},
      {faculty + R"(,"x":{"y":1}})", R"("x" must not be an object or an array)"},
      {faculty + ",\"x\":" + std::string(9'000, '['), R"("x" must not be an object or an array)"},
      {R"({"type":"faculty","id":1,"name":"f"})", R"(faculty: "key" is missing)"},
      {R"({"type":"faculty","id":1,"name":null,"key":"f"})", R"(faculty: "name" must be a text)"},
      {"{\"type\":\"faculty\",\"id\":1,\"name\":\"a\xff\",\"key\":\"f\"}", "is not UTF-8 (at byte 35)"},
      {R"({"type":"faculty","id":1,"name":"\ud800","key":"f"})", "holds a lone surrogate (at byte 40)"},
      {R"({"type":"faculty","id":1,"name":"\u0000","key":"f"})", "a text holds U+0000"},
      {R"({"type":"faculty","id":"1","name":"f","key":"f"})",
       R"(faculty: "id" must be a whole number from 1 to 2147483647)"},
      {R"({"type":"faculty","id":1.0,"name":"f","key":"f"})",
       R"(faculty: "id" must be a whole number from 1 to 2147483647)"},
      {R"({"type":"faculty","id":0,"name":"f","key":"f"})",
       R"(faculty: "id" must be a whole number from 1 to 2147483647)"},
      {R"({"type":"faculty","id":18446744073709551615,"name":"f","key":"f"})",
       R"(faculty: "id" must be a whole number from 1 to 2147483647)"},
      {R"({"type":"faculty","id":99999999999999999999999,"name":"f","key":"f"})",
       R"(faculty: "id" must be a whole number from 1 to 2147483647)"},
      {R"({"type":"faculty","id":1e999,"name":"f","key":"f"})", "is not one JSON object (at byte 28)"},
      {R"({"type":"entry","semester":1,"seq":9223372036854775808,"at-us":0,"kind":"semester-closed"})",
       R"(entry: "seq" must be a whole number from 1 to 9223372036854775807)"},
      {R"({"type":"entry","semester":1,"seq":1,"at-us":253402300800000000,"kind":"semester-closed"})",
       R"(entry: "at-us" must be a whole number from -62135596800000000 to 253402300799999999)"},
      {R"({"type":"entry","semester":1,"seq":1,"at-us":0,"kind":"forgotten"})",
       R"(entry: "kind" is not one of the texts that it may be)"},
      {entry + R"(,"status":"ok"})", R"(entry: "status" is not one of the texts that it may be)"},
      {entry + R"(,"setting":"on"})", R"(entry: "setting" is not one of the texts that it may be)"},
      {entry + R"(,"waits-since":0})", R"(entry: "waits-since" must be a whole number from 1 to 9223372036854775807)"},
      {entry + R"(,"cause":1})", R"(entry: "cause" must be a text)"},
      {entry + R"(,"labs-wanted":-1})", R"(entry: "labs-wanted" must be a whole number from 0 to 2147483647)"},
      {entry + R"(,"program":null})", R"(entry: "program" must be a whole number from 0 to 2147483647)"},
      {entry + R"(,"seal":"AA"})", R"(entry: "seal" must be 64 hexadecimal digits in lower case)"},
      {entry + R"(,"seal":")" + std::string(64, 'A') + R"("})",
       R"(entry: "seal" must be 64 hexadecimal digits in lower case)"},
      {R"({"type":"registry","seq":1,"at-us":0,"kind":"faculty-added","name":"f","key":"f"})",
       R"(registry: "kind" does not fit the other members)"},
      {R"({"type":"registry","seq":1,"at-us":0,"kind":"semester-opened","semester":1,"name":"s","command-id":"c",)"
       R"("note-hash":")" +
           kHash + R"("})",
       R"(registry: "kind" does not fit the other members)"},
      {R"({"type":"registry","seq":1,"at-us":0,"kind":"program-added","faculty":1,"program":1,"name":"p","key":"p",)"
       R"("command-id":"c"})",
       R"(registry: "command-id" and "note-hash" must be there together)"},
      {R"({"type":"note","semester":1,"seq":1,"salt":")" + kId + R"(","actor":")" + std::string(201, 'x') +
           R"(","note":""})",
       R"(note: "actor" must have at most 200 bytes)"},
      {R"({"type":"faculty","id":1,"name":")" + std::string(kLineBytesMax, 'x') + R"(","key":"f"})",
       "is longer than 65536 bytes"},
  };
  for (const auto& [line, reason] : cases) EXPECT_EQ(fault_of(line), reason) << line.substr(0, 100);
}

TEST(LedgerLines, WhatNoServerWroteIsNotExported) {
  std::vector<StoredEntry> entries(7);
  for (auto& entry : entries) entry.row.seq = 3;
  entries[0].row.kind = 99;
  entries[1].row.status = 2;
  entries[2].row.cause = -1;
  entries[3].row.kind = stored_code(EntryKind::kSetting);
  entries[3].row.setting = 2;
  entries[4].request_id = "\xff";
  entries[5].request_id = std::string(1, '\0');
  entries[6].request_id = std::string(kLineBytesMax, 'x');
  for (const auto& entry : entries) {
    std::string out;
    try {
      append_entry(out, 1, entry);
      ADD_FAILURE() << out;
    } catch (const StorageError& error) {
      EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
      EXPECT_NE(std::string{error.what()}.find("which no server wrote; dtictl verify tells more"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace dti

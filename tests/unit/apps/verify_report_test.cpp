#include "dtictl/verify/verify_report.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

VerifyReport report_that_fits() {
  VerifyReport report;
  report.file_faults.emplace();
  report.programs = 50;
  report.faculties = 1;
  SemesterReport semester;
  semester.semester.name = "2025-10";
  semester.entries = 2;
  semester.grants = 1;
  semester.left = {373, 58, 380};
  report.semesters.push_back(semester);
  return report;
}

VerifyReport report_that_differs() {
  auto report = report_that_fits();
  report.file_faults = {"row 1 missing\nfrom index"};
  report.older_keys = 1;
  auto& semester = report.semesters[0];
  semester.difference = StoreDifference{2, 3, "the grant is wrong", "8", "7"};
  semester.faculty = "Derecho";
  semester.program = "Derecho \"Civil\"";
  report.differences.push_back({{}, {}, "a faculty has no program", "", ""});
  return report;
}

TEST(VerifyReport, SaysInALineWhatASemesterComesTo) {
  EXPECT_EQ(text_report(report_that_fits()),
            "file: integrity_check ok\n"
            "catalogue: 50 programs of 1 faculty\n"
            "semester \"2025-10\": 2 entries, 1 grant; left 373 classrooms, 58 labs, 373 mobile labs; ok\n"
            "seals: none, because no server has led this store since version 3 of its schema\n"
            "no differences\n");
}

TEST(VerifyReport, SaysInALineWhatDiffers) {
  EXPECT_EQ(
      text_report(report_that_differs()),
      "file: DAMAGED: row 1 missing\\nfrom index\n"
      "catalogue: 50 programs of 1 faculty, 1 key of another Unicode or version\n"
      "semester \"2025-10\": DIFFERS at \"Derecho \\\"Civil\\\"\" of \"Derecho\": entry 2, program 3: the grant is"
      " wrong; stored: 8; expected: 7\n"
      "seals: none, because no server has led this store since version 3 of its schema\n"
      "DIFFERS: a faculty has no program\n"
      "3 differences\n");
}

TEST(VerifyReport, SaysWhichSealsDiffer) {
  auto report = report_that_fits();
  report.store_id = StoreId{{0xab}};
  report.registered = 51;
  EXPECT_NE(text_report(report).find("seals: store ab000000000000000000000000000000, registry of 51 entries\n"
                                     "no differences\n"),
            std::string::npos);
  EXPECT_NE(json_report(report, "x").find(R"("store-id":"ab000000000000000000000000000000","registry-entries":51)"),
            std::string::npos);
  report.semesters[0].seal_difference = StoreDifference{{}, {}, "the seal does not fit entry 2", "", ""};
  EXPECT_FALSE(report.fits());
  EXPECT_NE(text_report(report).find("seals of semester \"2025-10\": DIFFER: the seal does not fit entry 2\n"),
            std::string::npos);
  EXPECT_NE(text_report(report).find("\n1 difference\n"), std::string::npos);
  EXPECT_NE(json_report(report, "x").find(R"("seal-difference":{"what":"the seal does not fit entry 2"})"),
            std::string::npos);
}

TEST(VerifyReport, CountsCommandsAndErasedNotesAndSaysWhichNoteDiffers) {
  auto report = report_that_fits();
  report.semesters[0].notes = 3;
  report.semesters[0].notes_erased = 1;
  EXPECT_NE(text_report(report).find("\nnotes of semester \"2025-10\": 3 commands, 1 note erased\n"),
            std::string::npos);
  EXPECT_NE(json_report(report, "x").find(R"("commands":3,"notes-erased":1)"), std::string::npos);
  EXPECT_TRUE(report.fits());
  report.semesters[0].note_difference = StoreDifference{5, {}, "its note was changed", "", ""};
  EXPECT_FALSE(report.fits());
  EXPECT_NE(
      text_report(report).find("\nnotes of semester \"2025-10\": DIFFER: entry 5: its note was changed; 3 commands,"
                               " 1 note erased\n"),
      std::string::npos);
  EXPECT_NE(text_report(report).find("\n1 difference\n"), std::string::npos);
  EXPECT_NE(json_report(report, "x").find(R"("note-difference":{"what":"its note was changed","seq":5})"),
            std::string::npos);
}

TEST(VerifyReport, SaysWhereReadingHadToEnd) {
  VerifyReport report;
  report.unreadable = "the database is damaged";
  EXPECT_EQ(text_report(report), "UNREADABLE: the database is damaged\n");
  EXPECT_FALSE(report.fits());
}

TEST(VerifyReport, IsOneJsonObject) {
  EXPECT_EQ(json_report(report_that_fits(), "sqlite:/x"),
            R"({"ok":true,"store":"sqlite:/x","file-faults":[],"programs":50,"faculties":1,"older-keys":0,)"
            R"("differences":[],"semesters":[{"semester":"2025-10","ok":true,"entries":2,"grants":1,)"
            R"("left":{"classrooms":373,"labs":58,"conversions":380,"mobile-labs":373}}]})"
            "\n");
  EXPECT_EQ(json_report(report_that_differs(), "sqlite:/x"),
            R"({"ok":false,"store":"sqlite:/x","file-faults":["row 1 missing\u000afrom index"],"programs":50,)"
            R"("faculties":1,"older-keys":1,"differences":[{"what":"a faculty has no program"}],)"
            R"("semesters":[{"semester":"2025-10","ok":false,"entries":2,"grants":1,)"
            R"("left":{"classrooms":373,"labs":58,"conversions":380,"mobile-labs":373},)"
            R"("difference":{"what":"the grant is wrong","seq":2,"program-number":3,"stored":"8","expected":"7",)"
            R"("faculty":"Derecho","program":"Derecho \"Civil\""}}]})"
            "\n");
  EXPECT_EQ(json_failure("it is gone", "sqlite:/x"), R"({"ok":false,"store":"sqlite:/x","error":"it is gone"})"
                                                     "\n");
}

}  // namespace
}  // namespace dti

#include "dti/protocol/result_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dti {
namespace {

using namespace std::string_view_literals;

TEST(ResultFile, IsNamedAfterTheProgramAndTheSemesterAsGiven) {
  EXPECT_EQ(result_file_name("derecho-civil", "2025-10"), "derecho-civil_2025-10.txt");
  EXPECT_EQ(result_file_name("Diseño Gráfico", "otoño 25"), "Diseño Gráfico_otoño 25.txt");
  EXPECT_EQ(result_file_name("..", ""), ".._.txt");
}

TEST(ResultFile, WhatCannotBeAFilesNameHasNone) {
  EXPECT_EQ(result_file_name("a/b", "2025-10"), std::nullopt);
  EXPECT_EQ(result_file_name("a", "2025/10"), std::nullopt);
  EXPECT_EQ(result_file_name("a\0b"sv, "2025-10"), std::nullopt);
  EXPECT_EQ(result_file_name("a", "2025\0"sv), std::nullopt);
}

TEST(ResultFile, ItsNameHasAtMost240Bytes) {
  const std::string semester(64, 's');
  EXPECT_EQ(result_file_name(std::string(171, 'n'), semester)->size(), 240u);
  EXPECT_EQ(result_file_name(std::string(172, 'n'), semester), std::nullopt);
}

TEST(ResultFile, AssignedLabsCountMobileLabs) {
  const std::string text = result_file_text({"p", "s", {4, 9}, {}}, {Status::kNotEnoughResources, {1, 2, 3}, "x"},
                                            std::chrono::milliseconds{0});
  EXPECT_EQ(text,
            "\n\tProgram p in SEMESTER: s\n\tREQUESTED CLASSROOMS: 4\n\tREQUESTED LABS: 9\n\tASSIGNED CLASSROOMS: 1\n\t"
            "ASSIGNED LABS: 5\n\tHOW MANY OF THE LABS ARE MOBILE LABS (CLASSROOMS WITH PC'S): 3\n\t"
            "STATUS: NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT\n\tMILLISECONDS: 0\n\t");
}

}  // namespace
}  // namespace dti

#include "dti/protocol/result_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dti/domain/name.hpp"

namespace dti {
namespace {

using namespace std::string_view_literals;

TEST(ResultFile, IsNamedAfterTheProgramAndTheSemesterAsGiven) {
  EXPECT_EQ(result_file_name("derecho-civil", "2025-10"), "derecho-civil_2025-10.txt");
  EXPECT_EQ(result_file_name("Diseño Gráfico", "otoño 25"), "Diseño Gráfico_otoño 25.txt");
  EXPECT_EQ(result_file_name("..", ""), ".._.txt");
}

TEST(ResultFile, EveryNameThatAServerAcceptsHasAFile) {
  EXPECT_EQ(result_file_name("F\u00EDsica/Qu\u00EDmica", "2025/10"), "F\u00EDsica%2FQu\u00EDmica_2025%2F10.txt");
  EXPECT_EQ(result_file_name("a\0b"sv, "s"), "a%00b_s.txt");
  EXPECT_EQ(result_file_name(std::string(200, 'n'), std::string(50, 's')).size(), 255u);
}

TEST(ResultFile, ALongNameIsCutBetweenCharactersAndEndsInAHashOfTheWhole) {
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "\u00F1";
  for (std::size_t number : {0, 1, 10'000}) {
    const auto name = result_file_name(accents, std::string(64, 's'), number);
    EXPECT_LE(name.size(), 255u);
    EXPECT_TRUE(is_utf8(name));
    EXPECT_EQ(name.find(accents + "_s"), 0u);
    EXPECT_NE(name, result_file_name(accents, std::string(63, 's') + "t", number));
  }
  const std::string slashes(200, '/');
  EXPECT_LE(result_file_name(slashes, "s").size(), 255u);
  EXPECT_NE(result_file_name(slashes, "s"), result_file_name(slashes, "t"));
  EXPECT_EQ(result_file_name(slashes, "s"), result_file_name(slashes, "s"));
}

TEST(ResultFile, AnEarlierOneHasItsNumberInItsName) {
  EXPECT_EQ(result_file_name("Administraci\u00F3n", "2025-10", 1), "Administraci\u00F3n_2025-10.1.txt");
}

TEST(ResultFile, TwoSayTheSameIfOnlyTheirTimesDiffer) {
  const auto text = [](Quantity classrooms, int milliseconds) {
    return result_file_text({"MILLISECONDS: 1", "s", {4, 9}, {}}, {Status::kOk, {classrooms, 2, 3}, ""},
                            std::chrono::milliseconds{milliseconds});
  };
  EXPECT_TRUE(is_same_result(text(4, 1), text(4, 22)));
  EXPECT_FALSE(is_same_result(text(4, 1), text(5, 1)));
  EXPECT_FALSE(is_same_result(text(4, 1), ""));
  EXPECT_FALSE(is_same_result("another file", text(4, 1)));
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

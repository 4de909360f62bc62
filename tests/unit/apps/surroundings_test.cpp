#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "dti/cli/settings.hpp"

namespace dti {
namespace {

std::string reason_of(const std::string& path) {
  try {
    static_cast<void>(process_surroundings().read_file(path));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "(it was read)";
}

TEST(ProcessSurroundings, AFileIsReadWholeAndAsItIs) {
  const auto path = std::filesystem::path{testing::TempDir()} / ("dti_surroundings_" + std::to_string(std::rand()));
  const std::string text = std::string(200'000, 'x') + '\0' + "\r\n\xff";
  std::ofstream{path, std::ios::binary} << text;
  EXPECT_EQ(process_surroundings().read_file(path.string()), text);
  std::ofstream{path, std::ios::binary | std::ios::trunc};
  EXPECT_EQ(process_surroundings().read_file(path.string()), "");
  std::filesystem::remove(path);
  EXPECT_EQ(reason_of(path.string()), "No such file or directory");
}

TEST(ProcessSurroundings, WhatIsNoFileOrHasNoEndIsRefused) {
  EXPECT_EQ(reason_of(testing::TempDir()), "Is a directory");
  EXPECT_EQ(reason_of("/dev/zero"), "it has more than 16 MiB");
}

TEST(ProcessSurroundings, AVariableThatIsNotSetIsNone) {
  ::setenv("DTI_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(process_surroundings().variable("DTI_TEST_VARIABLE"), "x");
  ::unsetenv("DTI_TEST_VARIABLE");
  EXPECT_FALSE(process_surroundings().variable("DTI_TEST_VARIABLE"));
}

TEST(Leave, PrintsWhereItBelongsAndGivesTheExitCode) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(leave({0, "help\n", true}), 0);
  EXPECT_EQ(leave({2, "bad\n", false}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "help\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "bad\n");
}

}  // namespace
}  // namespace dti

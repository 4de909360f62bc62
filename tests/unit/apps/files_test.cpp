#include "common/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

namespace dti {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    auto pattern = (fs::temp_directory_path() / "dti-files-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~FilesTest() override { fs::remove_all(directory_); }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::ptrdiff_t file_count() const {
    return std::distance(fs::directory_iterator(directory_), fs::directory_iterator{});
  }

  fs::path directory_;
};

TEST_F(FilesTest, AFileIsWrittenAndReplacedWithItsExactBytesAndNothingBesideIt) {
  const auto path = directory_ / "derecho civil_2025-10.txt";
  for (const auto& text : {std::string("bytes: \n\t\0 end", 14), std::string(100'000, 'x'), std::string()}) {
    write_atomically(path, text);
    EXPECT_EQ(text_of(path), text);
  }
  EXPECT_EQ(file_count(), 1);
}

TEST_F(FilesTest, ALinkThatReadersHoldKeepsTheOldBytes) {
  const auto path = directory_ / "result.txt";
  write_atomically(path, "old");
  std::ifstream reader(path);
  write_atomically(path, "new");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old") << "it was written over in place";
  EXPECT_EQ(text_of(path), "new");
}

TEST_F(FilesTest, AFileIsAsReadableAsTheUmaskSays) {
  const auto before = umask(022);
  write_atomically(directory_ / "result.txt", "text");
  umask(before);
  EXPECT_EQ(fs::status(directory_ / "result.txt").permissions(), fs::perms{0644});
}

TEST_F(FilesTest, AFileThatCannotBeWrittenIsSaidAndLeavesNothingBehind) {
  EXPECT_THROW(write_atomically(directory_ / "none" / "result.txt", "text"), std::system_error);
  fs::create_directory(directory_ / "taken");
  try {
    write_atomically(directory_ / "taken", "text");
    FAIL() << "a directory was replaced by a file";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("taken"), std::string::npos) << error.what();
  }
  EXPECT_EQ(file_count(), 1);
}

TEST_F(FilesTest, OnlyADirectoryThatTakesFilesIsWritableAndItIsLeftAsItWas) {
  EXPECT_EQ(check_writable_directory(directory_), std::nullopt);
  EXPECT_EQ(file_count(), 0);
  EXPECT_EQ(check_writable_directory(directory_ / "none"), "No such file or directory");
  write_atomically(directory_ / "file", "");
  EXPECT_EQ(check_writable_directory(directory_ / "file"), "Not a directory");
  EXPECT_NE(check_writable_directory("/proc"), std::nullopt) << "where even root cannot make a file";
}

}  // namespace
}  // namespace dti

#include "dti/cli/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

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

TEST_F(FilesTest, AFileThatSaysSomethingElseIsKeptUnderAFreeName) {
  const auto path_of = [this](std::size_t number) { return directory_ / ("r" + std::to_string(number)); };
  const auto is_same = [](std::string_view one, std::string_view other) { return one.front() == other.front(); };
  const auto put = [&](std::string_view text) { return replace_and_keep(path_of(0), text, is_same, path_of); };
  EXPECT_EQ(put("a 1"), std::nullopt);  // there was none
  EXPECT_EQ(put("a 2"), std::nullopt);  // says the same
  EXPECT_EQ(text_of(path_of(0)), "a 2");
  write_atomically(path_of(1), "of others");
  EXPECT_EQ(put("b"), path_of(2));
  EXPECT_EQ(put("a 3"), path_of(3));
  EXPECT_EQ(put("b"), path_of(2)) << "what is kept already is not kept again";
  EXPECT_EQ(put("c"), path_of(3));
  const char* expected[] = {"c", "of others", "a 2", "b"};
  for (std::size_t number = 0; number < 4; ++number) EXPECT_EQ(text_of(path_of(number)), expected[number]);
  EXPECT_EQ(file_count(), 4);
}

TEST_F(FilesTest, WhateverStandsUnderTheNameOfAFileIsKept) {
  const auto path_of = [this](std::size_t number) { return directory_ / ("r" + std::to_string(number)); };
  const auto never = [](std::string_view, std::string_view) { return false; };
  fs::create_symlink("nowhere", path_of(0));
  EXPECT_EQ(replace_and_keep(path_of(0), "new", never, path_of), path_of(1));
  EXPECT_TRUE(fs::is_symlink(path_of(1)));
  ASSERT_EQ(mkfifo((directory_ / "r5").c_str(), 0600), 0);
  fs::rename(directory_ / "r5", path_of(0));
  EXPECT_EQ(replace_and_keep(path_of(0), "new", never, path_of), path_of(2)) << "a pipe is not waited for";
  EXPECT_EQ(text_of(path_of(0)), "new");
}

TEST_F(FilesTest, OfManyWritersAtOnceNoneLosesAnothersText) {
  const auto path_of = [this](std::size_t number) { return directory_ / std::to_string(number); };
  const auto is_same = [](std::string_view one, std::string_view other) { return one == other; };
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back(
        [&, i] { replace_and_keep(path_of(0), std::string(1, static_cast<char>('a' + i)), is_same, path_of); });
  }
  writers.clear();
  std::set<std::string> texts;
  for (std::size_t number = 0; number < 8; ++number) texts.insert(text_of(path_of(number)));
  EXPECT_EQ(texts, (std::set<std::string>{"a", "b", "c", "d", "e", "f", "g", "h"}));
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

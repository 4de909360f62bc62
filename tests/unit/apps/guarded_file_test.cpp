#include "dti/cli/guarded_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace dti {
namespace {

namespace fs = std::filesystem;

class GuardedFile : public testing::Test {
 protected:
  GuardedFile() {
    auto pattern = (fs::temp_directory_path() / "dti-guarded-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ / "file";
    std::ofstream{path_} << "text\n";
  }
  ~GuardedFile() override { fs::remove_all(directory_); }

  /// The text of the file with that mode, or the reason why it is refused.
  [[nodiscard]] std::string read(mode_t mode, FileGuard guard) const {
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
    return read(path_, guard);
  }
  static std::string read(const fs::path& path, FileGuard guard) {
    try {
      return read_guarded_file(path, guard);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  fs::path directory_;
  fs::path path_;
};

TEST_F(GuardedFile, OnlyItsUserMayReadASecret) {
  for (const mode_t mode : {0600, 0400}) EXPECT_EQ(read(mode, FileGuard::kSecret), "text\n") << std::oct << mode;
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0777}) {
    EXPECT_TRUE(read(mode, FileGuard::kSecret).starts_with("its group or others may use it")) << std::oct << mode;
  }
}

TEST_F(GuardedFile, OnlyItsUserMayWriteATrustedFile) {
  for (const mode_t mode : {0600, 0644, 0444, 0755}) {
    EXPECT_EQ(read(mode, FileGuard::kTrusted), "text\n") << std::oct << mode;
  }
  for (const mode_t mode : {0664, 0646, 0666, 0777}) {
    EXPECT_TRUE(read(mode, FileGuard::kTrusted).starts_with("its group or others may write it")) << std::oct << mode;
  }
}

TEST_F(GuardedFile, AFileOfAnotherUserIsRefusedExceptForRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  EXPECT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(chmod(directory_.c_str(), 0755), 0);
  for (const auto guard : {FileGuard::kSecret, FileGuard::kTrusted}) {
    EXPECT_EQ(read(0600, guard), "text\n");
    EXPECT_EQ(seteuid(54321), 0);
    const auto as_stranger = read(path_, guard);
    EXPECT_EQ(seteuid(0), 0);
    EXPECT_EQ(seteuid(12345), 0);
    const auto as_owner = read(path_, guard);
    EXPECT_EQ(seteuid(0), 0);
    EXPECT_NE(as_stranger, "text\n");
    EXPECT_EQ(as_owner, "text\n");
  }
  EXPECT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_EQ(seteuid(54321), 0);
  const auto reason = read(path_, FileGuard::kTrusted);
  EXPECT_EQ(seteuid(0), 0);
  EXPECT_TRUE(reason.starts_with("it belongs to another user than root and the user of this program")) << reason;
}

TEST_F(GuardedFile, AFolderInWhichOthersCanReplaceTheFileIsRefused) {
  const struct {
    mode_t mode;
    bool is_read;
  } cases[] = {{0700, true}, {0755, true}, {0775, true}, {01777, true}, {0777, false}, {0757, false}};
  for (const auto& c : cases) {
    EXPECT_EQ(chmod(directory_.c_str(), c.mode), 0);
    EXPECT_EQ(read(0600, FileGuard::kTrusted) == "text\n", c.is_read) << std::oct << c.mode;
  }
}

TEST_F(GuardedFile, WhatIsNotAFileIsRefusedAndNotWaitedFor) {
  EXPECT_EQ(read(directory_ / "none", FileGuard::kSecret), "No such file or directory");
  EXPECT_EQ(read(directory_, FileGuard::kSecret), "it is not a regular file");
  ASSERT_EQ(mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read(directory_ / "pipe", FileGuard::kSecret), "it is not a regular file");
  EXPECT_EQ(read("/dev/zero", FileGuard::kTrusted), "it is not a regular file");
}

}  // namespace
}  // namespace dti

#include "dti/base/private_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

namespace dti {
namespace {

class PrivateFolderTest : public testing::Test {
 protected:
  PrivateFolderTest() {
    std::string pattern = testing::TempDir() + "folder.XXXXXX";
    place_ = ::mkdtemp(pattern.data());
    path_ = place_ / "admin";
  }
  ~PrivateFolderTest() override { std::filesystem::remove_all(place_); }

  /// Why the folder cannot be held; empty if it can.
  std::string refusal() const {
    try {
      PrivateFolder held{path_};
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
  bool is_refused_for(const std::string& reason) const { return refusal().find(reason) != std::string::npos; }

  std::filesystem::path place_;
  std::filesystem::path path_;
};

TEST_F(PrivateFolderTest, IsMadeForItsUserAlone) {
  EXPECT_EQ(refusal(), "");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(PrivateFolderTest, IsHeldByOneAtATime) {
  std::optional<PrivateFolder> held{path_};
  EXPECT_TRUE(is_refused_for("another process uses it")) << refusal();
  held.reset();
  EXPECT_EQ(refusal(), "");
}

TEST_F(PrivateFolderTest, IsRefusedIfOthersMayEnterIt) {
  for (const mode_t mode : {0750U, 0705U, 0720U, 0701U}) {
    std::filesystem::create_directory(path_);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(is_refused_for("chmod 700")) << mode;
  }
}

TEST_F(PrivateFolderTest, IsNoFileAndNoLink) {
  std::ofstream{path_}.put('x');
  EXPECT_TRUE(is_refused_for("Not a directory")) << refusal();
  std::filesystem::remove(path_);
  std::filesystem::create_directory(place_ / "other");
  std::filesystem::create_directory_symlink(place_ / "other", path_);
  EXPECT_FALSE(refusal().empty());
}

TEST_F(PrivateFolderTest, IsNotMadeWithoutTheFolderAboveIt) {
  path_ = place_ / "none" / "admin";
  EXPECT_TRUE(is_refused_for("it cannot be made")) << refusal();
}

}  // namespace
}  // namespace dti

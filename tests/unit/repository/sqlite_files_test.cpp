#include "repository/sqlite/sqlite_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

namespace dti {
namespace {

FileFacts file() { return {.type = S_IFREG, .id = {8, 100}, .mount = 30, .links = 1, .size = 1, .born = 1}; }

/// A store on a local disk that a server uses.
StoreFiles good_store() {
  StoreFiles files;
  files.path = "/data/dti.db";
  files.folder = {.type = S_IFDIR, .id = {8, 99}, .mount = 30, .links = 2, .size = 1, .born = 1};
  files.database = files.log = files.index = files.lock = file();
  files.file_system = 0xEF53;  // ext4
  return files;
}

struct Case {
  const char* name;
  std::function<void(StoreFiles&)> change;
  const char* refusal;  // a part of it; empty: none
  const char* warning;
};

TEST(SqliteFiles, AreJudgedByWhatDurabilityRestsOn) {
  const Case cases[] = {
      {"as it should be", [](StoreFiles&) {}, "", ""},
      {"not made yet", [](StoreFiles& s) { s.database = s.log = s.index = s.lock = {}; }, "", ""},
      {"overlayfs gives a file another device", [](StoreFiles& s) { s.database.id.device = 9; }, "", ""},
      {"the kernel names no mounts", [](StoreFiles& s) { s.database.mount = 0; }, "", ""},
      {"two names of the lock", [](StoreFiles& s) { s.lock.links = 2; }, "", ""},

      {"database mounted alone", [](StoreFiles& s) { s.database.mount = 31; }, "mount the folder, not the file", ""},
      {"log mounted alone", [](StoreFiles& s) { s.log.mount = 31; }, "dti.db-wal is mounted by itself", ""},
      {"index mounted alone", [](StoreFiles& s) { s.index.mount = 31; }, "dti.db-shm is mounted by itself", ""},
      {"lock mounted alone", [](StoreFiles& s) { s.lock.mount = 31; }, "dti.db.lock is mounted by itself", ""},
      {"another device, and no names of mounts",
       [](StoreFiles& s) {
         s.database.id.device = 9;
         s.database.mount = 0;
       },
       "mounted by itself", ""},
      {"log without a database", [](StoreFiles& s) { s.database = {}; }, "no database to which it belongs", ""},
      {"log of an empty database", [](StoreFiles& s) { s.database.size = 0; }, "no database to which it belongs", ""},
      {"empty log without a database", [](StoreFiles& s) { s.database.size = s.log.size = 0; }, "", ""},
      {"hard link", [](StoreFiles& s) { s.database.links = 2; }, "has 2 names (hard links)", ""},
      {"hard link of the log", [](StoreFiles& s) { s.log.links = 2; }, "dti.db-wal has 2 names", ""},
      {"log is a link", [](StoreFiles& s) { s.log.type = S_IFLNK; }, "dti.db-wal is a symbolic link", ""},
      {"index is a link", [](StoreFiles& s) { s.index.type = S_IFLNK; }, "dti.db-shm is a symbolic link", ""},
      {"lock is a link", [](StoreFiles& s) { s.lock.type = S_IFLNK; }, "dti.db.lock is a symbolic link", ""},
      {"log is a folder", [](StoreFiles& s) { s.log.type = S_IFDIR; }, "dti.db-wal is not a regular file", ""},
      {"database is a pipe", [](StoreFiles& s) { s.database.type = S_IFIFO; }, "dti.db is not a regular file", ""},

      {"a group may read", [](StoreFiles& s) { s.folder.mode = 02750, s.database.mode = s.lock.mode = 0640; }, "", ""},
      {"a group may write to the folder", [](StoreFiles& s) { s.folder.mode = 02775; },
       "/data (mode 2775) can be written by other users", ""},
      {"all may write to the database", [](StoreFiles& s) { s.database.mode = 0666; }, "run chmod go-w /data/dti.db",
       ""},
      {"all may write to several", [](StoreFiles& s) { s.log.mode = 0664, s.index.mode = 0664, s.lock.mode = 0664; },
       "dti.db-wal (mode 0664) can be written by other users, who could change or replace the store: run chmod go-w "
       "/data/dti.db-wal /data/dti.db-shm /data/dti.db.lock",
       ""},
      {"a folder for all users", [](StoreFiles& s) { s.folder.mode = 01777; },
       "such as /data/dti/dti.db, which the server makes", ""},

      {"NFS", [](StoreFiles& s) { s.file_system = 0x6969; }, "on NFS", ""},
      {"CIFS", [](StoreFiles& s) { s.file_system = 0xFF534D42; }, "on CIFS", ""},
      {"SMB2", [](StoreFiles& s) { s.file_system = 0xFE534D42; }, "on SMB2", ""},
      {"Ceph", [](StoreFiles& s) { s.file_system = 0x00C36400; }, "use a local disk", ""},
      {"9p", [](StoreFiles& s) { s.file_system = 0x01021997; }, "on 9p", ""},
      {"GFS2", [](StoreFiles& s) { s.file_system = 0x01161970; }, "on GFS2", ""},

      {"tmpfs", [](StoreFiles& s) { s.file_system = 0x01021994; }, "", "nothing is left after a restart"},
      {"overlayfs", [](StoreFiles& s) { s.file_system = 0x794C7630; }, "", "mount a volume on the folder"},
      {"FUSE", [](StoreFiles& s) { s.file_system = 0x65735546; }, "", "cannot see whether it keeps"},
  };
  for (const Case& each : cases) {
    StoreFiles files = good_store();
    each.change(files);
    const FilesVerdict verdict = judge(files);
    EXPECT_EQ(verdict.refusal.empty(), *each.refusal == '\0') << each.name << ": " << verdict.refusal;
    EXPECT_EQ(verdict.warning.empty(), *each.warning == '\0') << each.name << ": " << verdict.warning;
    EXPECT_NE(verdict.refusal.find(each.refusal), std::string::npos) << each.name << ": " << verdict.refusal;
    EXPECT_NE(verdict.warning.find(each.warning), std::string::npos) << each.name << ": " << verdict.warning;
  }
}

TEST(SqliteFiles, AreMadeForTheirOwnerAloneWhateverTheUmaskIs) {
  const std::filesystem::path base =
      std::filesystem::path{testing::TempDir()} / ("files-" + std::to_string(::getpid()));
  for (const mode_t mask : {0, 022, 077, 0277}) {
    const mode_t before = ::umask(mask);
    const std::filesystem::path folder = base / "state" / "dti";
    std::error_code error;
    make_private_folders(folder, error);
    EXPECT_FALSE(error) << error.message();
    EXPECT_GE(make_private_file(folder / "dti.db").get(), 0);
    EXPECT_LT(make_private_file(folder / "dti.db").get(), 0) << "it is there";
    ::umask(before);
    for (const auto& made : {base, base / "state", folder}) EXPECT_EQ(look_at_file(made).mode, 0700U) << mask;
    EXPECT_EQ(look_at_file(folder / "dti.db").mode, 0600U) << mask;
    std::filesystem::remove_all(base);
  }
}

TEST(SqliteFiles, AFolderThatIsThereKeepsItsModeAndAFileIsNoFolder) {
  const std::filesystem::path base = std::filesystem::path{testing::TempDir()} / ("kept-" + std::to_string(::getpid()));
  std::filesystem::create_directory(base);
  ASSERT_EQ(::chmod(base.c_str(), 0750), 0);
  std::error_code error;
  make_private_folders(base, error);
  EXPECT_FALSE(error);
  EXPECT_EQ(look_at_file(base).mode, 0750U);
  EXPECT_GE(make_private_file(base / "file").get(), 0);
  make_private_folders(base / "file" / "dti", error);
  EXPECT_EQ(error, std::errc::not_a_directory);
  std::filesystem::remove_all(base);
}

}  // namespace
}  // namespace dti

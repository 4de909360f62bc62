#include "repository/sqlite/sqlite_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <string>

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

}  // namespace
}  // namespace dti

#pragma once

#include <sqlite3.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace dti::contract {

/// What SQLite asks of a disk.
enum class DiskCall { kOpen, kRead, kWrite, kTruncate, kSync, kSize, kDelete, kLock, kMap };

/// A disk whose calls fail on request. While it exists, it is SQLite's default VFS, so that every database that is
/// opened by its path uses it. The files are real ones. For each file, it also keeps the content that a sync has made
/// durable, the later writes, and the names that are durable in the folder.
///
/// It sits on SQLite's own VFS, so locks, shared memory and the order of calls are the real ones. The folder counts as
/// synced when that VFS opens it to sync it. Not modelled: the rename of a file (SQLite renames none), and any file
/// that is not opened by SQLite.
/// Thread: one.
class PowerLossDisk {
 public:
  PowerLossDisk();
  ~PowerLossDisk();
  PowerLossDisk(const PowerLossDisk&) = delete;
  PowerLossDisk& operator=(const PowerLossDisk&) = delete;

  /// Loses power in the midst of the change with that number, counted from now on from 1: nothing after it reaches the
  /// disk, and every call fails until restore_power(). These are changes: creating, writing, cutting, syncing or
  /// removing a file, and syncing a folder.
  void lose_power_at(std::int64_t change);
  void lose_power() { is_lost_ = true; }
  [[nodiscard]] bool power_is_lost() const { return is_lost_; }
  [[nodiscard]] std::int64_t changes() const { return changes_; }

  /// What of the writes since the last sync is there after a power loss.
  enum class Survival {
    kNothing,
    kEverything,
    kFirstOnes,    // in order, the last one torn
    kWholeWrites,  // any of them
    kSectors,      // any sectors of 512 bytes of any of them; where the file grew, zeros or rubbish for the rest
  };
  static constexpr Survival kSurvivals[] = {Survival::kNothing, Survival::kEverything, Survival::kFirstOnes,
                                            Survival::kWholeWrites, Survival::kSectors};
  /// The files become what a disk may hold then. Every connection must have been closed.
  void restore_power(Survival survival, std::mt19937_64& random);

  /// Makes `count` calls of that kind fail, beginning with the `at`-th call from now (from 1), with SQLite's code and
  /// the system's error. A failed write has written its first half. A failed sync drops its pages as Linux does: they
  /// can be read, but no later sync makes them durable.
  void fail(DiskCall call, std::int64_t at, std::int64_t count, int code, int system_error = EIO);
  void stop_failing() { fault_.reset(); }
  /// Something else makes calls fail from now on.
  void expect_failure() { has_failed_ = true; }
  /// Has a call failed as told by the last fail()?
  [[nodiscard]] bool has_failed() const { return has_failed_; }

  /// A sync that lies: it says yes and does nothing. For tests of the tests.
  enum class Lie { kNone, kLog, kDatabase, kFolder };
  void lie_about(Lie lie) { lie_ = lie; }

 private:
  struct Write {
    std::size_t offset = 0;
    std::string data;
    bool cuts = false;  // to `offset` bytes
  };
  struct Content {
    std::string durable;
    std::vector<Write> since;
  };
  /// What a name has stood for since the folder's last sync, the durable one first; null: nothing.
  using Name = std::vector<std::shared_ptr<Content>>;
  struct File;
  struct Fault {
    DiskCall call;
    std::int64_t at;
    std::int64_t count;
    int code;
    int system_error;
  };

  [[nodiscard]] std::optional<int> failure(DiskCall call);
  [[nodiscard]] bool begin_change();
  [[nodiscard]] Name& name(const std::string& path);
  void folder_is_synced(const std::filesystem::path& folder);
  [[nodiscard]] static std::string surviving(const Content& content, Survival survival, std::mt19937_64& random);

  // What SQLite calls.
  static File& file_of(sqlite3_file* file);
  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder);
  static int open_folder(const char* path, int* descriptor);
  static int close(sqlite3_file* file);
  static int read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static int file_size(sqlite3_file* file, sqlite3_int64* size);
  static int lock(sqlite3_file* file, int level);
  static int unlock(sqlite3_file* file, int level);
  static int check_reserved_lock(sqlite3_file* file, int* out);
  static int file_control(sqlite3_file* file, int operation, void* argument);
  static int sector_size(sqlite3_file* file);
  static int device_characteristics(sqlite3_file* file);
  static int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out);
  static int lock_shared(sqlite3_file* file, int offset, int count, int flags);
  static void shared_barrier(sqlite3_file* file);
  static int unmap_shared(sqlite3_file* file, int removes);
  static const sqlite3_io_methods kMethods;

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  std::map<std::string, Name> names_;
  std::int64_t changes_ = 0;
  std::int64_t lose_at_ = 0;  // 0: never
  bool is_lost_ = false;
  std::optional<Fault> fault_;
  bool has_failed_ = false;
  Lie lie_ = Lie::kNone;
};

}  // namespace dti::contract

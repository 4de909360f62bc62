#include "repository/sqlite/sqlite_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace dti {
namespace {

constexpr mode_t kPermissions = 07777;
constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;

enum class Place { kNetwork, kMemory, kContainerLayer, kUserSpace };

struct FileSystem {
  std::uint32_t number;  // as in statfs(2) and linux/magic.h, which does not have all of them
  const char* name;
  Place place;
};

constexpr FileSystem kFileSystems[] = {
    {0x6969, "NFS", Place::kNetwork},
    {0x517B, "SMB", Place::kNetwork},
    {0xFF534D42, "CIFS", Place::kNetwork},
    {0xFE534D42, "SMB2", Place::kNetwork},
    {0x564C, "NCP", Place::kNetwork},
    {0x5346414F, "AFS", Place::kNetwork},
    {0x6B414653, "AFS", Place::kNetwork},
    {0x73757245, "Coda", Place::kNetwork},
    {0x00C36400, "Ceph", Place::kNetwork},
    {0x0BD00BD0, "Lustre", Place::kNetwork},
    {0x47504653, "GPFS", Place::kNetwork},
    {0xAAD7AAEA, "PanFS", Place::kNetwork},
    {0x20030528, "OrangeFS", Place::kNetwork},
    {0x19830326, "BeeGFS", Place::kNetwork},
    {0x013111A8, "IBRIX", Place::kNetwork},
    {0x01161970, "GFS2", Place::kNetwork},
    {0x7461636F, "OCFS2", Place::kNetwork},
    {0xBACBACBC, "VMHGFS", Place::kNetwork},
    {0x786F4256, "VirtualBox shared folder", Place::kNetwork},
    {0x01021997, "9p", Place::kNetwork},
    {0x01021994, "tmpfs", Place::kMemory},
    {0x858458F6, "ramfs", Place::kMemory},
    {0x794C7630, "overlayfs", Place::kContainerLayer},
    {0x61756673, "aufs", Place::kContainerLayer},
    {0x65735546, "FUSE or virtiofs", Place::kUserSpace},
    {0x65735543, "FUSE", Place::kUserSpace},
};

std::string with_file_system(const FileSystem& found, const char* consequence) {
  return std::string{"its folder is on "} + found.name + consequence;
}

std::int64_t nanoseconds(const statx_timestamp& time) {
  return time.tv_sec * 1'000'000'000 + static_cast<std::int64_t>(time.tv_nsec);
}

std::string with_mode(const std::string& name, mode_t mode) {
  std::array<char, 16> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode));
  return name + " (mode " + octal.data() + ")";
}

/// Is the file mounted by itself, apart from the folder that holds it? Devices tell less: on overlayfs a file may have
/// another one than its folder.
bool is_mounted_alone(const FileFacts& file, const FileFacts& folder) {
  if (!file.exists() || !folder.exists()) {
    return false;
  }
  return file.mount != 0 && folder.mount != 0 ? file.mount != folder.mount : file.id.device != folder.id.device;
}

}  // namespace

FileFacts look_at_file(const std::filesystem::path& path) {
  struct statx found {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &found) !=
      0) {
    FileFacts none;
    none.error = errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    return none;
  }
  FileFacts facts;
  facts.type = found.stx_mode & S_IFMT;
  facts.mode = found.stx_mode & kPermissions;
  facts.id = {makedev(found.stx_dev_major, found.stx_dev_minor), static_cast<ino_t>(found.stx_ino)};
  facts.mount = (found.stx_mask & STATX_MNT_ID) != 0 ? found.stx_mnt_id : 0;
  facts.links = found.stx_nlink;
  facts.size = found.stx_size;
  facts.born = (found.stx_mask & STATX_BTIME) != 0 ? nanoseconds(found.stx_btime) : 0;
  facts.modified = nanoseconds(found.stx_mtime);
  return facts;
}

StoreFiles look_at_store(const std::filesystem::path& path) {
  StoreFiles files;
  files.path = path;
  files.folder = look_at_file(path.parent_path());
  files.database = look_at_file(path);
  files.log = look_at_file(path.string() + "-wal");
  files.index = look_at_file(path.string() + "-shm");
  files.lock = look_at_file(path.string() + ".lock");
  struct statfs found {};
  if (::statfs(path.parent_path().c_str(), &found) == 0) {
    files.file_system = static_cast<std::uint32_t>(found.f_type);
  }
  return files;
}

FilesVerdict judge(const StoreFiles& files) {
  const std::string path = files.path.string();
  const std::pair<std::string, const FileFacts&> all[] = {
      {path, files.database}, {path + "-wal", files.log}, {path + "-shm", files.index}, {path + ".lock", files.lock}};
  for (const auto& [name, facts] : all) {
    if (facts.exists() && facts.type != S_IFREG) {
      return {name + (facts.type == S_IFLNK ? " is a symbolic link" : " is not a regular file") +
                  ": the database, its write-ahead log (-wal), the log's index (-shm) and the lock file must be files"
                  " in one folder; remove it, or use another path",
              {}};
    }
    if (is_mounted_alone(facts, files.folder)) {
      return {name + " is mounted by itself, without the folder that holds it. Grants are first written to " + path +
                  "-wal, which would be lost with the container: mount the folder, not the file",
              {}};
    }
  }
  if (std::string open = describe_open_permissions(files); !open.empty()) {
    return {std::move(open), {}};
  }
  if (files.database.size == 0 && files.log.size > 0) {
    return {"there is a write-ahead log " + path +
                "-wal, which may hold answered grants, but no database to which it belongs: bring the database back, or"
                " move the log away",
            {}};
  }
  for (const auto& [name, facts] : {all[0], all[1]}) {
    if (facts.links > 1) {
      return {name + " has " + std::to_string(facts.links) +
                  " names (hard links). A program that opens it by another name has another write-ahead log and"
                  " another lock, and the two would destroy each other's grants: remove the other names"
                  " (find DIRECTORY -samefile " +
                  name + "); to keep a copy, use VACUUM INTO",
              {}};
    }
  }
  const auto* const found = std::find_if(std::begin(kFileSystems), std::end(kFileSystems),
                                         [&](const FileSystem& each) { return each.number == files.file_system; });
  if (found == std::end(kFileSystems)) {
    return {};
  }
  switch (found->place) {
    case Place::kNetwork:
      return {with_file_system(*found,
                               ", which other machines can share, but its locks and shared memory do not reach them:"
                               " use a local disk, or PostgreSQL"),
              {}};
    case Place::kMemory: return {{}, with_file_system(*found, ": nothing is left after a restart of the machine")};
    case Place::kContainerLayer:
      return {{},
              with_file_system(*found,
                               ", as a container's own layer is, which goes with the container: mount a"
                               " volume on the folder")};
    case Place::kUserSpace:
      return {{},
              with_file_system(*found,
                               ", a file system of another program: the server cannot see whether it keeps what it"
                               " reports as flushed, or whether another machine uses it too")};
  }
  return {};
}

std::string describe_open_permissions(const StoreFiles& files) {
  const std::string path = files.path.string();
  const std::string folder = files.path.parent_path().string();
  // With the sticky bit, other users cannot replace the files that are there. But they can be the first to make those
  // that SQLite makes later: a write-ahead log or a journal, which SQLite would copy into the database, or the lock file.
  if ((files.folder.mode & kOthersMayWrite) != 0 && (files.folder.mode & S_ISVTX) != 0) {
    return with_mode("the folder " + folder, files.folder.mode) +
           " is for the files of several users, who could put a write-ahead log or a lock file beside the database: use"
           " a folder of its own, such as " +
           (files.path.parent_path() / "dti" / files.path.filename()).string() + ", which the server makes";
  }
  const std::pair<std::string, const FileFacts&> all[] = {{folder, files.folder},
                                                          {path, files.database},
                                                          {path + "-wal", files.log},
                                                          {path + "-shm", files.index},
                                                          {path + ".lock", files.lock}};
  std::string first;
  std::string names;
  for (const auto& [name, facts] : all) {
    if (!facts.exists() || (facts.mode & kOthersMayWrite) == 0) continue;
    if (first.empty()) first = with_mode(name, facts.mode);
    names += ' ' + name;
  }
  if (first.empty()) return {};
  return first + " can be written by other users, who could change or replace the store: run chmod go-w" + names;
}

void make_private_folders(const std::filesystem::path& folder, std::error_code& error) {
  const auto status = std::filesystem::status(folder, error);
  if (status.type() == std::filesystem::file_type::directory) return;
  if (status.type() == std::filesystem::file_type::not_found && folder != folder.parent_path()) {
    make_private_folders(folder.parent_path(), error);
    if (error) return;
    // The umask may take rights from the owner too.
    if (::mkdir(folder.c_str(), S_IRWXU) == 0 && ::chmod(folder.c_str(), S_IRWXU) == 0) return;
    error.assign(errno, std::generic_category());
    if (error == std::errc::file_exists && std::filesystem::is_directory(folder)) error.clear();  // of another process
    return;
  }
  if (!error) error = std::make_error_code(std::errc::not_a_directory);
}

Descriptor make_private_file(const std::filesystem::path& path) {
  constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;
  Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivate)};
  if (file.get() >= 0) static_cast<void>(::fchmod(file.get(), kPrivate));  // the umask may take rights from the owner
  return file;
}

}  // namespace dti

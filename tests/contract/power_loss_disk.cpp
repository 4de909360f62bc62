#include "contract/power_loss_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

namespace dti::contract {
namespace {

constexpr std::size_t kSector = 512;

PowerLossDisk* current_disk = nullptr;  // for the one call that SQLite gives no context
using OpenFolder = int (*)(const char*, int*);
OpenFolder real_open_folder = nullptr;

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

void put(std::string& content, std::size_t offset, std::string_view data) {
  if (content.size() < offset + data.size()) {
    content.resize(offset + data.size(), '\0');
  }
  content.replace(offset, data.size(), data);
}

bool chance(std::mt19937_64& random, unsigned percent) { return random() % 100 < percent; }

std::string rubbish(std::size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

}  // namespace

/// What SQLite has of an open file: our part, and behind it that of its own VFS.
struct PowerLossDisk::File {
  sqlite3_file base;  // first
  PowerLossDisk* disk;
  sqlite3_file* real;
  std::shared_ptr<Content> content;  // null: a temporary file
  bool is_log;
};

const sqlite3_io_methods PowerLossDisk::kMethods = {2,
                                                    close,
                                                    read,
                                                    write,
                                                    truncate,
                                                    sync,
                                                    file_size,
                                                    lock,
                                                    unlock,
                                                    check_reserved_lock,
                                                    file_control,
                                                    sector_size,
                                                    device_characteristics,
                                                    map_shared,
                                                    lock_shared,
                                                    shared_barrier,
                                                    unmap_shared,
                                                    nullptr,
                                                    nullptr};

PowerLossDisk::PowerLossDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "power-loss";
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  current_disk = this;
  real_open_folder = reinterpret_cast<OpenFolder>(real_->xGetSystemCall(real_, "openDirectory"));
  real_->xSetSystemCall(real_, "openDirectory", reinterpret_cast<sqlite3_syscall_ptr>(open_folder));
  sqlite3_vfs_register(&vfs_, 1);
}

PowerLossDisk::~PowerLossDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
  real_->xSetSystemCall(real_, "openDirectory", nullptr);
  current_disk = nullptr;
}

void PowerLossDisk::lose_power_at(std::int64_t change) {
  changes_ = 0;
  lose_at_ = change;
}

void PowerLossDisk::fail(DiskCall call, std::int64_t at, std::int64_t count, int code, int system_error) {
  fault_ = Fault{call, at, count, code, system_error};
  has_failed_ = false;
}

/// The code with which the call is to fail now; none if it is to be done.
std::optional<int> PowerLossDisk::failure(DiskCall call) {
  if (is_lost_) {
    return call == DiskCall::kOpen ? SQLITE_CANTOPEN : SQLITE_IOERR;
  }
  if (!fault_ || fault_->call != call || --fault_->at > 0 || fault_->at <= -fault_->count) {
    return std::nullopt;
  }
  has_failed_ = true;
  errno = fault_->system_error;  // what SQLite says the system said
  return fault_->code;
}

/// @return whether there is power after it
bool PowerLossDisk::begin_change() {
  if (++changes_ == lose_at_) {
    is_lost_ = true;
  }
  return !is_lost_;
}

PowerLossDisk::Name& PowerLossDisk::name(const std::string& path) {
  const auto [found, is_new] = names_.try_emplace(path);
  if (is_new) {
    const bool is_there = std::filesystem::exists(path);
    found->second = {is_there ? std::make_shared<Content>(Content{read_file(path), {}}) : nullptr};
  }
  return found->second;
}

void PowerLossDisk::folder_is_synced(const std::filesystem::path& folder) {
  for (auto& [path, versions] : names_) {
    if (std::filesystem::path{path}.parent_path() == folder) {
      versions = {versions.back()};
    }
  }
}

std::string PowerLossDisk::surviving(const Content& content, Survival survival, std::mt19937_64& random) {
  std::string image = content.durable;
  std::size_t until = content.since.size();
  if (survival == Survival::kNothing) {
    return image;
  }
  if (survival == Survival::kFirstOnes && until > 0) {
    until = random() % until + 1;
  }
  const unsigned percent = 5 + static_cast<unsigned>(random() % 91);
  const bool leaves_rubbish = chance(random, 50);
  for (std::size_t i = 0; i < until; ++i) {
    const Write& change = content.since[i];
    const bool is_torn = survival == Survival::kSectors || (survival == Survival::kFirstOnes && i + 1 == until);
    const bool is_kept = survival != Survival::kWholeWrites || chance(random, percent);
    if (change.cuts) {
      if (is_kept && (!is_torn || chance(random, percent))) {
        image.resize(std::min(image.size(), change.offset));
      }
    } else if (is_kept && !is_torn) {
      put(image, change.offset, change.data);
    } else if (is_kept) {
      for (std::size_t begin = 0; begin < change.data.size();) {
        const std::size_t at = change.offset + begin;
        const std::size_t size = std::min(kSector - at % kSector, change.data.size() - begin);
        if (chance(random, percent)) {
          put(image, at, std::string_view{change.data}.substr(begin, size));
        } else if (leaves_rubbish && at >= image.size()) {
          put(image, at, rubbish(size, random));
        }
        begin += size;
      }
    }
  }
  return image;
}

void PowerLossDisk::restore_power(Survival survival, std::mt19937_64& random) {
  for (auto& [path, versions] : names_) {
    std::size_t which = 0;
    switch (survival) {
      case Survival::kNothing: break;
      case Survival::kEverything: which = versions.size() - 1; break;
      default: which = random() % versions.size();
    }
    const std::shared_ptr<Content> left = versions[which];
    if (left == nullptr) {
      std::filesystem::remove(path);
      versions = {nullptr};
      continue;
    }
    const std::string image = surviving(*left, survival, random);
    std::ofstream{path, std::ios::binary | std::ios::trunc} << image;
    versions = {std::make_shared<Content>(Content{image, {}})};
    // The log's index is no more than a help: it may be there in any state.
    const std::string index = path.substr(0, path.rfind("-wal")) + "-shm";
    if (path.ends_with("-wal") && std::filesystem::exists(index) && chance(random, 50)) {
      const std::size_t size = std::filesystem::file_size(index);
      std::ofstream{index, std::ios::binary | std::ios::trunc} << rubbish(size, random);
    } else if (path.ends_with("-wal")) {
      std::filesystem::remove(index);
    }
  }
  is_lost_ = false;
  lose_at_ = 0;
}

// What SQLite calls.

PowerLossDisk::File& PowerLossDisk::file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int PowerLossDisk::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto& disk = *static_cast<PowerLossDisk*>(vfs->pAppData);
  file->pMethods = nullptr;  // not to be closed, unless it is opened
  if (const auto code = disk.failure(DiskCall::kOpen)) {
    return *code;
  }
  std::shared_ptr<Content> content;
  if (path != nullptr) {
    Name& versions = disk.name(path);
    if (versions.back() == nullptr && (flags & SQLITE_OPEN_CREATE) != 0) {
      const bool has_power = disk.begin_change();
      versions.push_back(std::make_shared<Content>());
      if (!has_power) {
        return SQLITE_CANTOPEN;
      }
    }
    content = versions.back();
  }
  auto* const real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(File));
  const int code = disk.real_->xOpen(disk.real_, path, real, flags, out_flags);
  if (code == SQLITE_OK) {
    new (file) File{{&kMethods}, &disk, real, std::move(content), (flags & SQLITE_OPEN_WAL) != 0};
  }
  return code;
}

int PowerLossDisk::remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  auto& disk = *static_cast<PowerLossDisk*>(vfs->pAppData);
  if (const auto code = disk.failure(DiskCall::kDelete)) {
    return *code;
  }
  if (Name& versions = disk.name(path); versions.back() != nullptr) {
    const bool has_power = disk.begin_change();
    versions.push_back(nullptr);
    if (!has_power) {
      return SQLITE_IOERR_DELETE;
    }
  }
  return disk.real_->xDelete(disk.real_, path, sync_folder);
}

/// SQLite's VFS opens a folder for one purpose: to sync it. @param path  of a file in it
int PowerLossDisk::open_folder(const char* path, int* descriptor) {
  PowerLossDisk& disk = *current_disk;
  if (!disk.begin_change()) {
    return SQLITE_CANTOPEN;
  }
  if (disk.lie_ != Lie::kFolder) {
    disk.folder_is_synced(std::filesystem::path{path}.parent_path());
  }
  return real_open_folder(path, descriptor);
}

int PowerLossDisk::close(sqlite3_file* file) {
  File& open = file_of(file);
  const int code = open.real->pMethods->xClose(open.real);
  open.~File();
  return code;
}

int PowerLossDisk::read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  File& open = file_of(file);
  if (const auto code = open.disk->failure(DiskCall::kRead)) {
    return *code;
  }
  return open.real->pMethods->xRead(open.real, buffer, size, offset);
}

int PowerLossDisk::write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  File& open = file_of(file);
  const auto failure = open.disk->failure(DiskCall::kWrite);
  if (open.disk->power_is_lost()) {
    return *failure;
  }
  const int written = failure ? size / 2 : size;
  const bool has_power = open.disk->begin_change();
  if (open.content != nullptr) {
    std::string text{static_cast<const char*>(data), static_cast<std::size_t>(written)};
    open.content->since.push_back({static_cast<std::size_t>(offset), std::move(text), false});
  }
  if (!has_power) {
    return SQLITE_IOERR_WRITE;
  }
  const int code = open.real->pMethods->xWrite(open.real, data, written, offset);
  return failure.value_or(code);
}

int PowerLossDisk::truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& open = file_of(file);
  if (const auto code = open.disk->failure(DiskCall::kTruncate)) {
    return *code;
  }
  const bool has_power = open.disk->begin_change();
  if (open.content != nullptr) {
    open.content->since.push_back({static_cast<std::size_t>(size), {}, true});
  }
  return has_power ? open.real->pMethods->xTruncate(open.real, size) : SQLITE_IOERR_TRUNCATE;
}

int PowerLossDisk::sync(sqlite3_file* file, int flags) {
  File& open = file_of(file);
  PowerLossDisk& disk = *open.disk;
  const auto failure = disk.failure(DiskCall::kSync);
  if (disk.power_is_lost()) {
    return *failure;
  }
  if (failure) {
    if (open.content != nullptr) {
      open.content->since.clear();
    }
    return *failure;
  }
  if (!disk.begin_change()) {
    return SQLITE_IOERR_FSYNC;
  }
  if (open.content != nullptr && disk.lie_ != (open.is_log ? Lie::kLog : Lie::kDatabase)) {
    for (const Write& change : open.content->since) {
      if (change.cuts) {
        open.content->durable.resize(std::min(open.content->durable.size(), change.offset));
      } else {
        put(open.content->durable, change.offset, change.data);
      }
    }
    open.content->since.clear();
  }
  const int code = open.real->pMethods->xSync(open.real, flags);
  return disk.power_is_lost() ? SQLITE_IOERR_FSYNC : code;  // between the file and its folder
}

int PowerLossDisk::file_size(sqlite3_file* file, sqlite3_int64* size) {
  File& open = file_of(file);
  if (const auto code = open.disk->failure(DiskCall::kSize)) {
    return *code;
  }
  return open.real->pMethods->xFileSize(open.real, size);
}

int PowerLossDisk::lock(sqlite3_file* file, int level) {
  File& open = file_of(file);
  if (const auto code = open.disk->failure(DiskCall::kLock)) {
    return *code;
  }
  return open.real->pMethods->xLock(open.real, level);
}

int PowerLossDisk::unlock(sqlite3_file* file, int level) {
  return file_of(file).real->pMethods->xUnlock(file_of(file).real, level);
}

int PowerLossDisk::check_reserved_lock(sqlite3_file* file, int* out) {
  return file_of(file).real->pMethods->xCheckReservedLock(file_of(file).real, out);
}

int PowerLossDisk::file_control(sqlite3_file* file, int operation, void* argument) {
  const File& open = file_of(file);
  if (operation == SQLITE_FCNTL_LAST_ERRNO && open.disk->fault_ && open.disk->has_failed_) {
    *static_cast<int*>(argument) = open.disk->fault_->system_error;
    return SQLITE_OK;
  }
  return open.real->pMethods->xFileControl(open.real, operation, argument);
}

int PowerLossDisk::sector_size(sqlite3_file* file) {
  return file_of(file).real->pMethods->xSectorSize(file_of(file).real);
}

int PowerLossDisk::device_characteristics(sqlite3_file* file) {
  return file_of(file).real->pMethods->xDeviceCharacteristics(file_of(file).real);
}

int PowerLossDisk::map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  File& open = file_of(file);
  if (const auto code = open.disk->failure(DiskCall::kMap)) {
    return *code;
  }
  return open.real->pMethods->xShmMap(open.real, page, size, extend, out);
}

int PowerLossDisk::lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  File& open = file_of(file);
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    if (const auto code = open.disk->failure(DiskCall::kLock)) {
      return *code;
    }
  }
  return open.real->pMethods->xShmLock(open.real, offset, count, flags);
}

void PowerLossDisk::shared_barrier(sqlite3_file* file) {
  file_of(file).real->pMethods->xShmBarrier(file_of(file).real);
}

int PowerLossDisk::unmap_shared(sqlite3_file* file, int removes) {
  File& open = file_of(file);
  return open.real->pMethods->xShmUnmap(open.real, open.disk->power_is_lost() ? 0 : removes);
}

}  // namespace dti::contract

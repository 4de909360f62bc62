#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace dti {

/// What the system says about this process.
struct ProcessFigures {
  double cpu_seconds = 0;  // of all threads
  std::uint64_t descriptors_open = 0;
  std::uint64_t descriptors_max = 0;
};
/// Thread: any. It reads a folder with an entry for each descriptor, so that it is not for a thread that serves clients.
[[nodiscard]] ProcessFigures read_process_figures();

/// What the system says about the files of a SQLite store.
struct StoreFileFigures {
  std::uint64_t log_bytes = 0;        // of the write-ahead log
  std::uint64_t file_bytes = 0;       // of the store itself
  std::uint64_t disk_free_bytes = 0;  // that this process may write
  std::uint64_t disk_bytes = 0;
};
/// @return none if the file cannot be read. May wait for the disk. Thread: any
[[nodiscard]] std::optional<StoreFileFigures> read_store_file_figures(const std::filesystem::path& file);

}  // namespace dti

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "dti/metrics/metric_page.hpp"

namespace dti {

/// What the system says about the files of a SQLite store.
struct StoreFileFigures {
  std::uint64_t log_bytes = 0;        // of the write-ahead log
  std::uint64_t file_bytes = 0;       // of the store itself
  std::uint64_t disk_free_bytes = 0;  // that this process may write
  std::uint64_t disk_bytes = 0;
};
/// @return none if the file cannot be read. May wait for the disk. Thread: any
[[nodiscard]] std::optional<StoreFileFigures> read_store_file_figures(const std::filesystem::path& file);

/// @param age_seconds  since they were read
void add_store_file(MetricPage& page, const StoreFileFigures& figures, double age_seconds);

}  // namespace dti

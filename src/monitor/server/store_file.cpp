#include "monitor/server/store_file.hpp"

#include <system_error>

namespace dti {

std::optional<StoreFileFigures> read_store_file_figures(const std::filesystem::path& file) {
  std::error_code error;
  StoreFileFigures figures;
  figures.file_bytes = std::filesystem::file_size(file, error);
  if (error) return std::nullopt;
  const auto log_bytes = std::filesystem::file_size(file.string() + "-wal", error);
  if (!error) figures.log_bytes = log_bytes;
  const auto space = std::filesystem::space(file, error);
  if (error) return std::nullopt;
  figures.disk_free_bytes = space.available;
  figures.disk_bytes = space.capacity;
  return figures;
}

void add_store_file(MetricPage& page, const StoreFileFigures& figures, double age_seconds) {
  page.gauge("dti_store_file_age_seconds", "Time since the size of the SQLite file and its disk were read.",
             age_seconds);
  const auto add = [&](const char* name, const char* help, std::uint64_t bytes) {
    page.gauge(name, help, static_cast<double>(bytes));
  };
  add("dti_store_file_bytes", "Size of the SQLite file.", figures.file_bytes);
  add("dti_store_log_bytes", "Size of the write-ahead log of the SQLite file.", figures.log_bytes);
  add("dti_store_disk_free_bytes", "Space that is left on the disk of the SQLite file.", figures.disk_free_bytes);
  add("dti_store_disk_bytes", "Size of the disk of the SQLite file.", figures.disk_bytes);
}

}  // namespace dti

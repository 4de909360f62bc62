#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "dti/base/time.hpp"
#include "monitor/server/store_file.hpp"

namespace dti {

/// Reads the figures of a SQLite store's files once a second, on a thread of its own, so that a disk that hangs stops
/// nothing else.
class StoreFileWatch {
 public:
  struct Sample {
    StoreFileFigures figures;
    SteadyTime read_at{};
  };

  /// @param read  may wait for the disk; none: the files cannot be read. Thread: that of this object
  /// @throws std::system_error  if the system has no thread left
  explicit StoreFileWatch(std::function<std::optional<StoreFileFigures>()> read);
  /// Does not wait. A reading that hangs is left alone until it or the process ends.
  ~StoreFileWatch();
  StoreFileWatch(const StoreFileWatch&) = delete;
  StoreFileWatch& operator=(const StoreFileWatch&) = delete;

  /// The last figures that could be read; none yet. Never waits for the disk. Thread: any.
  [[nodiscard]] std::optional<Sample> newest() const;

 private:
  struct State;
  static void run(State& state);

  const std::shared_ptr<State> state_;  // the thread owns it too
};

}  // namespace dti

#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>

#include "dti/base/stop_signals.hpp"
#include "dti/service/ledger/storage_error.hpp"
#include "dtictl/office/office_run.hpp"

namespace dti {

/// Waits between readings, and repeats those that fail because the store cannot be reached.
class Patience {
 public:
  explicit Patience(const ReadCommand& command) : command_(command) {}

  /// @return false if a signal asks for the end
  [[nodiscard]] bool wait(std::chrono::milliseconds pause) {
    pollfd signal{.fd = signals_.descriptor(), .events = POLLIN, .revents = 0};
    static_cast<void>(::poll(&signal, 1, static_cast<int>(pause.count())));
    return !signals_.stop_asked();
  }

  /// The result of `reading`; none if a signal asked for the end before there was one.
  template <class Reading>
  [[nodiscard]] auto repeat(Reading reading) -> std::optional<decltype(reading())> {
    do {
      try {
        std::optional<decltype(reading())> result{reading()};
        if (!said_.empty()) say(command_, "the store can be read again");
        said_.clear();
        return result;
      } catch (const StorageError& error) {
        const bool is_passing =
            error.kind() == StorageError::Kind::kUnavailable || error.kind() == StorageError::Kind::kUnreachable;
        if (!is_passing) throw;
        if (said_ != error.what()) say(command_, std::string{error.what()} + "; trying again");
        said_ = error.what();
      }
    } while (wait(kRetryPause));
    return std::nullopt;
  }

 private:
  static constexpr std::chrono::milliseconds kRetryPause{1'000};

  const ReadCommand& command_;
  StopSignals signals_;
  std::string said_;  // the last failure on stderr; empty: the store can be read
};

}  // namespace dti

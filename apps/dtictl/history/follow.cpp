#include "dtictl/history/follow.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/office/entry_columns.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetryPause = 1'000ms;
// Between two pieces: a moment without a reader, in which the server can start the log of a SQLite file again.
constexpr auto kPiecePause = 5ms;

bool is_passing(StorageError::Kind kind) {
  return kind == StorageError::Kind::kUnavailable || kind == StorageError::Kind::kUnreachable;
}

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
        if (!is_passing(error.kind())) throw;
        if (said_ != error.what()) say(command_, std::string{error.what()} + "; trying again");
        said_ = error.what();
      }
    } while (wait(kRetryPause));
    return std::nullopt;
  }

 private:
  const ReadCommand& command_;
  StopSignals signals_;
  std::string said_;  // the last failure on stderr; empty: the store can be read
};

/// Tells whether an entry is about a program that was added after `names` were read.
bool has_new_program(const std::vector<StoredEntry>& entries, const StoreNames& names) {
  return std::any_of(entries.begin(), entries.end(), [&](const StoredEntry& entry) {
    return std::cmp_greater(entry.row.program_id.value_or(0), names.programs());
  });
}

}  // namespace

int follow(const ReadCommand& command, const OfficeOptions& options, const OfficeStore& store, StoreNames names,
           const StoredSemester& semester, Seq since) {
  Patience patience{command};
  auto tail = store.tail(semester, since);
  ListPrinter<EntryRow> printer{std::cout, options.list, entry_columns()};
  do {
    const auto entries = patience.repeat([&] { return tail.read(); });
    if (!entries) break;
    if (has_new_program(*entries, names)) {
      auto newer = patience.repeat([&] { return store.read_names(); });
      if (!newer) break;
      names = *std::move(newer);
    }
    for (const auto& entry : *entries) printer.add(row_of(semester, entry, names, tail.notes()));
    if (!tail.may_have_more()) printer.flush();
    if (!std::cout) return 1;  // run_office() says why
  } while (patience.wait(tail.may_have_more() ? kPiecePause : store.idle_pause()));
  printer.finish();
  return 0;
}

}  // namespace dti

#include "dtictl/history/follow.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/office/entry_columns.hpp"
#include "dtictl/office/patience.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

// Between two pieces: a moment without a reader, in which the server can start the log of a SQLite file again.
constexpr auto kPiecePause = 5ms;

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

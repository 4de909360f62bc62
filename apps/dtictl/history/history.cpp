#include "dtictl/history/history.hpp"

#include <iostream>
#include <limits>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/history/follow.hpp"
#include "dtictl/office/entry_columns.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

ReadCommand describe_history() {
  return {.name = "dtictl history",
          .purpose =
              "dtictl history prints the entries of a semester's ledger in order, in words and in columns. With "
              "--follow it continues with each new entry until Ctrl-C or SIGTERM, also across a restart of the "
              "server or the database.",
          .settings = {semester_setting(),
                       {.name = "since",
                        .group = "Entries",
                        .kind = IntegerKind{0, std::numeric_limits<std::int64_t>::max()},
                        .help = "Only the entries after this one: the seq of the last entry that you have.",
                        .default_value = "0"},
                       {.name = "follow",
                        .group = "Entries",
                        .kind = SwitchKind{},
                        .help = "Continues with each new entry. Not with --format=json, which has an end.",
                        .default_value = "false"}},
          .columns = heads_of(entry_columns()),
          .examples = {{"read the history of the open semester", "dtictl history --config=/etc/dti/dti.toml | less"},
                       {"follow a semester, and later continue after entry 1234 without a gap",
                        "dtictl history --semester=2025-10 --follow --since=1234 --format=jsonl"}}};
}

void print(const OfficeStore& store, const StoreNames& names, const StoredSemester& semester, Seq since,
           const OfficeOptions& options) {
  ListPrinter<EntryRow> printer{std::cout, options.list, entry_columns()};
  store.read(semester, since, [&](const std::vector<StoredEntry>& entries, const Notes& notes) {
    for (const auto& entry : entries) printer.add(row_of(semester, entry, names, notes));
  });
  printer.finish();
}

int print_history(const ReadCommand& command, const OfficeOptions& options) {
  const bool follows = options.settings.is_on("follow");
  if (follows && options.list.format == ListFormat::kJson) {
    throw Unanswerable{options.settings.bad("format", "json has an end, and --follow has none; use jsonl")};
  }
  if (follows) StopSignals::block();
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const Seq since = options.settings.integer("since");
  if (since > semester.head) {
    throw Unanswerable{options.settings.bad(
        "since", "the ledger of semester \"" + semester.name + "\" ends with entry " + std::to_string(semester.head))};
  }
  if (!follows) {
    print(store, names, semester, since, options);
    return 0;
  }
  return follow(command, options, store, names, semester, since);
}

}  // namespace

int run_history(std::span<const std::string> args) {
  const auto command = describe_history();
  return run_office(command, args, [&](const OfficeOptions& options) { return print_history(command, options); });
}

}  // namespace dti

#include "dtictl/wait/wait_list.hpp"

#include "dtictl/office/holding_columns.hpp"

namespace dti {

int run_wait_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl wait list",
      .purpose =
          "dtictl wait list prints the programs that wait for rooms in a semester, in the order in which they are "
          "served: the place of each, what it holds and lacks, and the reason why it is passed over now. A place is "
          "the "
          "number of the ledger entry by which the program asked.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(waiting_columns()),
      .examples = {{"print the wait list of the open semester", "dtictl wait list --config=/etc/dti/dti.toml"},
                   {"for a script: who is next", "dtictl wait list --format=jsonl | head -1"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    print_holdings(command, options, waiting_columns(), [&](const SemesterView& view) {
      if (!view.has_wait_list()) say(command, "the semester has no wait list; dtictl wait on turns it on");
      return view.waiting();
    });
    return 0;
  });
}

}  // namespace dti

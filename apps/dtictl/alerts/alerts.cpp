#include "dtictl/alerts/alerts.hpp"

#include "dtictl/office/holding_columns.hpp"

namespace dti {

int run_alerts(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl alerts",
      .purpose =
          "dtictl alerts prints the grants of a semester that stand and gave less than was wanted, and how many "
          "rooms each lacks, in the order in which they were granted.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(lacking_columns()),
      .examples = {{"list the programs that lack rooms", "dtictl alerts --config=/etc/dti/dti.toml"},
                   {"for a script: only the names and what is lacking",
                    "dtictl alerts --format=jsonl --columns=faculty,program,classrooms-lacking,labs-lacking"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    print_holdings(command, options, lacking_columns(), [](const SemesterView& view) {
      auto holdings = view.holdings();
      std::erase_if(holdings, [](const Holding& holding) { return lacking(holding) == Want{}; });
      return holdings;
    });
    return 0;
  });
}

}  // namespace dti

#include "dtictl/grant/grant_list.hpp"

#include "dtictl/office/holding_columns.hpp"

namespace dti {

int run_grant_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl grant list",
      .purpose =
          "dtictl grant list prints the grants of a semester that stand, in the order in which they were granted. "
          "A grant that was released does not stand.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(holding_columns()),
      .examples = {{"list the grants of the open semester", "dtictl grant list --config=/etc/dti/dti.toml"},
                   {"for a spreadsheet: the grants of one faculty",
                    "dtictl grant list --semester=2025-10 --faculty=Derecho --format=csv > derecho.csv"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    print_holdings(command, options, holding_columns(), [](const SemesterView& view) { return view.holdings(); });
    return 0;
  });
}

}  // namespace dti

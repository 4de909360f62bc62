#include "dtictl/hold/hold_list.hpp"

#include <algorithm>

#include "dtictl/office/holding_columns.hpp"

namespace dti {

int run_hold_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl hold list",
      .purpose =
          "dtictl hold list prints the holds of a semester that are neither confirmed nor released, in the order in "
          "which they end. A hold whose end has come is listed until the server that leads has ended it.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(hold_columns()),
      .examples = {{"print the holds of the open semester", "dtictl hold list --config=/etc/dti/dti.toml"},
                   {"for a script: the hold that ends next", "dtictl hold list --format=jsonl | head -1"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    print_holdings(command, options, hold_columns(), [](const SemesterView& view) {
      auto holds = view.holdings();
      std::erase_if(holds, [](const Holding& holding) { return holding.expires_at == 0; });
      std::stable_sort(holds.begin(), holds.end(),
                       [](const Holding& a, const Holding& b) { return a.expires_at < b.expires_at; });
      return holds;
    });
    return 0;
  });
}

}  // namespace dti

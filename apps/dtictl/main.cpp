// dtictl: administers stores and keys. Each command has its own file; main() finds the command that the operator named.

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/standard_streams.hpp"
#include "dtictl/alerts/alerts.hpp"
#include "dtictl/catalog/catalog.hpp"
#include "dtictl/commands.hpp"
#include "dtictl/complete/complete.hpp"
#include "dtictl/copy/copy.hpp"
#include "dtictl/explain/explain.hpp"
#include "dtictl/grant/grant.hpp"
#include "dtictl/head/head.hpp"
#include "dtictl/history/history.hpp"
#include "dtictl/hold/hold.hpp"
#include "dtictl/key/key.hpp"
#include "dtictl/ledger/ledger.hpp"
#include "dtictl/migrate/migrate.hpp"
#include "dtictl/quota/quota.hpp"
#include "dtictl/round/round.hpp"
#include "dtictl/semester/semester.hpp"
#include "dtictl/status/status.hpp"
#include "dtictl/totals/totals.hpp"
#include "dtictl/verify/verify.hpp"
#include "dtictl/wait/wait.hpp"
#include "dtictl/watch/watch.hpp"
#include "dtictl/what_if/what_if.hpp"

int main(int argc, char** argv) {
  dti::prepare_standard_streams();
  const dti::CommandSet dtictl{
      .name = "dtictl",
      .purpose =
          "dtictl is the tool of the office: it reads and changes semesters and grants. It also administers the store "
          "of a dti_server, and keys.",
      .commands = {{"status", "describes a store: its schema, which server leads, how much it has", &dti::run_status},
                   {"semester", "prints the semesters, opens and changes them", &dti::run_semester},
                   {"grant", "prints the grants of a semester, or all about one program, and changes them",
                    &dti::run_grant},
                   {"catalog", "prints the faculties and programs, and changes them", &dti::run_catalog},
                   {"wait", "prints the programs that wait for rooms, and turns wait lists on and off", &dti::run_wait},
                   {"quota", "prints and sets the limits of faculties", &dti::run_quota},
                   {"round", "plans and holds rounds: the programs of a file get rooms together", &dti::run_round},
                   {"hold", "prints the holds of a semester, and confirms, extends and cancels them", &dti::run_hold},
                   {"history", "prints the entries of a semester's ledger, and follows it", &dti::run_history},
                   {"watch", "shows a semester as it changes", &dti::run_watch},
                   {"totals", "prints the sums of each semester", &dti::run_totals},
                   {"alerts", "prints the grants that gave less than was wanted", &dti::run_alerts},
                   {"verify", "replays the ledger through the allocation rule and reports the differences",
                    &dti::run_verify},
                   {"head", "prints a signed line about the ledger, for a witness", &dti::run_head},
                   {"copy", "copies a store into an empty one, also into the other kind of database", &dti::run_copy},
                   {"ledger", "writes a store to a file, and fills an empty store from one", &dti::run_ledger},
                   {"migrate", "makes the schema of a store, or brings it up to date", &dti::run_migrate},
                   {"key", "makes keys, and changes the list of the keys that may connect", &dti::run_key},
                   {"what-if", "tells what the requests of a file would get, and changes nothing", &dti::run_what_if},
                   {"explain", "tells why a program got the rooms that it got", &dti::run_explain},
                   {"complete", "prints names, for the completion of a shell", &dti::run_complete, true}},
  };
  const std::vector<std::string> args{argv + 1, argv + argc};
  const auto found = dti::find_command(dtictl, args);
  if (const auto* usage = std::get_if<dti::UsageExit>(&found)) return dti::leave(*usage);
  return std::get<const dti::Command*>(found)->run(std::span{args}.subspan(1));
}

#include "dtictl/semester/semester.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/semester/semester_close.hpp"
#include "dtictl/semester/semester_list.hpp"
#include "dtictl/semester/semester_open.hpp"
#include "dtictl/semester/semester_reopen.hpp"
#include "dtictl/semester/semester_resize.hpp"
#include "dtictl/semester/semester_roll_over.hpp"

namespace dti {

int run_semester(std::span<const std::string> args) {
  const CommandSet semester{
      .name = "dtictl semester",
      .purpose = "dtictl semester reads and changes the semesters of a store.",
      .commands = {{"list", "prints the semesters with their capacity and what is left", &run_semester_list},
                   {"open", "opens a new semester", &run_semester_open},
                   {"roll-over", "opens a new semester like an older one", &run_semester_roll_over},
                   {"resize", "gives a semester other numbers of rooms", &run_semester_resize},
                   {"close", "ends a semester", &run_semester_close},
                   {"reopen", "lets a closed semester take requests again", &run_semester_reopen}},
  };
  const auto found = find_command(semester, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti

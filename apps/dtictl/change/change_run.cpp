#include "dtictl/change/change_run.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "dti/base/stop_signals.hpp"
#include "dti/cli/escape.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "dtictl/change/change_text.hpp"
#include "dtictl/change/door.hpp"
#include "dtictl/change/question.hpp"
#include "dtictl/counted.hpp"

namespace dti {
namespace {

/// The command ends, and everything is said.
struct End {
  ChangeExit code;
};

class Change {
 public:
  Change(const ChangeVerb& verb, ChangeOptions options, StopSignals& stop)
      : verb_(verb), options_(std::move(options)), client_(options_.client), stop_(stop) {}

  int run() try {
    if (options_.plan && options_.plan->steps.empty()) {
      say("nothing is to be changed: the plan adds no programs");
      return kChangeDone;
    }
    if (const auto fault = socket_file_fault(options_.client.servers.front())) {
      say(*fault);
      return kChangeUnreachable;
    }
    if (options_.message.opens) return options_.message.command.is_dry_run ? foresee_opening() : make();
    if (options_.plan) return apply_plan();
    const auto now = read_facts();
    set_capacity(now.capacity);
    auto& command = options_.message.command;
    if (!options_.has_expects) command.expects = now.seq;
    if (command.catalog && now.catalog) command.catalog->store = now.catalog->store;
    const auto after = foresee();
    if (after.seq == command.expects) {
      say("nothing is to be changed: " + facts_text(options_.message, after));
      return kChangeDone;
    }
    say("server " + server_);
    if (command.is_dry_run) {
      print("would be: " + facts_text(options_.message, after));
      return kChangeWouldBe;
    }
    say("now: " + facts_text(options_.message, now));
    say("after: " + facts_text(options_.message, after));
    confirm(now.capacity);
    return make();
  } catch (const End& end) {
    return end.code;
  } catch (const std::exception& error) {
    say(error.what());
    if (!may_be_made_) return kChangeUnreachable;
    say_not_known();
    return kChangeNotKnown;
  }

 private:
  /// What is true now. A dry run that expects no entry gets it with CONFLICT, if there is one. About a wait list or a quota
  /// there may be none, so the dry run expects one that cannot be there.
  OfficeOutcome read_facts() {
    auto question = options_.message;
    question.command.is_dry_run = true;
    const auto& change = question.command.change;
    const bool may_have_no_entry = std::holds_alternative<SetWaitList>(change) ||
                                   std::holds_alternative<SetQuota>(change) ||
                                   std::holds_alternative<OpenRound>(change);
    question.command.expects = may_have_no_entry ? std::numeric_limits<std::int64_t>::max() : 0;
    auto outcome = ask(question);
    if (outcome.error && outcome.error->status != Status::kConflict) fail(outcome);
    if (outcome.is_repeat) throw End{static_cast<ChangeExit>(tell(outcome))};
    return outcome;
  }

  /// What would be true after the command. The id is another one, so that no late reply is taken for this one.
  OfficeOutcome foresee() {
    auto question = options_.message;
    question.command.id = new_command_id();
    question.command.is_dry_run = true;
    auto outcome = ask(question);
    if (outcome.error) fail(outcome);
    return outcome;
  }

  int foresee_opening() {
    const auto outcome = ask(options_.message);
    if (outcome.error) fail(outcome);
    if (outcome.is_repeat) {
      say("nothing is to be changed: " + facts_text(options_.message, outcome));
      return kChangeDone;
    }
    say("server " + server_);
    print("would be: " + facts_text(options_.message, outcome));
    return kChangeWouldBe;
  }

  /// Makes the steps of the plan that are not made yet.
  int apply_plan() {
    const auto steps = options_.plan->steps.size();
    const auto [now, programs_added] = foresee_plan();
    if (steps_made_ == steps || programs_added == 0) return tell_plan(now);
    if (steps_made_ > 0) say(progress_text());
    const auto after = "the catalogue has " + counted(now.catalog->programs + programs_added, "program", "programs") +
                       ", " + std::to_string(programs_added) + " more than now";
    say("server " + server_);
    if (options_.message.command.is_dry_run) {
      print("would be: " + after);
      return kChangeWouldBe;
    }
    say("now: " + facts_text(options_.message, now));
    say(plan_text(*options_.plan));
    say("after: " + after);
    confirm_by_yes("add " + counted(programs_added, "program", "programs") + " to the catalogue");
    may_be_made_ = true;
    OfficeOutcome last;
    last.is_repeat = true;
    while (steps_made_ < steps) {
      auto outcome = ask_step(steps_made_ + 1, false);
      ++steps_made_;
      outcome.is_repeat = outcome.is_repeat && last.is_repeat;
      last = std::move(outcome);
    }
    return tell_plan(last);
  }

  /// Lets the server decide all steps. Those that an earlier run has made are the first ones.
  /// @return what is true now, and how many programs would be added
  std::pair<OfficeOutcome, std::int64_t> foresee_plan() {
    OfficeOutcome now;
    std::int64_t programs_added = 0;
    for (std::size_t number = 1; number <= options_.plan->steps.size(); ++number) {
      const auto outcome = ask_step(number, true);
      if (outcome.is_repeat) ++steps_made_;
      auto facts = *outcome.catalog;
      programs_added += facts.programs_added;
      facts.programs -= facts.programs_added;
      facts.faculties -= facts.faculties_added;
      now = outcome;
      now.catalog = facts;
    }
    return {now, programs_added};
  }

  OfficeOutcome ask_step(std::size_t number, bool is_dry_run) {
    const auto& plan = *options_.plan;
    auto message = options_.message;
    auto& command = message.command;
    for (std::size_t i = 1; i < number; ++i) command.catalog->earlier.push_back(step_id(plan, i));
    command.id = step_id(plan, number);
    command.expects = plan.steps[number - 1].expects;
    command.catalog->rows = plan.steps[number - 1].added;
    command.is_dry_run = is_dry_run;
    auto outcome = ask(message);
    if (outcome.error) fail(outcome);
    if (!outcome.catalog) throw std::runtime_error{"the reply of " + server_ + " tells nothing about the catalogue"};
    return outcome;
  }

  int tell_plan(const OfficeOutcome& last) {
    if (last.is_repeat) {
      say("an earlier copy of this command has made the change");
    } else if (!may_be_made_) {
      say("nothing is to be changed");
    }
    print(facts_text(options_.message, last));
    say("next: " + next_command(options_.message));
    return kChangeDone;
  }

  [[nodiscard]] std::string progress_text() const {
    return std::to_string(steps_made_) + " of the " + std::to_string(options_.plan->steps.size()) +
           " commands of the plan are made, and stay";
  }

  /// Sends the command itself.
  int make() {
    may_be_made_ = true;
    const auto outcome = ask(options_.message);
    if (outcome.error) fail(outcome);
    return tell(outcome);
  }

  int tell(const OfficeOutcome& outcome) {
    if (outcome.is_repeat) say("an earlier copy of this command has made the change");
    print(facts_text(options_.message, outcome));
    say("next: " + next_command(options_.message));
    return kChangeDone;
  }

  /// Mobile labs follow the classrooms if all classrooms could become one before.
  void set_capacity(const Capacity& now) {
    auto* const resize = std::get_if<ResizeSemester>(&options_.message.command.change);
    if (resize == nullptr) return;
    auto& capacity = resize->capacity;
    const auto as_before =
        now.conversions == now.classrooms ? capacity.classrooms : std::min(now.conversions, capacity.classrooms);
    capacity.conversions = options_.mobile_labs.value_or(as_before);
  }

  void confirm(const Capacity& now) {
    const auto& command = options_.message.command;
    const auto* const resize = std::get_if<ResizeSemester>(&command.change);
    const bool takes_rooms =
        resize != nullptr && (resize->capacity.classrooms < now.classrooms || resize->capacity.labs < now.labs ||
                              resize->capacity.conversions < now.conversions);
    const bool is_severe =
        std::holds_alternative<CloseSemester>(command.change) || std::holds_alternative<RunRound>(command.change);
    if (takes_rooms || is_severe) return confirm_by_name();
    if (resize == nullptr && !std::holds_alternative<ReopenSemester>(command.change)) {
      confirm_by_yes(change_text(options_.message));
    }
  }

  /// @param change  what the command does
  void confirm_by_yes(const std::string& change) {
    if (options_.is_confirmed) return;
    if (!can_ask()) refuse_use("--yes is needed, because stdin is no terminal");
    const auto answer = ask_person(change + "? [y/N] ", stop_);
    if (answer != "y" && answer != "Y" && answer != "yes" && answer != "YES") decline();
  }

  void confirm_by_name() {
    const auto& name = options_.message.command.semester;
    auto answer = options_.confirm;
    if (!answer) {
      if (!can_ask()) refuse_use("--confirm=" + name + " is needed, because stdin is no terminal");
      answer = ask_person(change_text(options_.message) + "? Type the name of the semester: ", stop_);
    } else if (answer != name) {
      refuse_use("--confirm must be the name of the semester, " + name);
    }
    if (answer != name) decline();
  }

  [[noreturn]] void decline() {
    say("nothing was changed");
    throw End{stop_.stop_asked() ? kChangeInterrupted : kChangeRefused};
  }

  [[noreturn]] void refuse_use(const std::string& text) {
    say(text);
    throw End{kChangeBadUse};
  }

  /// A server has decided against the command. An earlier copy may have made the change before that, and others may have
  /// changed the same since.
  [[noreturn]] void fail(const OfficeOutcome& outcome) {
    const auto& error = *outcome.error;
    say(std::string{wire_text(error.status)} + ": " + error.detail);
    if (has_facts(outcome)) say("now: " + facts_text(options_.message, outcome));
    if (may_be_made_ && steps_made_ > 0) say(progress_text());
    const auto code = exit_code_of(error.status);
    const bool is_decided = code == kChangeRefused || code == kChangeBadUse;
    // The registry has each command about the catalogue, so that a server would have found an earlier copy.
    const bool may_be_made_before = (has_other_copy_ || options_.is_repeat) && !options_.message.command.catalog;
    if (!is_decided || !may_be_made_before) throw End{code};
    say("an earlier copy of this command may have made its change before: dtictl history tells, with the command-id " +
        options_.message.command.id);
    throw End{kChangeNotKnown};
  }

  OfficeOutcome ask(const OfficeMessage& message) {
    auto result = client_.ask(message, stop_);
    const bool is_command = !message.command.is_dry_run;
    if (auto* answer = std::get_if<OfficeAnswer>(&result)) {
      server_ = answer->server;
      if (is_command) has_other_copy_ = answer->has_other_copy;
      return std::move(answer->reply.outcome);
    }
    const auto& none = std::get<NoOfficeReply>(result);
    say(none.reason);
    const bool is_open = none.may_be_done && is_command;
    if (is_open) say_not_known();
    if (none.was_stopped) throw End{kChangeInterrupted};
    if (may_be_made_ && steps_made_ > 0) {
      say(progress_text() + ". Apply the same plan again: it continues");
      throw End{kChangeNotKnown};
    }
    throw End{is_open ? kChangeNotKnown : kChangeUnreachable};
  }

  void say_not_known() const {
    say("the outcome is not known. " + (options_.plan
                                            ? std::string{"Apply the same plan again: it changes nothing twice"}
                                            : "Repeat the command with " + id_flags()));
  }

  [[nodiscard]] std::string id_flags() const {
    const auto& command = options_.message.command;
    auto flags = "--command-id=" + command.id;
    if (command.expects) flags += " --expects=" + std::to_string(*command.expects);
    return flags;
  }

  void say(const std::string& text) const { std::cerr << verb_.name << ": " << printable(text) << std::endl; }

  void print(const std::string& text) const {
    std::cout << printable(text) << std::endl;
    if (!std::cout) say("the outcome could not be written to stdout");
  }

  const ChangeVerb& verb_;
  ChangeOptions options_;
  OfficeClient client_;
  StopSignals& stop_;
  std::string server_;           // that has replied last
  bool may_be_made_ = false;     // the command itself was sent, or is being sent
  bool has_other_copy_ = false;  // of the command, when it was decided
  std::size_t steps_made_ = 0;   // of the plan
};

}  // namespace

int run_change(const ChangeVerb& verb, std::span<const std::string> args) {
  StopSignals::block();
  auto parsed = parse_change_options(verb, args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  int code = kChangeUnreachable;
  try {
    StopSignals stop;
    code = Change{verb, std::get<ChangeOptions>(std::move(parsed)), stop}.run();
  } catch (const std::exception& error) {
    std::cerr << verb.name << ": " << printable(error.what()) << std::endl;
  }
  if (lookup_hangs()) std::_Exit(code);  // all output is written
  return code;
}

}  // namespace dti

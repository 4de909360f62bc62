#include "dtictl/change/change_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "dti/base/stop_signals.hpp"
#include "dti/cli/escape.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "dtictl/change/change_text.hpp"
#include "dtictl/change/question.hpp"

namespace dti {
namespace {

/// The command ends, and everything is said.
struct End {
  ChangeExit code;
};

/// Why no socket file can be used; none if it can, or if the address is not one.
std::optional<std::string> socket_file_fault(const std::string& address) {
  constexpr std::string_view kScheme = "ipc://";
  if (!address.starts_with(kScheme)) return std::nullopt;
  const auto path = address.substr(kScheme.size());
  if (::access(path.c_str(), W_OK) == 0) return std::nullopt;
  const auto reason = std::error_code{errno, std::generic_category()};
  const bool is_missing = reason == std::errc::no_such_file_or_directory;
  return path + ": " + reason.message() + ": " +
         (is_missing ? "does a server run on this machine, with this store or this --admin?"
                     : "run this as the user of the server, such as sudo -u dti, or as root");
}

class Change {
 public:
  Change(const ChangeVerb& verb, ChangeOptions options, StopSignals& stop)
      : verb_(verb), options_(std::move(options)), client_(options_.client), stop_(stop) {}

  int run() try {
    if (const auto fault = socket_file_fault(options_.client.servers.front())) {
      say(*fault);
      return kChangeUnreachable;
    }
    if (options_.message.opens) return make();
    const auto now = read_facts();
    set_capacity(now.capacity);
    auto& command = options_.message.command;
    if (!options_.has_expects) command.expects = now.seq;
    const auto after = foresee();
    if (after.seq == command.expects) {
      say("nothing is to be changed: " + facts_text(options_.message, after));
      return kChangeDone;
    }
    if (command.is_dry_run) {
      print("would be: " + facts_text(options_.message, after));
      return kChangeWouldBe;
    }
    say("server " + server_);
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
  /// What is true now. A dry run that expects no entry gets it with CONFLICT, if there is one. About a wait list there may
  /// be none, so the dry run expects one that cannot be there.
  OfficeOutcome read_facts() {
    auto question = options_.message;
    question.command.is_dry_run = true;
    const bool may_have_no_entry = std::holds_alternative<SetWaitList>(question.command.change);
    question.command.expects = may_have_no_entry ? std::numeric_limits<std::int64_t>::max() : 0;
    if (auto& catalog = question.command.catalog) catalog->rows.clear();
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
    if (command.catalog) return confirm_by_yes();
    const auto* const resize = std::get_if<ResizeSemester>(&command.change);
    const bool takes_rooms =
        resize != nullptr && (resize->capacity.classrooms < now.classrooms || resize->capacity.labs < now.labs ||
                              resize->capacity.conversions < now.conversions);
    if (takes_rooms || std::holds_alternative<CloseSemester>(command.change)) return confirm_by_name();
    if (resize == nullptr && !std::holds_alternative<ReopenSemester>(command.change)) confirm_by_yes();
  }

  void confirm_by_yes() {
    if (options_.is_confirmed) return;
    if (!can_ask()) refuse_use("--yes is needed, because stdin is no terminal");
    const auto answer = ask_person(change_text(options_.message) + "? [y/N] ", stop_);
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
    throw End{is_open ? kChangeNotKnown : kChangeUnreachable};
  }

  void say_not_known() const {
    say("the outcome is not known. " + (options_.message.command.catalog
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

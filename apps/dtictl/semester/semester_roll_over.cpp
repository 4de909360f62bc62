#include "dtictl/semester/semester_roll_over.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/cli/escape.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "dtictl/change/change_options.hpp"
#include "dtictl/change/change_text.hpp"
#include "dtictl/change/door.hpp"
#include "dtictl/change/question.hpp"
#include "dtictl/counted.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/semester/roll_over_items.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

constexpr const char* kName = "dtictl semester roll-over";

// A config file of a server, and variables for other programs, may have settings of the same names.
constexpr std::array<std::string_view, 6> kOnlyFlags{"from", "to", "wait-list", "note", "dry-run", "yes"};

Setting rooms_setting(const char* name, const char* help) {
  return {.name = name,
          .group = "Change",
          .kind = IntegerKind{0, kCapacityMax},
          .help = help,
          .default_shown = "as in the older semester"};
}

std::vector<Setting> own_settings() {
  return {
      {.name = "from",
       .group = "Change",
       .kind = NameKind{kSemesterBytesMax},
       .help = "The older semester, open or closed.",
       .needed = true},
      {.name = "to",
       .group = "Change",
       .kind = NameKind{kSemesterBytesMax},
       .help = "The new semester.",
       .needed = true},
      rooms_setting("classrooms", "How many classrooms the new semester has."),
      rooms_setting("labs", "How many labs it has."),
      rooms_setting("mobile-labs", "How many of its classrooms may become mobile labs."),
      {.name = "wait-list",
       .group = "Change",
       .kind = ChoiceKind{{"as-before", "on", "off"}},
       .help = "Whether it has a wait list.",
       .default_value = "as-before"},
      {.name = "note", .group = "Change", .kind = TextKind{kNoteBytesMax}, .help = "Why; the ledger keeps it."},
      {.name = "dry-run",
       .group = "Change",
       .kind = SwitchKind{},
       .help = "Prints the items, lets the server decide, and changes nothing.",
       .default_value = "false"},
      {.name = "yes", .group = "Change", .kind = SwitchKind{}, .help = "Asks no question.", .default_value = "false"}};
}

AppDescription describe_roll_over() {
  auto settings = own_settings();
  for (auto& setting : door_settings()) settings.push_back(std::move(setting));
  for (auto& setting : with_store_settings({})) {
    if (setting.name == "store-timeout") settings.push_back(std::move(setting));
  }
  auto others = describe_server_settings();
  std::erase_if(others, [&](const Setting& other) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const Setting& setting) { return setting.name == other.name; });
  });
  return {
      .name = kName,
      .purpose =
          "dtictl semester roll-over opens a new semester like an older one: with the same rooms, with a wait "
          "list if that has one, and with its quotas. No grant is copied. It reads the older semester from the store, "
          "and "
          "sends its changes to the server. If it stops half way, run it again: it continues.",
      .settings = std::move(settings),
      .examples = {{"see what a roll-over would do", "dtictl semester roll-over --from=2025-10 --to=2026-10 --dry-run"},
                   {"roll over with more labs, in a script",
                    "dtictl semester roll-over --from=2025-10 --to=2026-10 --labs=70 --yes"}},
      .exit_codes =
          change_exit_codes("the outcome is not known, or a part of the items is made: run the same command again"),
      .others_in_file = std::move(others)};
}

struct RollOverOptions {
  OfficeDoorChoice door;
  OfficeOptions reading;
  std::string from;
  RollOverChoice choice;
  std::string note;
  bool is_dry_run = false;
  bool is_confirmed = false;
};

std::optional<UsageExit> read_choice(const Settings& settings, RollOverOptions& options) {
  for (const auto name : kOnlyFlags) {
    if (!settings.has(name) || settings.origin(name).source == Source::kDefault) continue;
    if (settings.origin(name).source != Source::kFlag) {
      return settings.bad(
          name, "is not used here, because it may be there for another program: give the flag --" + std::string{name});
    }
  }
  // The numbers in the config file of a server are those of its own semester.
  const auto number = [&](std::string_view name) {
    const bool is_flag = settings.has(name) && settings.origin(name).source == Source::kFlag;
    return is_flag ? std::optional{settings.integer(name)} : std::nullopt;
  };
  options.from = settings.text("from");
  options.choice = {.to = settings.text("to"),
                    .classrooms = number("classrooms"),
                    .labs = number("labs"),
                    .mobile_labs = number("mobile-labs")};
  if (options.choice.to == options.from) return settings.bad("to", "must be another semester than --from");
  if (const auto list = settings.text("wait-list"); list != "as-before") options.choice.has_wait_list = list == "on";
  if (settings.has("note")) options.note = settings.text("note");
  options.is_dry_run = settings.is_on("dry-run");
  options.is_confirmed = settings.is_on("yes");
  return std::nullopt;
}

std::variant<RollOverOptions, UsageExit> parse_roll_over(std::span<const std::string> args,
                                                         const Surroundings& surroundings) {
  auto resolved = resolve(describe_roll_over(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  RollOverOptions options;
  if (auto usage = read_choice(settings, options)) return *std::move(usage);
  auto door = read_door(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&door)) return std::move(*usage);
  options.door = std::get<OfficeDoorChoice>(std::move(door));
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  options.reading.store = std::get<StoreAddress>(std::move(store));
  options.reading.store_timeout = settings.duration("store-timeout");
  return options;
}

/// The command ends, and everything is said.
struct End {
  ChangeExit code;
};

class RollOver {
 public:
  RollOver(const RollOverOptions& options, StopSignals& stop)
      : options_(options), client_(options.door.client), stop_(stop) {}

  int run() try {
    if (const auto fault = socket_file_fault(options_.door.client.servers.front())) {
      say(*fault);
      return kChangeUnreachable;
    }
    const auto items = read_items();
    const auto count = [&](RollOverItem::State state) {
      return std::count_if(items.begin(), items.end(), [&](const RollOverItem& item) { return item.state == state; });
    };
    for (const auto& item : items) options_.is_dry_run ? print(text_of(item)) : say(text_of(item));
    if (count(RollOverItem::State::kDiffers) > 0) {
      say("semester " + options_.choice.to + " is there already, and differs: nothing was changed");
      return kChangeRefused;
    }
    items_to_make_ = static_cast<std::size_t>(count(RollOverItem::State::kMissing));
    if (items_to_make_ == 0) {
      say("nothing is to be changed: the roll-over is done already");
      return kChangeDone;
    }
    make(items);
    say("next: dtictl semester list");
    return kChangeDone;
  } catch (const End& end) {
    return end.code;
  } catch (const std::exception& error) {
    say(error.what());
    return items_made_ > 0 ? kChangeNotKnown : kChangeUnreachable;
  }

 private:
  /// Compares both semesters, as the store has them.
  std::vector<RollOverItem> read_items() {
    const ReadCommand command{.name = kName, .purpose = {}, .columns = {}, .examples = {}};
    const OfficeStore store{command, options_.reading};
    const auto names = store.read_names();
    const auto find = [&](const std::string& name) -> std::optional<RollOverSemester> {
      const auto& all = names.semesters();
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const StoredSemester& semester) { return semester.name == name; });
      if (found == all.end()) return std::nullopt;
      RollOverSemester semester{.name = found->name, .capacity = found->capacity};
      store.read(*found, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
        for (const auto& entry : entries) follow(semester, entry.row);
      });
      return semester;
    };
    const auto from = find(options_.from);
    if (!from) {
      say(std::get<NameFault>(names.find_semester(options_.from)).reason);
      throw End{kChangeBadUse};
    }
    check_server(*from);
    return roll_over_items(*from, find(options_.choice.to), options_.choice,
                           [&](FacultyId faculty) { return names.catalog().faculty_name(faculty); });
  }

  /// Compares the older semester with what the server has: the store could be that of another server.
  void check_server(const RollOverSemester& from) {
    OfficeMessage question;
    question.command.semester = from.name;
    question.command.change = CloseSemester{};  // its facts are those of a closed semester too
    question.command.expects = 0;
    const auto facts = ask(question, true);
    const bool is_same = facts.error && facts.error->status == Status::kConflict && facts.capacity == from.capacity &&
                         facts.is_open == from.is_open && facts.seq == from.open_changed_at;
    if (is_same) return;
    if (facts.error && !has_facts(facts)) fail(facts);
    say("the server " + server_ + " has another semester " + from.name +
        " than the store: is it a server of this store? Nothing was changed");
    throw End{kChangeRefused};
  }

  /// Makes the items that are missing, in their order.
  void make(const std::vector<RollOverItem>& items) {
    const auto is_missing = [](const RollOverItem& item) { return item.state == RollOverItem::State::kMissing; };
    // The server cannot decide the items of a semester that it does not have yet, except the first one.
    const auto foreseen = ask(std::find_if(items.begin(), items.end(), is_missing)->message, true);
    if (foreseen.error) fail(foreseen);
    if (options_.is_dry_run) throw End{kChangeWouldBe};
    say("server " + server_ + "; no grant is copied");
    confirm();
    for (const auto& item : items) {
      if (!is_missing(item)) continue;
      const auto outcome = ask(item.message, false);
      if (outcome.error) fail(outcome);
      ++items_made_;
      print(facts_text(item.message, outcome));
    }
  }

  void confirm() {
    if (options_.is_confirmed) return;
    if (!can_ask()) {
      say("--yes is needed, because stdin is no terminal");
      throw End{kChangeBadUse};
    }
    const auto answer = ask_person("make " + options_.choice.to + " like that? [y/N] ", stop_);
    if (answer == "y" || answer == "Y" || answer == "yes" || answer == "YES") return;
    say("nothing was changed");
    throw End{stop_.stop_asked() ? kChangeInterrupted : kChangeRefused};
  }

  OfficeOutcome ask(OfficeMessage message, bool is_dry_run) {
    auto& command = message.command;
    command.id = new_command_id();
    command.actor = options_.door.actor;
    command.note = options_.note;
    command.is_dry_run = is_dry_run;
    auto result = client_.ask(message, stop_);
    if (auto* answer = std::get_if<OfficeAnswer>(&result)) {
      server_ = answer->server;
      return std::move(answer->reply.outcome);
    }
    const auto& none = std::get<NoOfficeReply>(result);
    say(none.reason);
    const bool is_open = !is_dry_run && none.may_be_done;
    if (is_open || items_made_ > 0) say_progress();
    if (none.was_stopped) throw End{kChangeInterrupted};
    throw End{is_open || items_made_ > 0 ? kChangeNotKnown : kChangeUnreachable};
  }

  [[noreturn]] void fail(const OfficeOutcome& outcome) {
    say(std::string{wire_text(outcome.error->status)} + ": " + outcome.error->detail);
    if (items_made_ > 0) say_progress();
    throw End{exit_code_of(outcome.error->status)};
  }

  void say_progress() const {
    say(std::to_string(items_made_) + " of " + counted(items_to_make_, "item is", "items are") +
        " made for certain, and stay. Run the same command again: it continues");
  }

  static void say(const std::string& text) { std::cerr << kName << ": " << printable(text) << std::endl; }

  static void print(const std::string& text) {
    std::cout << printable(text) << std::endl;
    if (!std::cout) say("the outcome could not be written to stdout");
  }

  const RollOverOptions& options_;
  OfficeClient client_;
  StopSignals& stop_;
  std::string server_;  // that has replied last
  std::size_t items_to_make_ = 0;
  std::size_t items_made_ = 0;
};

}  // namespace

int run_semester_roll_over(std::span<const std::string> args) {
  StopSignals::block();
  const auto parsed = parse_roll_over(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  int code = kChangeUnreachable;
  try {
    StopSignals stop;
    code = RollOver{std::get<RollOverOptions>(parsed), stop}.run();
  } catch (const std::exception& error) {
    std::cerr << kName << ": " << printable(error.what()) << std::endl;
  }
  if (lookup_hangs()) std::_Exit(code);  // all output is written
  return code;
}

}  // namespace dti

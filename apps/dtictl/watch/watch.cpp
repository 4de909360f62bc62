#include "dtictl/watch/watch.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"
#include "dti/service/office/entry_text.hpp"
#include "dti/service/office/quota_use.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/office/patience.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"
#include "dtictl/watch/watch_text.hpp"

namespace dti {
namespace {

constexpr const char* kName = "dtictl watch";
constexpr std::size_t kQuotasShown = 5;    // the screen is for the entries
constexpr std::size_t kEntriesKept = 200;  // more than a screen has lines
constexpr std::chrono::milliseconds kPiecePause{5};
// The cursor to the first place, and everything after the text removed: the screen does not flicker.
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearRest = "\x1b[J";

AppDescription describe_watch() {
  return {.name = kName,
          .purpose =
              "dtictl watch shows a semester as it changes: the rooms that are left, the grants, the programs that "
              "wait, the last entries, and whether a server leads. On a terminal it fills the screen; otherwise it "
              "prints a line for each new entry. It continues across restarts of the server and the database, until "
              "Ctrl-C or SIGTERM. It changes nothing, and can run while a server runs.",
          .settings = with_store_settings({semester_setting(),
                                           {.name = "interval",
                                            .group = "Screen",
                                            .kind = SecondsKind{},
                                            .help = "How often to read the store.",
                                            .default_value = "1"}}),
          .examples = {{"watch the open semester of the service", "dtictl watch --config=/etc/dti/dti.toml"},
                       {"write what happens to a file", "dtictl watch --semester=2025-10 >> changes.txt"}},
          .exit_codes = {{0, "a signal ended it"},
                         {1,
                          "the store cannot be read or contradicts itself, or the output cannot be written; stderr "
                          "gives the reason"},
                         {2, "incorrect usage, or a semester that the store does not have"}},
          .others_in_file = settings_of_server_alone()};
}

bool is_screen() {
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

/// Columns and rows of the terminal.
std::pair<std::size_t, std::size_t> screen_size() {
  winsize size{};
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return is_known ? std::pair<std::size_t, std::size_t>{size.ws_col, size.ws_row}
                  : std::pair<std::size_t, std::size_t>{80, 24};
}

class Watch {
 public:
  Watch(const Watch&) = delete;  // its view refers to it
  Watch& operator=(const Watch&) = delete;
  Watch(const ReadCommand& command, const OfficeOptions& options)
      : store_(command, options), patience_(command), pause_(options.settings.duration("interval")) {
    auto names = store_.read_names();
    semester_ = find_semester(options, names);
    names_.emplace(std::move(names));
  }

  /// @return the exit code
  int run() {
    auto tail = store_.tail(semester_, 0);
    bool is_first = true;
    do {
      const auto entries = patience_.repeat([&] { return tail.read(); });
      if (!entries) break;
      if (!add(*entries, is_first)) break;
      if (tail.may_have_more()) continue;
      const auto lead = patience_.repeat([&] { return store_.open()->read_lead(); });
      if (!lead) break;
      show(server_text(*lead), is_first);
      is_first = false;
      if (!std::cout) return 1;  // run_office() says why
    } while (patience_.wait(tail.may_have_more() ? kPiecePause : pause_));
    if (is_screen_) std::cout << '\n' << std::flush;
    return 0;
  }

 private:
  /// @param is_old  the entries were there before the command began  @return false if a signal asks for the end
  bool add(const std::vector<StoredEntry>& entries, bool is_old) {
    for (const auto& entry : entries) {
      if (std::cmp_greater(entry.row.program_id.value_or(0), names_->programs())) {
        auto newer = patience_.repeat([&] { return store_.read_names(); });
        if (!newer) return false;
        names_.emplace(*std::move(newer));
      }
      view_.add(entry);
      const auto name = names_->find_name(entry.row.program_id.value_or(0));
      last_.push_back({entry.row.seq, entry.at, entry_text(entry.row, name ? &*name : nullptr)});
      if (last_.size() > kEntriesKept) last_.pop_front();
      if (!is_screen_ && !is_old) std::cout << line_text(last_.back()) << '\n';
    }
    return true;
  }

  void show(const std::string& server, bool is_first) {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto quotas = quota_uses_text(quota_uses(view_), *names_, kQuotasShown);
    if (is_screen_) {
      const auto [columns, rows] = screen_size();
      std::cout << kHome;
      for (const char c : watch_screen({semester_.name, server, view_, last_, quotas}, time_text(now), columns, rows)) {
        if (c == '\n') std::cout << kClearLine;
        std::cout << c;
      }
      std::cout << kClearLine << kClearRest;
    } else {
      const auto say = [&](const std::string& text) { std::cout << time_text(now) << ' ' << printable(text) << '\n'; };
      if (server != server_) say("server: " + server);
      if (is_first || view_.head() != shown_) {
        say(state_text(semester_.name, view_) + "; " + totals_text(view_) + (quotas.empty() ? "" : "; " + quotas));
      }
      shown_ = view_.head();
    }
    server_ = server;
    std::cout << std::flush;
  }

  const OfficeStore store_;
  Patience patience_;
  const std::chrono::milliseconds pause_;
  const bool is_screen_ = is_screen();
  std::optional<StoreNames> names_;
  StoredSemester semester_;
  SemesterView view_{[this](ProgramId program) { return names_->faculty_of(program); }};
  std::deque<WatchedEntry> last_;
  // That were shown last.
  std::string server_;
  Seq shown_ = 0;
};

}  // namespace

int run_watch(std::span<const std::string> args) {
  const ReadCommand command{.name = kName, .purpose = {}, .columns = {}, .examples = {}};
  auto resolved = resolve(describe_watch(), args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&resolved)) return leave(*usage);
  auto settings = std::get<Settings>(std::move(resolved));
  auto store = find_store_on_disk(settings, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&store)) return leave(*usage);
  StopSignals::block();
  const auto timeout = settings.duration("store-timeout");
  OfficeOptions options{std::move(settings), std::get<StoreAddress>(std::move(store)), timeout, {}};
  return run_office(command, std::variant<OfficeOptions, UsageExit>{std::move(options)},
                    [&](const OfficeOptions& chosen) {
                      return Watch{command, chosen}.run();
                    });
}

}  // namespace dti

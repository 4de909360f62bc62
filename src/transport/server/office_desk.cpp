#include "transport/server/office_desk.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"

namespace dti {
namespace {

/// The memory of decoded programs, which can be many times that of their message.
std::size_t bytes_of(const std::vector<CatalogRow>& rows) {
  auto bytes = rows.size() * sizeof(CatalogRow);
  for (const auto& row : rows) bytes += row.faculty.size() + row.program.size();
  return bytes;
}

// Each command delays the requests behind it, and the pipeline has room for 64: most of it is for the office.
constexpr std::size_t kCommandsOfFacultyMax = 4;
constexpr std::size_t kCommandsOfFacultiesMax = 32;
constexpr auto kFacultyPause = std::chrono::milliseconds{200};

bool is_of_faculty(OfficeDoor door, const ListedKey* key) {
  return door == OfficeDoor::kSecured && key != nullptr && key->role.kind == KeyRole::Kind::kFaculty;
}

}  // namespace

void OfficeDesk::take(MessagePort& port, const PeerMessage& message, OfficeDoor door, Decoded decoded, const Now& now) {
  if (const auto* malformed = std::get_if<MalformedCommand>(&decoded)) {
    figures_.count(malformed->verb, malformed->is_dry_run, Status::kInvalidRequest);
    OfficeReply refusal{malformed->command_id, malformed->is_dry_run, {}, false};
    refusal.outcome.error = RequestError{Status::kInvalidRequest, malformed->detail, {}, {}};
    return port.reply(message.token, encode_office_reply(refusal), now.steady);
  }
  auto& sent = std::get<OfficeMessage>(decoded);
  auto who = actor(message, door, sent);
  if (auto* error = std::get_if<RequestError>(&who)) {
    return refuse(port, message.token, sent, std::move(*error), now.steady);
  }
  if (message.retry_after.count() > 0) {
    RequestError error{Status::kOverloaded,
                       "this client sends more messages than it may; ask again in a moment",
                       message.retry_after,
                       {}};
    return refuse(port, message.token, sent, std::move(error), now.steady);
  }
  if (auto error = why_busy(message, door)) return refuse(port, message.token, sent, *std::move(error), now.steady);
  sent.command.actor = std::get<std::string>(std::move(who));
  // The programs of a change of the catalogue are in the pipeline only.
  auto rows = sent.command.catalog ? std::exchange(sent.command.catalog->rows, {}) : std::vector<CatalogRow>{};
  const auto bytes = message.bytes + bytes_of(rows);
  const auto faculty = is_of_faculty(door, key_of(message.key)) ? message.key : 0;
  const auto& waiting = waiting_.emplace(message.token, Waiting{&port, std::move(sent), faculty}).first->second.message;
  if (waiting.opens) {
    pipeline_.on_command(
        message.token, OpenSemester{waiting.command.semester, *waiting.opens, waiting.command.is_dry_run}, bytes, now);
  } else {
    auto command = waiting.command;
    if (command.catalog) command.catalog->rows = std::move(rows);
    pipeline_.on_command(message.token, std::move(command), bytes, now);
  }
}

void OfficeDesk::send(const SendOfficeReply& answered, SteadyTime now) {
  answer(answered.token, answered.outcome, now);
}

void OfficeDesk::send(const SendOpenSemesterReply& answered, SteadyTime now) {
  OfficeOutcome outcome;
  if (!answered.outcome.error) outcome = facts_of(answered.command);
  outcome.error = answered.outcome.error;
  answer(answered.token, outcome, now);
}

std::variant<std::string, RequestError> OfficeDesk::actor(const PeerMessage& message, OfficeDoor door,
                                                          const OfficeMessage& sent) const {
  return actor_of(door, key_of(message.key), sent);
}

const ListedKey* OfficeDesk::key_of(KeyNumber number) const {
  return keys_ == nullptr || number == 0 ? nullptr : keys_->find(number);
}

std::optional<RequestError> OfficeDesk::why_busy(const PeerMessage& message, OfficeDoor door) const {
  if (!is_of_faculty(door, key_of(message.key))) return std::nullopt;
  std::size_t own = 0;
  std::size_t all = 0;
  for (const auto& [token, waiting] : waiting_) {
    if (waiting.faculty != 0) ++all;
    if (waiting.faculty == message.key) ++own;
  }
  if (own < kCommandsOfFacultyMax && all < kCommandsOfFacultiesMax) return std::nullopt;
  return RequestError{
      Status::kOverloaded, "too many commands of faculties wait; ask again in a moment", kFacultyPause, {}};
}

OfficeOutcome OfficeDesk::facts_of(const OpenSemester& opened) const {
  OfficeOutcome outcome;
  outcome.is_open = true;
  outcome.capacity = opened.capacity;
  outcome.left = full_pool(opened.capacity);
  const auto& allocator = pipeline_.allocator();
  if (const auto id = allocator.find_semester(opened.name)) {
    const auto totals = allocator.totals(*id);
    outcome.seq = totals.opened_at;
    outcome.capacity = totals.capacity;
    outcome.left = totals.left;
    outcome.is_repeat = opened.is_dry_run;  // the semester is there already
  }
  return outcome;
}

void OfficeDesk::refuse(MessagePort& port, Token token, const OfficeMessage& message, RequestError error,
                        SteadyTime now) {
  OfficeOutcome outcome;
  outcome.error = std::move(error);
  reply(port, token, message, outcome, now);
}

void OfficeDesk::answer(Token token, const OfficeOutcome& outcome, SteadyTime now) {
  const auto waited = waiting_.extract(token);
  DTI_CHECK(!waited.empty());  // one reply for each command
  const auto& [port, message, faculty] = waited.mapped();
  if (message.opens && !message.command.is_dry_run && !outcome.error) log_change(message, outcome.seq, 0);
  reply(*port, token, message, outcome, now);
}

void OfficeDesk::reply(MessagePort& port, Token token, const OfficeMessage& message, const OfficeOutcome& outcome,
                       SteadyTime now) {
  const auto& command = message.command;
  figures_.count(verb_of(message), command.is_dry_run, outcome.error ? outcome.error->status : Status::kOk);
  const OfficeReply sent{command.id, command.is_dry_run, outcome, has_facts(outcome)};
  port.reply(token, encode_office_reply(sent), now);
}

void OfficeDesk::note(const NoteOfficeChange& change) const {
  log_change({.command = change.command}, change.seq, change.programs_added);
}

void OfficeDesk::log_change(const OfficeMessage& message, Seq seq, std::int64_t programs_added) const {
  if (!log_) return;
  const auto& command = message.command;
  LogEvent event{
      LogLevel::kInfo,
      "office-command",
      command.catalog ? "the office has changed the catalogue" : "a command has changed the semester",
      {{"actor", command.actor}, {"command", std::string{wire_text(verb_of(message))}}, {"command-id", command.id}}};
  if (!command.catalog) event.fields.emplace_back("semester", command.semester);
  event.fields.emplace_back("seq", std::to_string(seq));
  if (programs_added > 0) event.fields.emplace_back("programs-added", std::to_string(programs_added));
  if (command.catalog && command.catalog->program) {
    const auto& changed = *command.catalog->program;
    event.fields.emplace_back("faculty", changed.of.faculty);
    event.fields.emplace_back("program", changed.of.program);
    if (changed.new_name) event.fields.emplace_back("new-name", *changed.new_name);
  }
  if (const auto* program = message.opens ? nullptr : program_of(command)) {
    event.fields.emplace_back("faculty", program->faculty);
    event.fields.emplace_back("program", program->program);
  }
  log_(event);
}

}  // namespace dti

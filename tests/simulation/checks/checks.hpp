#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/repository/memory/memory_repository.hpp"
#include "dti/service/allocation/allocator.hpp"
#include "dti/service/allocation/command.hpp"
#include "dti/service/ledger/round_replay.hpp"
#include "simulation/checks/wait_list_by_the_rule.hpp"
#include "simulation/names.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// What always holds, looked at after every change of the store, at every reply of a server and at every answer to a
/// program. Knows the rule, the names and the ledger by itself: it does not ask the code that is tested.
class Checks {
 public:
  /// @param office_semesters  the names of those that the office opens
  /// @param has_drift  the clocks of servers go up to a tenth too fast or too slow
  Checks(World& world, const Names& names, std::shared_ptr<MemoryStore> store,
         std::set<std::string> office_semesters = {}, bool has_drift = false);

  /// After each statement that the store has done: the ledger has only grown, by whole messages, by the rule.
  void on_store_changed();
  /// A batch or a change was written, or not, while the store was under the epoch.
  /// @param epoch, base  those of the batch or the change
  /// @param decided_at  when the server decided it
  void on_write(Epoch epoch, Seq base, CommitResult result, Epoch epoch_before, Time decided_at);
  /// A server was told that the store rejects its change, which tops programs up.
  void on_top_ups_rejected(const Change& change);

  /// What a server answers when.
  struct Reply {
    std::string server;
    std::string process;                     // one run of the server
    Epoch epoch = 0;                         // under which the server believes that it leads; 0: it never has
    Time arrived{};                          // when the request had arrived
    ServerState state = ServerState::kIdle;  // of the server, when it had arrived
    bool is_stopping = false;                // the server, when it answers
  };
  /// @param body  the bytes that leave
  void on_reply(const Reply& reply, const AllocationRequest& request, std::string_view body);

  /// What a server answers to a command of the office.
  void on_reply(const Reply& reply, const OpenSemester& command, const OpenSemesterOutcome& outcome);
  void on_reply(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome);

  /// A faculty's answer to a program.
  void on_room_answer(const std::string& faculty, const RoomRequest& request, const RoomAnswer& answer);

  /// Checks a leader without calls and requests in progress: its state must equal the ledger.
  void on_quiet_leader(const std::string& server, const Allocator& allocator);

  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] std::uint64_t decided_count() const { return decided_count_; }
  /// Is every grant of a batch in the ledger, at its place?
  [[nodiscard]] bool has_stored(const Batch& batch) const;
  /// Is the change of a command in the ledger?
  [[nodiscard]] bool has_stored(const Change& change) const;
  /// Has every program that waits, in a semester that is open, what it may have?
  [[nodiscard]] bool is_settled() const;
  /// How many holds are neither confirmed nor released.
  [[nodiscard]] std::size_t hold_count() const;
  /// The last end of a hold that is open and ends soon, by the ledger's time; none: there is none.
  [[nodiscard]] std::optional<WallTime> last_end_of_holds() const;
  /// The time of the newest entry.
  [[nodiscard]] WallTime newest_time() const { return newest_at_; }
  /// Every hold with an end until then must have ended.
  void check_holds_ended(WallTime until);

 private:
  /// An end that a hold was promised.
  struct HoldEnd {
    std::int64_t expires_at = 0;  // by the ledger's time
    Time decided{};               // when it was promised, in true time
    Time length{};                // that was promised
  };
  /// A grant that a program has held.
  struct Held {
    Want want;
    Grant grant;
    Seq granted_at = 0;
    Seq released_at = 0;                    // 0: it stands
    std::optional<std::string> request_id;  // of the request that asked; none: the numbers are of the office
    Seq place = 0;                          // in the wait list, if it is not whole; 0: it was given up
    bool is_top_up = false;
    bool is_topped_up = false;          // released because the program got more
    std::int64_t expires_at = 0;        // of a hold, by the ledger's time; 0: the grant is firm
    std::vector<HoldEnd> ends = {};     // of the hold, also of one that is firm now; the last one counts
    bool was_confirmed = false;         // it was a hold
    Cause released_by = Cause::kAsked;  // if it was released
    Epoch granted_under = 0;

    [[nodiscard]] bool stands_at(Seq head) const {
      return granted_at <= head && (released_at == 0 || released_at > head);
    }
  };
  /// A grant that was released to amend it, or to top it up.
  struct Replacing {
    std::size_t row = 0;
    Cause cause = Cause::kAmended;
    Held held;
  };
  /// A round of which not all grants were replayed.
  struct RoundInProgress {
    RoundTerms terms;
    std::optional<std::string> command_id;
    Pool left;      // before it
    Quotas quotas;  // and what the faculties held
    std::vector<Ask> asks = {};
    std::vector<Grant> grants = {};
  };
  struct Semester {
    SemesterId id = 0;
    Epoch epoch = 0;
    std::vector<MemoryStore::Entry> entries;
    // By the rule, replayed here.
    Capacity opened_with;
    Capacity capacity;
    Pool left;
    bool is_open = false;
    Time open_changed_at{};                           // when it was opened, closed or reopened
    std::map<std::size_t, std::vector<Held>> grants;  // by row of the catalogue; at most the last one stands
    std::optional<Replacing> replacing;
    std::map<std::size_t, Quota> quotas;  // by faculty
    bool has_wait_list = false;
    Epoch due_under = 0;       // since then a program that waits may have something; 0: none may
    Epoch rejected_under = 0;  // the store has rejected the top-up of a single program, and nothing was stored since
    std::map<std::string, Seq> requests;    // those that are stored: the head on which they were decided
    std::set<std::string> commands;         // those that are stored
    std::optional<std::string> command_id;  // of the last entry
    std::optional<Seal> round_opened;       // the hash of the round that is open; none: no round is open
    Seq round_opened_at = 0;
    Epoch round_opened_under = 0;
    std::optional<RoundInProgress> round = {};
  };
  // Semester, row, grant, want, and the end of a hold.
  /// What a command is about, by the ledger.
  struct Subject {
    const Semester* semester = nullptr;
    std::size_t faculty = 0;                              // whose quota it changes
    std::size_t row = 0;                                  // of the program
    const Held* held = nullptr;                           // that the program holds
    const MemoryStore::Entry* last = nullptr;             // entry about it
    const MemoryStore::Entry* last_of_command = nullptr;  // the last one that is no top-up
    [[nodiscard]] Seq seq() const { return last == nullptr ? 0 : last->entry.seq; }
    [[nodiscard]] bool has_hold() const { return held != nullptr && held->expires_at != 0; }
  };
  using Answered = std::tuple<std::string, std::size_t, Seq, Quantity, Quantity, std::int64_t>;
  enum class Moment { kNow, kEver };

  [[nodiscard]] bool has_stored(SemesterId semester, Seq base, const std::vector<LedgerEntry>& entries) const;

  void check_semester(const StoredSemester& stored);
  void check_whole(Semester& semester, const std::string& name, Seq head_before);
  void replay(Semester& semester, const std::string& name, const MemoryStore::Entry& stored);
  void replay_grant(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void replay_release(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  [[nodiscard]] Grant expected_grant(const Semester& semester, const std::optional<Replacing>& replacing,
                                     std::size_t row, const Want& want) const;
  void check_entry(const Reply& reply, const AllocationRequest& request, std::size_t index, const RepliedProgram& entry,
                   std::string_view bytes);
  void check_leads(const Reply& reply);
  void check_opened(const Reply& reply, const OpenSemester& command);
  void check_error(const Reply& reply, const AllocationRequest& request, const RequestError& error);
  /// @return the grant that the answer tells of; null if there is none, or after a violation
  const Held* check_held(const std::string& who, const std::string& semester, std::optional<std::size_t> row,
                         const Want& want, Status status, const Grant& grant, Moment moment);
  [[nodiscard]] const Held* find_held(const std::string& semester, std::size_t row, Moment moment,
                                      const std::function<bool(const Held&)>& is_meant) const;
  void check_spent(const Reply& reply, const AllocationRequest& request, std::optional<std::size_t> row);
  [[nodiscard]] std::size_t count_of(const AllocationRequest& request, std::size_t row) const;
  void note_kind(const Reply& reply, const AllocationRequest& request, std::size_t index, std::size_t row,
                 const RepliedProgram& entry, bool is_repeat);
  void check_holdings(const std::string& server, const Allocator& allocator, const Semester& semester);
  /// Has another server taken over since the one that answers took the lead? Then the store may have moved on.
  [[nodiscard]] bool is_superseded(const Reply& reply) const;
  // Commands of the office (checks_office.cpp).
  [[nodiscard]] std::optional<Subject> find_subject(const OfficeCommand& command) const;
  [[nodiscard]] bool has_its_effect(const OfficeCommand& command, const Subject& subject) const;
  [[nodiscard]] bool is_refused(const OfficeCommand& command, const Subject& subject) const;
  [[nodiscard]] Grant amended(const Semester& semester, std::size_t row, const Held& held, const Want& want) const;
  void check_facts(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome,
                   const Subject& subject);
  // Quotas (checks_quotas.cpp).
  /// A program that is supposed to hold another grant.
  struct Supposed {
    std::size_t row = 0;
    Grant grant;
  };
  [[nodiscard]] std::size_t faculty_of(std::size_t row) const { return row / names_.programs_each(); }
  [[nodiscard]] std::optional<std::size_t> find_faculty(const std::string& name) const;
  [[nodiscard]] CountedRooms held_by(const Semester& semester, std::size_t faculty,
                                     const std::optional<Supposed>& supposed = {}) const;
  [[nodiscard]] static Quota quota_of(const Semester& semester, std::size_t faculty);
  [[nodiscard]] bool is_limited(const Semester& semester, std::size_t row) const;
  [[nodiscard]] Want admitted(const Semester& semester, std::size_t row, const Want& want,
                              const std::optional<Supposed>& supposed = {}) const;
  [[nodiscard]] bool exceeds(const Semester& semester, std::size_t faculty, const Quota& quota) const;
  void replay_quota(Semester& semester, const std::string& what, const LedgerEntry& entry);
  void check_limits(const Semester& semester, const std::string& what, std::size_t row, const Held& now);
  void check_quotas(const std::string& server, const Allocator& allocator, const Semester& semester,
                    const std::string& name);
  void check_retirement(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome);
  // Rounds (checks_rounds.cpp).
  [[nodiscard]] StoredEntry read_entry(const Semester& semester, Seq seq);
  void replay_opening(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void replay_round(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void replay_grant_of_round(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void check_round(const Semester& semester, const std::string& what, const RoundInProgress& round);
  [[nodiscard]] bool is_refused(const RunRound& round, const Subject& subject) const;
  void note_refused_round(const RunRound& round, const Subject& subject) const;
  // Holds (checks_holds.cpp).
  void replay_hold(const std::string& what, const MemoryStore::Entry& stored, const std::optional<Replacing>& replacing,
                   Held& now);
  void replay_confirmation(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void replay_extension(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void check_end_of_hold(Semester& semester, const std::string& what, const MemoryStore::Entry& stored,
                         const Held& held);
  void check_not_early(const std::string& what, const HoldEnd& end);
  Held* find_hold(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void note_holds(const Semester& semester, Seq head_before);
  void check_reply_about_hold(const Reply& reply, const AllocationRequest& request, const RepliedProgram& entry,
                              const Held& held, std::size_t row);
  [[nodiscard]] std::optional<Status> end_of_hold(const Subject& subject) const;
  [[nodiscard]] bool tells_end(const Subject& subject, Status status) const;
  [[nodiscard]] static std::size_t open_holds(const Semester& semester);
  void check_hold_facts(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome,
                        const Subject& subject);
  void check_holds(const std::string& server, const Allocator& allocator, const Semester& semester,
                   const std::string& name);
  // Wait lists (checks_wait_list.cpp).
  [[nodiscard]] std::vector<Waiting> waiting_in(const Semester& semester,
                                                const std::optional<Supposed>& supposed = {}) const;
  [[nodiscard]] std::optional<Waiting> due_in(const Semester& semester) const;
  [[nodiscard]] static Seq place_in_list(const Semester& semester, const Held* held);
  void check_order(Semester& semester, const std::string& what, const MemoryStore::Entry& stored);
  void check_top_up(const Semester& semester, const std::string& what, const Replacing& replacing,
                    const LedgerEntry& entry);
  void replay_setting(Semester& semester, const std::string& what, const LedgerEntry& entry);
  void replay_leaving(Semester& semester, const std::string& what, const LedgerEntry& entry);
  void note_replaced(const Semester& semester, const Replacing& replacing, const Held& now);
  void note_due(Semester& semester) const;
  void check_settled(const Reply& reply, const std::string& semester);
  void check_wait_list(const std::string& server, const Allocator& allocator, const Semester& semester,
                       const std::string& name);

  World& world_;
  const Names& names_;
  const std::shared_ptr<MemoryStore> store_;
  const std::set<std::string> office_semesters_;
  const bool has_drift_;
  MemoryRepository reader_;

  Epoch epoch_ = 0;
  Time decided_at_{};                               // what was written last
  WallTime newest_at_{};                            // of all entries
  std::map<Epoch, Time> superseded_at_;             // when a higher one came
  std::vector<std::size_t> row_of_;                 // row_of_[program id - 1]: its row of the catalogue
  std::map<FacultyId, std::size_t> faculty_of_id_;  // the faculty in the names
  std::map<std::string, Semester> semesters_;       // by name
  std::map<Answered, std::string> first_answers_;   // the bytes of an entry, from the numbers asked for
  std::set<std::string> expired_;                   // request ids that got UNAVAILABLE at their deadline
  // By process and semester: the arrival of the last request that was rejected because the semester does not exist.
  std::map<std::pair<std::string, std::string>, Time> last_unknown_;
  std::uint64_t decided_count_ = 0;
  std::set<std::size_t> retired_;  // programs, by row
};

}  // namespace dti::simulation

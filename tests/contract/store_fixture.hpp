#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/backends.hpp"
#include "dti/domain/allocate.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti::contract {

inline constexpr WallTime kAt{std::chrono::microseconds{1'760'000'000'123'456}};  // 2025-10-09T08:53:20.123456Z
inline constexpr Capacity kCapacity{.classrooms = 380, .labs = 60, .conversions = 100};

/// A lease that has run out when it begins: who takes the lead on it is not in the next one's way.
inline const Lease kLapsed{.endpoint = "127.0.0.1:6000", .duration = std::chrono::milliseconds{0}};
inline const Lease kLasting{.endpoint = "127.0.0.1:6001", .duration = std::chrono::hours{1}};

/// Takes the lead; none if another server holds it.
inline std::optional<Leadership> take(Repository& repository, const Lease& lease = kLapsed) {
  auto taken = repository.take_over(kAt, lease);
  auto* const leadership = std::get_if<Leadership>(&taken);
  return leadership == nullptr ? std::nullopt : std::optional{std::move(*leadership)};
}

/// Who holds the lead, as a take-over finds; none if it took it.
inline std::optional<HeldBy> find_holder(Repository& repository, const Lease& lease = kLapsed) {
  const auto taken = repository.take_over(kAt, lease);
  const auto* const held = std::get_if<HeldBy>(&taken);
  return held == nullptr ? std::nullopt : std::optional{*held};
}

inline CatalogProgram program(ProgramId id, FacultyId faculty = 1) {
  const std::string number = std::to_string(id);
  const std::string faculty_number = std::to_string(faculty);
  return {
      id, faculty, "Faculty " + faculty_number, "faculty" + faculty_number, "Program " + number, "program" + number};
}

/// The kind of the StorageError that the action throws; none if it throws none.
inline std::optional<StorageError::Kind> failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const StorageError& error) {
    return error.kind();
  }
  return std::nullopt;
}

/// The text of the StorageError that the action throws.
inline std::string failure_text(const std::function<void()>& action) {
  try {
    action();
  } catch (const StorageError& error) {
    return error.what();
  }
  return {};
}

/// A semester in which nothing has been granted, as it is stored.
inline StoredSemester opened_semester(SemesterId id, const std::string& name, Epoch epoch, const Capacity& capacity) {
  return {id, name, epoch, 1, capacity, full_pool(capacity), true, capacity, 1};
}

/// The entry of a row that the repository has written: the row has the columns of its kind, and no others.
inline LedgerEntry entry_of_row(const LedgerRow& row) {
  const LedgerEntry entry = entry_of(row);
  LedgerRow expected = row_of(entry);
  expected.request = row.request;
  expected.command = row.command;
  EXPECT_EQ(expected, row) << "entry " << row.seq;
  return entry;
}

inline std::vector<LedgerEntry> read_all(LedgerReader& reader, SemesterId semester, Seq after, Seq last) {
  std::vector<LedgerEntry> all;
  reader.read_ledger(semester, after + 1, last, Columns::kAll, [&](const std::vector<LedgerRow>& piece) {
    std::transform(piece.begin(), piece.end(), std::back_inserter(all), entry_of_row);
    return true;
  });
  return all;
}

/// A store with a server that leads, one faculty of five programs, and the semester 2025-10.
class StoreTest : public testing::TestWithParam<BackendKind> {
 protected:
  StoreTest() : backend_(GetParam().make()), repository_(backend_->open()) {}

  void start() {
    epoch_ = lead().epoch;
    ASSERT_TRUE(repository_->add_programs(epoch_, {program(1), program(2), program(3), program(4), program(5)}, kAt));
    ASSERT_EQ(repository_->open_semester(epoch_, "2025-10", kCapacity, kAt).result, OpenResult::kOpened);
    semester_ = stored().value();
  }

  /// A batch of one message that grants, by the rule, what each program wants; the semester is as it will be then.
  Batch grants(const std::vector<std::pair<ProgramId, Want>>& wants, std::optional<std::string> request_id = "r") {
    Batch batch;
    batch.semester_id = semester_.id;
    batch.epoch = epoch_;
    batch.base = semester_.head;
    batch.at = kAt;
    const Pool before = semester_.left;
    for (const auto& [id, want] : wants) {
      LedgerEntry entry;
      entry.seq = ++semester_.head;
      entry.program_id = id;
      entry.want = want;
      entry.grant = allocate(semester_.left, want);
      semester_.left = charge(semester_.left, entry.grant);
      batch.entries.push_back(entry);
    }
    semester_.last_entry = semester_.head;
    batch.charged = {before.classrooms - semester_.left.classrooms, before.labs - semester_.left.labs,
                     before.conversions_left - semester_.left.conversions_left};
    batch.messages.push_back({std::move(request_id), static_cast<std::uint32_t>(batch.entries.size())});
    return batch;
  }

  static LedgerEntry bare(EntryKind kind) {
    LedgerEntry entry;
    entry.kind = kind;
    return entry;
  }
  static LedgerEntry resized(const Capacity& capacity) {
    LedgerEntry entry = bare(EntryKind::kCapacityChanged);
    entry.capacity = capacity;
    return entry;
  }
  static LedgerEntry amended(ProgramId id, const Want& want, const Grant& grant, std::int32_t generation = 2) {
    LedgerEntry entry = bare(EntryKind::kGranted);
    entry.cause = Cause::kAmended;
    entry.program_id = id;
    entry.generation = generation;
    entry.want = want;
    entry.grant = grant;
    return entry;
  }
  static LedgerEntry released(ProgramId id, const Want& want, const Grant& grant, Cause cause) {
    LedgerEntry entry = amended(id, want, grant, 1);
    entry.kind = EntryKind::kReleased;
    entry.cause = cause;
    return entry;
  }

  /// A change with these entries, whose numbers it gives; the semester is as it will be then.
  /// @param request_id  of the releases
  Change change(std::vector<LedgerEntry> entries, const std::optional<std::string>& request_id = {}) {
    Change change;
    change.semester_id = semester_.id;
    change.epoch = epoch_;
    change.base = semester_.head;
    change.at = kAt;
    change.note = {{1, 2, 3}, "local/1000", "because"};
    for (LedgerEntry& entry : entries) {
      entry.seq = ++semester_.head;
      apply(entry, change.registered);
      StoredEntry stored{row_of(entry), kAt.time_since_epoch().count(), {}, {}, "command"};
      if (entry.kind == EntryKind::kReleased) stored.request_id = request_id;
      if (stored.request_id) stored.row.request = id_hash(*stored.request_id);
      stored.row.command = id_hash("command");
      if (rests_on_time(stored.row)) stored.row.at = stored.at;
      change.entries.push_back(std::move(stored));
    }
    semester_.last_entry = semester_.head;
    change.capacity = semester_.capacity;
    change.left = semester_.left;
    change.is_open = semester_.is_open;
    return change;
  }

  /// A batch of `count` empty grants, in messages of three and a rest, with and without request ids.
  Batch large_batch(std::size_t size) {
    std::vector<std::pair<ProgramId, Want>> wants;
    for (std::size_t i = 0; i < size; ++i) {
      wants.push_back({static_cast<ProgramId>(1 + i % 5), {}});
    }
    Batch batch = grants(wants);
    for (LedgerEntry& entry : batch.entries) {
      entry.generation = static_cast<std::int32_t>(entry.seq);  // not one of them is a second grant
    }
    batch.messages.clear();
    for (std::size_t given = 0; given < size;) {
      const std::size_t count = std::min<std::size_t>(3, size - given);
      const bool has_id = batch.messages.size() % 2 == 0;
      batch.messages.push_back({has_id ? std::optional{"request " + std::to_string(given)} : std::nullopt,
                                static_cast<std::uint32_t>(count)});
      given += count;
    }
    return batch;
  }

  Leadership lead(const Lease& lease = kLapsed) { return take(*repository_, lease).value(); }

  std::optional<StoredSemester> stored(const std::string& name = "2025-10") {
    for (const StoredSemester& semester : repository_->survey().semesters) {
      if (semester.name == name) {
        return semester;
      }
    }
    return std::nullopt;
  }

  /// Ends the server and starts another one on the store.
  Leadership reopen() {
    repository_.reset();
    repository_ = backend_->open();
    Leadership leadership = lead();
    epoch_ = leadership.epoch;
    return leadership;
  }

  /// Closes the semester, as the office does.
  void close() { ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterClosed)})), CommitResult::kCommitted); }

 private:
  void apply(const LedgerEntry& entry, std::vector<RegistryEntry>& registered) {
    const auto& to = entry.capacity;
    const auto& from = semester_.capacity;
    switch (entry.kind) {
      case EntryKind::kGranted: semester_.left = charge(semester_.left, entry.grant); break;
      case EntryKind::kReleased: semester_.left = give_back(semester_.left, entry.grant); break;
      case EntryKind::kCapacityChanged:
        semester_.left.classrooms += to.classrooms - from.classrooms;
        semester_.left.labs += to.labs - from.labs;
        semester_.left.conversions_left += to.conversions - from.conversions;
        semester_.capacity = to;
        break;
      case EntryKind::kSemesterClosed:
        semester_.is_open = false;
        registered.push_back(semester_closed(semester_.id, semester_.name));
        break;
      case EntryKind::kSemesterReopened:
        semester_.is_open = true;
        registered.push_back(semester_reopened(semester_.id, semester_.name));
        break;
      case EntryKind::kSemesterOpened:
      case EntryKind::kSetting:
      case EntryKind::kWaitingLeft:
      case EntryKind::kConfirmed:
      case EntryKind::kHoldExtended:
      case EntryKind::kQuotaSet:
      case EntryKind::kRound:
      case EntryKind::kRoundOpened: break;
    }
  }

 protected:
  const std::unique_ptr<Backend> backend_;
  std::unique_ptr<Repository> repository_;
  Epoch epoch_ = 0;
  StoredSemester semester_;  // as it is stored once every batch of grants() is
};

}  // namespace dti::contract

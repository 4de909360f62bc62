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
inline LedgerEntry entry_of(const LedgerRow& row) {
  LedgerEntry entry;
  entry.seq = row.seq;
  entry.kind = static_cast<EntryKind>(row.kind);
  entry.program_id = static_cast<ProgramId>(row.program_id.value_or(0));
  entry.generation = static_cast<std::int32_t>(row.generation.value_or(1));
  entry.want = {row.classrooms_wanted.value_or(0), row.labs_wanted.value_or(0)};
  entry.grant = {row.classrooms_granted.value_or(0), row.labs_granted.value_or(0), row.mobile_labs_granted.value_or(0)};
  entry.capacity = {row.classrooms_capacity.value_or(0), row.labs_capacity.value_or(0),
                    row.conversions_capacity.value_or(0)};
  EXPECT_EQ(row_of(entry), row) << "entry " << row.seq;
  return entry;
}

inline std::vector<LedgerEntry> read_all(LedgerReader& reader, SemesterId semester, Seq after, Seq last) {
  std::vector<LedgerEntry> all;
  reader.read_ledger(semester, after + 1, last, Columns::kAll, [&](const std::vector<LedgerRow>& piece) {
    std::transform(piece.begin(), piece.end(), std::back_inserter(all), entry_of);
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

  const std::unique_ptr<Backend> backend_;
  std::unique_ptr<Repository> repository_;
  Epoch epoch_ = 0;
  StoredSemester semester_;  // as it is stored once every batch of grants() is
};

}  // namespace dti::contract

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/domain/allocate.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti::contract {

/// What a store is to hold, worked out beside it.
struct LedgerModel {
  Epoch epoch = 0;
  std::vector<CatalogProgram> catalog;
  std::map<std::string, StoredSemester> semesters;
  std::map<SemesterId, std::vector<LedgerEntry>> entries;

  friend bool operator==(const LedgerModel&, const LedgerModel&) = default;
  friend void PrintTo(const LedgerModel& model, std::ostream* out) {
    *out << "epoch " << model.epoch << ", " << model.catalog.size() << " programs";
    for (const auto& [name, semester] : model.semesters) {
      *out << "; " << name << ": head " << semester.head << ", left " << semester.left.classrooms << " "
           << semester.left.labs << " " << semester.left.conversions_left;
    }
  }

  void take_lead() {
    ++epoch;
    for (auto& [name, semester] : semesters) {
      semester.epoch = epoch;
    }
  }

  std::vector<CatalogProgram> add_programs(int count) {
    std::vector<CatalogProgram> added;
    for (int i = 0; i < count; ++i) {
      const auto id = static_cast<ProgramId>(catalog.size() + 1);
      added.push_back(program(id, (id + 4) / 5));
      catalog.push_back(added.back());
    }
    return added;
  }

  void open_semester(const std::string& name, const Capacity& capacity) {
    const auto id = static_cast<SemesterId>(semesters.size()) + 1;
    semesters[name] = opened_semester(id, name, epoch, capacity);
    LedgerEntry opened;
    opened.seq = 1;
    opened.kind = EntryKind::kSemesterOpened;
    opened.capacity = capacity;
    entries[id] = {opened};
  }

  /// A batch of `count` grants, by the rule, to random programs. The model changes as the store will.
  Batch grants(const std::string& name, std::size_t count, std::mt19937_64& random, const std::string& request_id) {
    StoredSemester& semester = semesters.at(name);
    std::vector<LedgerEntry>& ledger = entries.at(semester.id);
    Batch batch;
    batch.semester_id = semester.id;
    batch.epoch = epoch;
    batch.base = semester.head;
    batch.at = kAt;
    const Pool before = semester.left;
    for (std::size_t i = 0; i < count; ++i) {
      LedgerEntry entry;
      entry.seq = ++semester.head;
      entry.program_id = static_cast<ProgramId>(random() % catalog.size()) + 1;
      entry.generation = static_cast<std::int32_t>(entry.seq);
      entry.want = {static_cast<Quantity>(random() % 4), static_cast<Quantity>(random() % 3)};
      entry.grant = allocate(semester.left, entry.want);
      semester.left = charge(semester.left, entry.grant);
      batch.entries.push_back(entry);
      ledger.push_back(entry);
    }
    semester.last_entry = semester.head;
    batch.charged = {before.classrooms - semester.left.classrooms, before.labs - semester.left.labs,
                     before.conversions_left - semester.left.conversions_left};
    batch.messages = {{request_id, static_cast<std::uint32_t>(count)}};
    return batch;
  }
};

/// What the store holds, after a take-over by the repository; the epoch is the one before it.
inline LedgerModel read_store(Repository& repository) {
  LedgerModel found;
  const Leadership leadership = take(repository).value();
  found.epoch = leadership.epoch - 1;
  found.catalog = repository.read_catalog(0);
  EXPECT_EQ(leadership.program_count, found.catalog.size());
  for (StoredSemester semester : leadership.semesters) {
    found.entries[semester.id] = read_all(repository, semester.id, 0, semester.head);
    EXPECT_EQ(semester.epoch, leadership.epoch);
    semester.epoch = found.epoch;
    found.semesters[semester.name] = semester;
  }
  return found;
}

}  // namespace dti::contract

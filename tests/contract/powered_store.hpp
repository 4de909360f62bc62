#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "contract/ledger_model.hpp"
#include "contract/power_loss_disk.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "repository/sqlite/sqlite_handle.hpp"

namespace dti::contract {

inline constexpr Capacity kRooms{.classrooms = 100'000, .labs = 1'000, .conversions = 50'000};

/// One server on one file on a disk that may lose its power, and what the file is to hold.
class PoweredStore {
 public:
  explicit PoweredStore(std::uint64_t seed) : random_(seed) {
    // Numbers that SQLite draws are in the file: the same seed makes the same file.
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed % 1'000'000) + 1, nullptr);
    std::filesystem::remove_all(folder_);
  }
  ~PoweredStore() {
    repository_.reset();
    std::filesystem::remove_all(folder_);
  }
  PoweredStore(const PoweredStore&) = delete;
  PoweredStore& operator=(const PoweredStore&) = delete;

  PowerLossDisk& disk() { return disk_; }
  std::mt19937_64& random() { return random_; }
  const LedgerModel& known() const { return known_; }
  std::string path() const { return (folder_ / "dti.db").string(); }

  /// What the call said that was refused last by a disk that has power; none if it was answered.
  const std::optional<StorageError::Kind>& failure() const { return failure_; }
  const std::string& failure_text() const { return failure_text_; }

  /// May a call that failed have taken effect? kIfInDoubt: only if it says so.
  enum class Effect { kIfInDoubt, kPossible };

  /// Does the step, unless the power is lost: `step(model)` is to apply it to a model of the store first. What it
  /// returned without an exception is known to be stored.
  void perform(const std::function<void(LedgerModel&)>& step, Effect effect = Effect::kIfInDoubt) {
    if (disk_.power_is_lost()) {
      return;
    }
    failure_.reset();
    LedgerModel tried = known_;
    try {
      step(tried);
      known_ = std::move(tried);
      possible_ = {known_};
    } catch (const StorageError& error) {
      if (!disk_.power_is_lost() && !disk_.has_failed()) {
        throw;
      }
      failure_ = error.kind();
      failure_text_ = error.what();
      if (disk_.power_is_lost() || effect == Effect::kPossible || failure_ == StorageError::Kind::kInDoubt) {
        possible_.push_back(std::move(tried));
      }
    } catch (const SqliteError&) {  // of another program, which changes nothing that counts
      if (!disk_.power_is_lost() && !disk_.has_failed()) {
        throw;
      }
    }
  }

  void start() {
    perform(
        [&](LedgerModel& model) {
          repository_ = open_repository(SqliteStoreAddress{path()}, std::chrono::milliseconds{100});
          model.take_lead();
          static_cast<void>(repository_->survey());
          EXPECT_EQ(take(*repository_).value().epoch, model.epoch);
        },
        Effect::kPossible);
  }
  void stop() {
    perform([&](LedgerModel&) { repository_.reset(); });
  }
  void take_over() {
    perform(
        [&](LedgerModel& model) {
          model.take_lead();
          EXPECT_EQ(take(*repository_).value().epoch, model.epoch);
        },
        Effect::kPossible);
  }
  void add_programs(int count) {
    perform([&](LedgerModel& model) {
      const auto added = model.add_programs(count);
      EXPECT_TRUE(repository_->add_programs(model.epoch, added, kAt));
    });
  }
  void open_semester(const std::string& name) {
    perform([&](LedgerModel& model) {
      model.open_semester(name, kRooms);
      EXPECT_EQ(repository_->open_semester(model.epoch, name, kRooms, kAt).result, OpenResult::kOpened);
    });
  }
  void commit(const std::string& name, std::size_t count, const std::string& request_id = "r") {
    perform([&](LedgerModel& model) {
      const Batch batch = model.grants(name, count, random_, request_id);
      EXPECT_EQ(repository_->commit(batch), CommitResult::kCommitted);
    });
  }
  /// By another program, such as one that makes a backup.
  void checkpoint(const char* how) {
    perform([&](LedgerModel&) {
      SqliteConnection client{path(), SQLITE_OPEN_READWRITE};
      client.execute(("PRAGMA wal_checkpoint(" + std::string{how} + ")").c_str());
    });
  }

  void restore_power(PowerLossDisk::Survival survival) {
    repository_.reset();
    disk_.restore_power(survival, random_);
  }

  /// Starts a server on what is left. @return what is wrong with it; nothing if all is well, or if the power went again
  std::string recover() {
    repository_.reset();
    return settle();
  }

  /// Takes over and compares what is there with what must be. @return as recover()
  std::string settle() {
    const std::vector<LedgerModel> before = possible_;
    for (LedgerModel model : before) {
      model.take_lead();
      possible_.push_back(std::move(model));
    }
    failure_.reset();
    try {
      if (repository_ == nullptr) {
        repository_ = open_repository(SqliteStoreAddress{path()}, std::chrono::milliseconds{100});
        static_cast<void>(repository_->survey());
      }
      known_ = read_store(*repository_);
      if (std::find(before.begin(), before.end(), known_) == before.end()) {
        return "possible: " + testing::PrintToString(before) + "\nfound: " + testing::PrintToString(known_);
      }
      known_.take_lead();
      possible_ = {known_};
      return check_file();
    } catch (const StorageError& error) {
      failure_ = error.kind();
      return disk_.power_is_lost() ? "" : error.what();
    }
  }

  /// Does the connection still serve, without a take-over?
  bool is_served() {
    std::vector<SemesterGuard> heads;
    for (const auto& [name, semester] : known_.semesters) {
      heads.push_back({semester.id, semester.head});
    }
    return repository_->guard(known_.epoch, heads) == CommitResult::kCommitted;
  }

 private:
  std::string check_file() {
    SqliteConnection client{path(), SQLITE_OPEN_READWRITE};
    SqliteStatement check = client.prepare("PRAGMA integrity_check");
    if (!check.step() || check.text(0) != "ok") {
      return "the file is damaged: " + check.text(0);
    }
    const auto wrong = client.query_integer(
        "SELECT count(*) FROM semester s LEFT JOIN semester_left v ON v.semester = s.name"
        " WHERE (s.classrooms_left, s.labs_left) IS NOT (v.classrooms_left, v.labs_left)");
    return wrong == 0 ? "" : "the ledger's sums are not what the semester has left";
  }

  /// In memory if the system has such a place: syncs are real calls.
  static std::filesystem::path place() {
    return ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path{"/dev/shm"} : std::filesystem::temp_directory_path();
  }

  const std::filesystem::path folder_ = place() / ("dti_power_" + std::to_string(::getpid()));
  PowerLossDisk disk_;
  std::mt19937_64 random_;
  std::unique_ptr<Repository> repository_;
  LedgerModel known_;  // what calls returned as stored
  std::optional<StorageError::Kind> failure_;
  std::string failure_text_;
  std::vector<LedgerModel> possible_{LedgerModel{}};  // what may be stored: also with the call that failed
};

}  // namespace dti::contract

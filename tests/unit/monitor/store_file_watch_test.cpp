#include "monitor/server/store_file_watch.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace dti {
namespace {

using Sample = StoreFileWatch::Sample;

Sample first_of(const StoreFileWatch& watch) {
  std::optional<Sample> sample;
  while (!sample) {
    std::this_thread::yield();
    sample = watch.newest();
  }
  return *sample;
}

TEST(StoreFileWatchTest, HasTheNewestFiguresAndTheTimeAtWhichTheyWereRead) {
  const auto before = std::chrono::steady_clock::now();
  const StoreFileWatch watch{[] { return StoreFileFigures{.log_bytes = 1, .file_bytes = 2}; }};
  const auto sample = first_of(watch);
  EXPECT_EQ(sample.figures.log_bytes, 1U);
  EXPECT_EQ(sample.figures.file_bytes, 2U);
  EXPECT_GE(sample.read_at, before);
  EXPECT_LE(sample.read_at, std::chrono::steady_clock::now());
}

TEST(StoreFileWatchTest, ADiskThatHangsDelaysNeitherWhoAsksNorTheEnd) {
  struct Disk {
    std::promise<void> asked, answers, ended;
  };
  const auto disk = std::make_shared<Disk>();
  {
    const StoreFileWatch watch{[disk]() -> std::optional<StoreFileFigures> {
      disk->asked.set_value();
      disk->answers.get_future().wait();
      disk->ended.set_value();
      return StoreFileFigures{};
    }};
    disk->asked.get_future().wait();
    EXPECT_FALSE(watch.newest());
  }
  disk->answers.set_value();
  disk->ended.get_future().wait();
}

TEST(StoreFileWatchTest, AReadingThatFailsDoesNotEndTheProcess) {
  std::atomic<int> readings{0};
  const StoreFileWatch watch{[&]() -> std::optional<StoreFileFigures> {
    if (++readings == 1) throw std::runtime_error{"no memory"};
    return StoreFileFigures{};
  }};
  EXPECT_GE(first_of(watch).read_at.time_since_epoch().count(), 0);
  EXPECT_EQ(readings, 2);
}

}  // namespace
}  // namespace dti

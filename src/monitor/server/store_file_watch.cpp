#include "monitor/server/store_file_watch.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace dti {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

struct StoreFileWatch::State {
  explicit State(std::function<std::optional<StoreFileFigures>()> given) : read(std::move(given)) {}

  // Fixed after construction.
  const std::function<std::optional<StoreFileFigures>()> read;
  // Shared between the thread and those that ask.
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Sample> newest;
  bool is_ending = false;
};

StoreFileWatch::StoreFileWatch(std::function<std::optional<StoreFileFigures>()> read)
    : state_(std::make_shared<State>(std::move(read))) {
  std::thread{[state = state_] { run(*state); }}.detach();  // it may wait forever for the disk
}

StoreFileWatch::~StoreFileWatch() {
  const std::lock_guard lock{state_->mutex};
  state_->is_ending = true;
  state_->changed.notify_all();
}

void StoreFileWatch::run(State& state) {
  while (true) {
    std::optional<StoreFileFigures> figures;
    try {
      figures = state.read();
    } catch (const std::exception&) {
      figures.reset();  // for lack of memory: the age of the last figures tells
    }
    std::unique_lock lock{state.mutex};
    if (figures) state.newest = {*figures, std::chrono::steady_clock::now()};
    if (state.changed.wait_for(lock, kInterval, [&] { return state.is_ending; })) return;
  }
}

std::optional<StoreFileWatch::Sample> StoreFileWatch::newest() const {
  const std::lock_guard lock{state_->mutex};
  return state_->newest;
}

}  // namespace dti

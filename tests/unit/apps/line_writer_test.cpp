#include "dti/cli/line_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kHang = 60s;  // a bound for what must not hang

/// A pipe, and what its reader has read.
class Pipe {
 public:
  explicit Pipe(int flags = 0) {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    fcntl(ends_[1], F_SETFL, flags);
  }
  ~Pipe() {
    close_reader();
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int writing_end() const { return ends_[1]; }
  void close_reader() {
    if (const int end = std::exchange(ends_[0], -1); end >= 0) close(end);
  }
  void open_reader() {
    const auto path = "/proc/self/fd/" + std::to_string(ends_[1]);
    ends_[0] = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  /// Until `end` has been read.
  std::string read_until(const std::string& end) {
    std::array<char, 65536> piece{};
    while (text_.find(end) == std::string::npos) {
      pollfd item{ends_[0], POLLIN, 0};
      if (poll(&item, 1, static_cast<int>(std::chrono::milliseconds{kHang}.count())) != 1) break;
      text_.append(piece.data(), static_cast<std::size_t>(read(ends_[0], piece.data(), piece.size())));
    }
    return text_;
  }

 private:
  std::array<int, 2> ends_{};
  std::string text_;
};

std::uint64_t count(const LogDrops& drops, LogDropReason reason) { return drops[static_cast<std::size_t>(reason)]; }

std::string numbered(int number) { return "line " + std::to_string(number) + ' ' + std::string(300, 'x') + '\n'; }

constexpr int kLines = 20'000;  // six times what the queue takes

LineWriter::Options with_gaps(int descriptor) {
  return {descriptor, [](std::uint64_t dropped) { return "gap " + std::to_string(dropped) + '\n'; }, {}};
}

TEST(LineWriter, WritesLinesInTheirOrderAndAllOfThemBeforeItEnds) {
  Pipe pipe;
  std::string expected;
  LineWriter writer{with_gaps(pipe.writing_end())};
  for (int number = 0; number < 100; ++number) {
    writer.write(numbered(number));
    expected += numbered(number);
  }
  writer.finish(kHang);
  EXPECT_EQ(pipe.read_until(numbered(99)), expected);
}

TEST(LineWriter, ALineBeyondWhatAPipeTakesAtOnceIsWrittenWhole) {
  Pipe pipe;
  LineWriter writer{with_gaps(pipe.writing_end())};
  const std::string line = std::string(3 * LineWriter::kQueueBytesMax, 'x') + '\n';
  writer.write(line);
  EXPECT_EQ(pipe.read_until("\n"), line);
}

class UnreadPipe : public testing::TestWithParam<int> {};

TEST_P(UnreadPipe, HoldsNobodyUpAndItsReaderLearnsHowManyLinesAreMissingAndGetsTheNewest) {
  Pipe pipe{GetParam()};
  LineWriter writer{with_gaps(pipe.writing_end())};
  for (int number = 0; number < kLines; ++number) writer.write(numbered(number));  // hangs if it waits
  const auto text = pipe.read_until(numbered(kLines - 1));

  int next = 0;
  int gaps = 0;
  std::uint64_t missing = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin) + 1;
    const auto line = text.substr(begin, end - begin);
    if (line.starts_with("gap ")) {
      next += std::stoi(line.substr(4));
      missing += std::stoul(line.substr(4));
      ++gaps;
    } else {
      ASSERT_EQ(line, numbered(next));
      ++next;
    }
    begin = end;
  }
  EXPECT_EQ(next, kLines);
  EXPECT_GE(gaps, 1);
  EXPECT_EQ(count(writer.dropped(), LogDropReason::kNotRead), missing);
  EXPECT_EQ(count(writer.dropped(), LogDropReason::kNotWritten), 0U);
}

TEST_P(UnreadPipe, DoesNotHoldTheEndUp) {
  Pipe pipe{GetParam()};
  LineWriter writer{with_gaps(pipe.writing_end())};
  for (int number = 0; number < 1000; ++number) writer.write(numbered(number));
  const auto started = std::chrono::steady_clock::now();
  writer.finish(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - started, kHang);
}

INSTANTIATE_TEST_SUITE_P(LineWriter, UnreadPipe, testing::Values(0, O_NONBLOCK));

TEST(LineWriter, WhatCannotBeWrittenIsToldOnceAndDoesNotHoldTheEndUp) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe broken;
  broken.close_reader();
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const int unwritable = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const auto& [descriptor, expected] : {std::pair{broken.writing_end(), "Broken pipe"},
                                             {full, "No space left on device"},
                                             {unwritable, "Bad file descriptor"}}) {
    auto told = std::make_shared<std::promise<std::string>>();
    auto reason = told->get_future();
    LineWriter writer{{descriptor, {}, [told](const std::string& why) { told->set_value(why); }}};
    for (int number = 0; number < 10; ++number) writer.write(numbered(number));
    ASSERT_EQ(reason.wait_for(kHang), std::future_status::ready);
    EXPECT_EQ(reason.get(), expected);
    const auto started = std::chrono::steady_clock::now();
    writer.finish(kHang);
    EXPECT_LT(std::chrono::steady_clock::now() - started, kHang / 2);
  }
  close(full);
  close(unwritable);
}

TEST(LineWriter, LinesThatCannotBeWrittenAreCountedApartFromThoseThatAreNotRead) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_reader();
  std::promise<void> failed;
  LineWriter writer{{pipe.writing_end(), {}, [&](const std::string&) { failed.set_value(); }}};
  writer.write(numbered(0));
  ASSERT_EQ(failed.get_future().wait_for(kHang), std::future_status::ready);
  for (int number = 1; number < kLines; ++number) writer.write(numbered(number));
  const auto broken = writer.dropped();
  EXPECT_GT(count(broken, LogDropReason::kNotWritten), 0U);
  EXPECT_EQ(count(broken, LogDropReason::kNotRead), 0U);

  pipe.open_reader();
  pipe.read_until(numbered(kLines - 1));
  for (int number = 0; number < kLines; ++number) writer.write(numbered(number));
  const auto unread = writer.dropped();
  EXPECT_EQ(count(unread, LogDropReason::kNotWritten), count(broken, LogDropReason::kNotWritten));
  EXPECT_GT(count(unread, LogDropReason::kNotRead), 0U);
  writer.write("end\n");
  pipe.read_until("end\n");  // else the thread would still write to the pipe when its reader closes
  writer.finish(kHang);
}

TEST(LineWriter, ALineThatADiskCutIsCompletedOnceThereIsRoom) {
  std::signal(SIGXFSZ, SIG_IGN);
  std::string path = testing::TempDir() + "line-writer-XXXXXX";
  const int file = mkstemp(path.data());
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  std::promise<void> failed;
  LineWriter writer{{file, {}, [&](const std::string&) { failed.set_value(); }}};
  const rlimit small{500, before.rlim_max};  // in the midst of the second line
  setrlimit(RLIMIT_FSIZE, &small);
  writer.write(numbered(1) + numbered(2));
  const auto state = failed.get_future().wait_for(kHang);
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_EQ(state, std::future_status::ready);
  // finish() would give up at once: the next line shows that those before it are written.
  writer.write(numbered(3));
  const auto expected = numbered(1) + numbered(2) + numbered(3);
  std::string text(expected.size(), ' ');
  const auto deadline = std::chrono::steady_clock::now() + kHang;
  while (lseek(file, 0, SEEK_END) < static_cast<off_t>(expected.size()) &&
         std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, 10);
  }
  EXPECT_EQ(pread(file, text.data(), text.size(), 0), static_cast<ssize_t>(expected.size()));
  EXPECT_EQ(text, expected);
  writer.finish(kHang);
  close(file);
  unlink(path.c_str());
}

}  // namespace
}  // namespace dti

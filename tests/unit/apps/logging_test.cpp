#include "dti/cli/logging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dti/base/check.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kTime = std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 9h + 15min + 7s + 250'999us;

struct Case {
  LogEvent event;
  std::string text;
  std::string json;
};

const Case kCases[] = {
    {{LogLevel::kWarning,
      "store-unavailable",
      "the store does not answer",
      {{"attempt", "3"}, {"reason", "timed out"}}},
     R"(2026-01-31T09:15:07.250Z warning store-unavailable: the store does not answer attempt=3 reason="timed out")",
     R"({"time":"2026-01-31T09:15:07.250Z","level":"warning","event":"store-unavailable","message":"the store does not answer","fields":{"attempt":"3","reason":"timed out"}})"},
    {{LogLevel::kInfo, "ready", "", {}},
     "2026-01-31T09:15:07.250Z info ready: ",
     R"({"time":"2026-01-31T09:15:07.250Z","level":"info","event":"ready","message":"","fields":{}})"},
    {{LogLevel::kError,
      "odd event",
      "he said \"hi\"\n{\"level\":\"info\"}",
      {{"a=b", ""}, {"k", "x=\"y\"\r\n\x1b[2J\xff"}}},
     R"(2026-01-31T09:15:07.250Z error "odd event": he said "hi"\n{"level":"info"} "a=b"="" k="x=\"y\"\r\n\x1b[2J\xff")",
     R"({"time":"2026-01-31T09:15:07.250Z","level":"error","event":"odd event","message":"he said \"hi\"\u000a{\"level\":\"info\"}","fields":{"a=b":"","k":"x=\"y\"\u000d\u000a\u001b[2J\ufffd"}})"},
};

TEST(Logging, AnEventIsOneLineWhateverItsTextsHold) {
  for (const auto& test : kCases) {
    EXPECT_EQ(format_log_event(test.event, LogFormat::kText, kTime), test.text);
    EXPECT_EQ(format_log_event(test.event, LogFormat::kJson, kTime), test.json);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Logging, TheLogDropsWhatIsBelowItsLevel) {
  testing::internal::CaptureStderr();
  {
    const Log log{{.level = LogLevel::kWarning, .format = LogFormat::kText}};
    log({LogLevel::kDebug, "one", "", {}});
    log({LogLevel::kInfo, "two", "", {}});
    log({LogLevel::kWarning, "three", "", {}});
    log.sink()({LogLevel::kError, "four", "", {}});
  }
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].ends_with("Z warning three: ")) << lines[0];
  EXPECT_TRUE(lines[1].ends_with("Z error four: ")) << lines[1];
}

TEST(Logging, TheLogWritesPlaceholdersAndPatternsAsTheyAre) {
  testing::internal::CaptureStderr();
  Log{{.level = LogLevel::kDebug, .format = LogFormat::kText}}({LogLevel::kDebug, "e", "100%v {} {0} %^", {}});
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with("Z debug e: 100%v {} {0} %^")) << lines[0];
}

TEST(Logging, LinesOfSeveralThreadsDoNotMix) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEvents = 200;
  testing::internal::CaptureStderr();
  {
    const Log log{{.level = LogLevel::kInfo, .format = LogFormat::kJson}};
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&log] {
        for (std::size_t i = 0; i < kEvents; ++i) log({LogLevel::kInfo, "e", std::string(300, 'x'), {}});
      });
    }
  }
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  EXPECT_EQ(lines.size(), kThreads * kEvents);
  EXPECT_TRUE(std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("{\"time\":") && line.ends_with("x\",\"fields\":{}}");
  }));
}

TEST(Logging, TheLogBeginsWithWhatTheSettingsHaveToSay) {
  testing::internal::CaptureStderr();
  Log{{.first = {{LogLevel::kInfo, "first", "", {}}, {LogLevel::kDebug, "below", "", {}}}}}(
      {LogLevel::kInfo, "second", "", {}});
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].ends_with(" info first: ")) << lines[0];
}

TEST(Logging, AnExceptionThatEndsTheWorkIsALineOfTheChosenFormatAndExitCode1) {
  testing::internal::CaptureStderr();
  int code = 0;
  {
    const Log log{{.format = LogFormat::kJson}};
    EXPECT_EQ(run_logged(log, [] { return 7; }), 7);
    code = run_logged(log, []() -> int { throw std::runtime_error{"no \"port\"\nis left"}; });
  }
  EXPECT_EQ(code, 1);
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(R"("event":"fatal","message":"no \"port\"\u000ais left","fields":{}})")) << lines[0];
}

TEST(LoggingDeathTest, AFaultOfTheProgramIsALineOfTheChosenFormat) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const std::string begin = R"(^\{"time":"[^"]*","level":"error","event":"fault","message":")";
  const std::string end = "; the process aborts[^\n]*\n$";
  const LogOptions options{.format = LogFormat::kJson};
  EXPECT_DEATH(
      {
        const Log log{options};
        DTI_CHECK(1 > 2);
      },
      begin + "check failed: 1 > 2 at .*" + end);
  EXPECT_DEATH(
      {
        const Log log{options};
        std::thread{[] { throw std::runtime_error{"oh"}; }}.join();
      },
      begin + "an exception was not caught: oh" + end);
}

}  // namespace
}  // namespace dti

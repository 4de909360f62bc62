#include "dti/cli/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/line_writer.hpp"

namespace dti {
namespace {

constexpr std::size_t kTimeSize = 24;  // 2026-01-31T09:15:00.250Z

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view colour(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return "\x1b[31m\x1b[1m";
  if (level == spdlog::level::warn) return "\x1b[33m\x1b[1m";
  return level == spdlog::level::info ? "\x1b[32m" : "\x1b[36m";
}

std::string format_time(std::chrono::sys_time<std::chrono::microseconds> time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time - day)};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

// A single word unchanged; any other text in quotes, so that `key=value` can be parsed.
std::string word(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" =") == std::string_view::npos && !needs_escapes(text);
  return plain ? std::string{text} : quoted_text(text);
}

std::string format_text(const LogEvent& event, const std::string& time) {
  std::string line = time;
  line += ' ';
  line += level_name(event.level);
  line += ' ' + word(event.event) + ": " + printable(event.message);
  for (const auto& [key, value] : event.fields) line += ' ' + word(key) + '=' + word(value);
  return line;
}

std::string format_json(const LogEvent& event, const std::string& time) {
  std::string line = "{\"time\":" + json_string(time) + ",\"level\":" + json_string(level_name(event.level)) +
                     ",\"event\":" + json_string(event.event) + ",\"message\":" + json_string(event.message) +
                     ",\"fields\":{";
  for (const auto& [key, value] : event.fields) {
    if (line.back() != '{') line += ',';
    line += json_string(key) + ':' + json_string(value);
  }
  return line += "}}";
}

// Writes the line unchanged, and colours its level if that is wanted.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(bool has_colours) : has_colours_(has_colours) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view line{message.payload.data(), message.payload.size()};
    const auto append = [&out](std::string_view text) { out.append(text.data(), text.data() + text.size()); };
    if (has_colours_) {
      const auto level_end = line.find(' ', kTimeSize + 1);
      append(line.substr(0, kTimeSize + 1));
      append(colour(message.level));
      append(line.substr(kTimeSize + 1, level_end - kTimeSize - 1));
      append("\x1b[0m");
      append(line.substr(level_end));
    } else {
      append(line);
    }
    append("\n");
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(has_colours_);
  }

 private:
  const bool has_colours_;
};

// Gives the lines to a LineWriter, which never waits for the reader. spdlog's own sinks wait.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(LineWriter::Options options) : writer_(std::move(options)) {}

  void finish(std::chrono::milliseconds bound) { writer_.finish(bound); }
  [[nodiscard]] LogDrops dropped() const { return writer_.dropped(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.write({line.data(), line.size()});
  }
  void flush_() override {}

  LineWriter writer_;
};

bool may_colour(LogFormat format) {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string_view{value == nullptr ? "" : value};
  };
  return format == LogFormat::kText && isatty(STDERR_FILENO) != 0 && variable("NO_COLOR").empty() &&  // no-color.org
         !variable("TERM").empty() && variable("TERM") != "dumb";
}

std::string line_of(const LogEvent& event, LogFormat format) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  return format_log_event(event, format, now);
}

LogEvent dropped_event(std::uint64_t count) {
  return {LogLevel::kWarning,
          "log-dropped",
          "log lines were dropped here, because stderr was not read or could not be written",
          {{"lines", std::to_string(count)}}};
}

}  // namespace

std::string format_log_event(const LogEvent& event, LogFormat format,
                             std::chrono::sys_time<std::chrono::microseconds> time) {
  return format == LogFormat::kJson ? format_json(event, format_time(time)) : format_text(event, format_time(time));
}

struct Log::State {
  explicit State(const LogOptions& options)
      : format(options.format),
        sink(std::make_shared<WriterSink>(LineWriter::Options{
            STDERR_FILENO,
            [format = format](std::uint64_t count) { return line_of(dropped_event(count), format) + '\n'; },
            {}})),
        logger("dti", sink) {
    logger.set_formatter(std::make_unique<LineFormatter>(may_colour(format)));
    logger.set_level(spdlog_level(options.level));
  }

  void log(const LogEvent& event) {
    const auto level = spdlog_level(event.level);
    if (logger.should_log(level)) logger.log(level, spdlog::string_view_t{line_of(event, format)});
  }

  const LogFormat format;
  const std::shared_ptr<WriterSink> sink;
  spdlog::logger logger;
};

namespace {

// The log of this process, for its last lines before it aborts.
const Log* the_log = nullptr;

void log_fault(const std::string& text) {
  if (the_log == nullptr) return;
  (*the_log)({LogLevel::kError, "fault", text + "; the process aborts and can be started again", {}});
  the_log->finish();
}

void on_terminate() {
  try {
    if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    log_fault(std::string{"an exception was not caught: "} + error.what());
  } catch (...) {
    log_fault("an exception was not caught");
  }
  std::abort();
}

}  // namespace

Log::Log(const LogOptions& options) : state_(std::make_shared<State>(options)) {
  the_log = this;
  report_failed_checks_to(&log_fault);
  std::set_terminate(&on_terminate);
  for (const auto& event : options.first) (*this)(event);
}

Log::~Log() {
  finish();
  report_failed_checks_to(nullptr);
  the_log = nullptr;
}

void Log::operator()(const LogEvent& event) const { state_->log(event); }

LogSink Log::sink() const {
  return [state = state_](const LogEvent& event) { state->log(event); };
}

void Log::set_level(LogLevel level) const { state_->logger.set_level(spdlog_level(level)); }

LogDrops Log::lines_dropped() const { return state_->sink->dropped(); }

void Log::finish() const { state_->sink->finish(kFinishTime); }

LogEvent ignored_signal(const std::string& name) {
  return {LogLevel::kInfo, "signal-ignored", "the process ignored this signal; SIGTERM stops it", {{"signal", name}}};
}

int run_logged(const Log& log, const std::function<int()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    log({LogLevel::kError, "fatal", error.what(), {}});
    return 1;
  }
}

void log_without_thread(const LogOptions& options, const std::string& reason) {
  const auto line = line_of({LogLevel::kError, "fatal", reason, {}}, options.format) + '\n';
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

}  // namespace dti

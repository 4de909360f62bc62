#include "common/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "common/escape.hpp"

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

// A word as it is; anything else quoted, so that `key=value` reads back without doubt.
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

// Writes the line as it was given, and says where its level stands, to be coloured.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view line{message.payload.data(), message.payload.size()};
    if (format_ == LogFormat::kText) {
      message.color_range_start = kTimeSize + 1;
      message.color_range_end = line.find(' ', kTimeSize + 1);
    }
    out.append(line.data(), line.data() + line.size());
    out.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const LogFormat format_;
};

}  // namespace

std::string format_log_event(const LogEvent& event, LogFormat format,
                             std::chrono::sys_time<std::chrono::microseconds> time) {
  return format == LogFormat::kJson ? format_json(event, format_time(time)) : format_text(event, format_time(time));
}

LogSink make_log_sink(const LogOptions& options) {
  const char* no_color = std::getenv("NO_COLOR");  // see no-color.org
  const bool may_colour = options.format == LogFormat::kText && (no_color == nullptr || *no_color == '\0');
  const auto colours = may_colour ? spdlog::color_mode::automatic : spdlog::color_mode::never;
  const auto logger =
      std::make_shared<spdlog::logger>("dti", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colours));
  logger->set_formatter(std::make_unique<LineFormatter>(options.format));
  logger->set_level(spdlog::level::trace);  // what is dropped is decided below
  return [logger, options](const LogEvent& event) {
    if (event.level < options.level) return;
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    logger->log(spdlog_level(event.level), spdlog::string_view_t{format_log_event(event, options.format, now)});
  };
}

}  // namespace dti

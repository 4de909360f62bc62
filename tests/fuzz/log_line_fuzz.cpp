// For any bytes of a peer in a log event or a message for people, the line stays one line of UTF-8 without control
// characters. A line of JSON is JSON with the texts of the event, and with U+FFFD for bytes that are not UTF-8.
#include <nlohmann/json.hpp>
#include <string>

#include "dti/cli/escape.hpp"
#include "dti/cli/logging.hpp"
#include "dti/domain/name.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

void check_line(const std::string& line) {
  claim(is_utf8(line), "a line is UTF-8", line);
  for (const char c : line) claim(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f', "a line is one line", line);
  for (const char* special : {"\u2028", "\u2029", "\u202e", "\u0085", "\u009b", "\u2066", "\ufeff"}) {
    claim(line.find(special) == line.npos, "a line steers no terminal", line);
  }
}

void check(std::string_view bytes) {
  const std::string text{bytes};
  check_line(printable(text));
  check_line(quoted_text(text));
  claim(needs_escapes(text) || quoted_text(text) == '"' + text + '"', "what needs no escapes has none", text);

  const LogEvent event{LogLevel::kWarning, "refused", text, {{"faculty", text}, {"detail", "x"}}};
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{1'760'000'000'123'456}};
  check_line(format_log_event(event, LogFormat::kText, time));
  const std::string line = format_log_event(event, LogFormat::kJson, time);
  check_line(line);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  claim(json.is_object() && json["fields"]["detail"] == "x", "a line of JSON is JSON", line);
  const auto said = json["message"].get<std::string>();
  claim(said == json["fields"]["faculty"].get<std::string>(), "a text is the same wherever it stands", line);
  if (is_utf8(text)) {
    claim(said == text, "a line of JSON says what the event said", line);
  } else {
    claim(said.find("\ufffd") != said.npos, "bytes that are not UTF-8 are marked", line);
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

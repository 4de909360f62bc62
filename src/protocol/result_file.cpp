#include "dti/protocol/result_file.hpp"
#include "dti/base/utf8_prefix.hpp"

#include <cstddef>
#include <cstdint>

namespace dti {
namespace {

constexpr std::size_t kFileNameBytesMax = 255;  // the limit of most file systems
constexpr std::string_view kMilliseconds = "MILLISECONDS";

/// The text without characters that a file name must not have.
void append_to_name(std::string& name, std::string_view text) {
  for (const char c : text) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '\0') {
      name += "%00";
    } else {
      name += c;
    }
  }
}

/// The FNV-1a hash as 16 hexadecimal digits. It is the same on every machine.
std::string hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 0xF];
  return digits;
}

}  // namespace

std::string result_file_name(std::string_view program_name, std::string_view semester, std::size_t number) {
  std::string stem;
  append_to_name(stem, program_name);
  stem += '_';
  append_to_name(stem, semester);
  const auto suffix = (number == 0 ? "" : "." + std::to_string(number)) + ".txt";
  if (stem.size() + suffix.size() > kFileNameBytesMax) {
    const auto hash = "~" + hash_text(stem);
    stem.resize(utf8_prefix(stem, kFileNameBytesMax - hash.size() - suffix.size()).size());
    stem += hash;
  }
  return stem + suffix;
}

bool is_same_result(std::string_view text, std::string_view other) {
  // Only the number of milliseconds follows the last label.
  const auto without_time = [](std::string_view file) { return file.substr(0, file.rfind(kMilliseconds)); };
  return without_time(text) == without_time(other);
}

std::string result_file_text(const RoomRequest& request, const RoomAnswer& answer, std::chrono::milliseconds elapsed) {
  const auto line = [](std::string_view label, Quantity value) {
    return std::string{label} + ": " + std::to_string(value) + "\n\t";
  };
  const Grant& grant = answer.grant;
  std::string text = "\n\tProgram " + request.program_name + " in SEMESTER: " + request.semester + "\n\t";
  text += line("REQUESTED CLASSROOMS", request.want.classrooms);
  text += line("REQUESTED LABS", request.want.labs);
  text += line("ASSIGNED CLASSROOMS", grant.classrooms);
  text += line("ASSIGNED LABS", grant.labs + grant.mobile_labs);
  text += line("HOW MANY OF THE LABS ARE MOBILE LABS (CLASSROOMS WITH PC'S)", grant.mobile_labs);
  text += "STATUS: ";
  text += wire_text(answer.status);
  text += "\n\t";
  text += line(kMilliseconds, elapsed.count());
  return text;
}

}  // namespace dti

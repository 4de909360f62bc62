#include "dti/protocol/result_file.hpp"

#include <cstddef>

namespace dti {
namespace {

// File systems take 255 bytes; the rest is for the suffix under which the file is first written.
constexpr std::size_t kFileNameBytesMax = 240;

bool fits_in_a_path(std::string_view text) { return text.find('/') == text.npos && text.find('\0') == text.npos; }

}  // namespace

std::optional<std::string> result_file_name(std::string_view program_name, std::string_view semester) {
  if (!fits_in_a_path(program_name) || !fits_in_a_path(semester)) return {};
  std::string name{program_name};
  name.append("_").append(semester).append(".txt");
  if (name.size() > kFileNameBytesMax) return {};
  return name;
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
  text += line("MILLISECONDS", elapsed.count());
  return text;
}

}  // namespace dti

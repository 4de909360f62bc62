#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/messages.hpp"

namespace dti {

/// The name of a program's result file, `NAME_SEMESTER.txt`; none if that cannot be a file's name
/// (a `/` or NUL in either, or over 240 bytes in all).
[[nodiscard]] std::optional<std::string> result_file_name(std::string_view program_name, std::string_view semester);

/// The exact bytes of a program's result file. Source: docs/protocol.md, The result file.
[[nodiscard]] std::string result_file_text(const RoomRequest& request, const RoomAnswer& answer,
                                           std::chrono::milliseconds elapsed);

}  // namespace dti

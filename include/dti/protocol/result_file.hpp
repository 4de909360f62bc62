#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "dti/domain/messages.hpp"

namespace dti {

/// The name of a program's result file, `NAME_SEMESTER.txt`, or of an earlier one, `NAME_SEMESTER.1.txt`. It has `%2F`
/// in place of `/`. A name of more than 255 bytes is cut and ends in a hash of the whole name.
/// @param number  of the earlier file, from 1; 0 means the newest file
[[nodiscard]] std::string result_file_name(std::string_view program_name, std::string_view semester,
                                           std::size_t number = 0);

/// Tells whether two result files have the same result. They may differ in MILLISECONDS.
[[nodiscard]] bool is_same_result(std::string_view text, std::string_view other);

/// The exact bytes of a program's result file. Source: docs/protocol.md, The result file.
[[nodiscard]] std::string result_file_text(const RoomRequest& request, const RoomAnswer& answer,
                                           std::chrono::milliseconds elapsed);

}  // namespace dti

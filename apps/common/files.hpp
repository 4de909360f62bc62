#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// Replaces the file with `text`, or leaves it as it was: readers, and whoever comes after a crash, see the old bytes
/// or all of the new ones.
/// @throws std::system_error  that names the file and the reason; nothing of the text is left behind
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// Can files be made in that directory? Finds out by making one, which is gone again afterwards.
/// @return why not, as a sentence's end for people (`No such file or directory`); none if they can
[[nodiscard]] std::optional<std::string> check_writable_directory(const std::filesystem::path& directory);

}  // namespace dti

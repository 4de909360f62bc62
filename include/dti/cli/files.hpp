#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// Replaces the file with `text`, or leaves it as it was: readers, and whoever comes after a crash, see the old bytes
/// or all of the new ones.
/// @throws std::system_error  that names the file and the reason; nothing of the text is left behind
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// write_atomically(), but a file that is there and says something else is kept under another name.
/// @param is_same  do two texts say the same?
/// @param earlier_path  the path for the number-th earlier file, from 1; the first that no file has is taken
/// @return where the earlier text is; none if there was none, or it says the same
/// @throws std::system_error  as write_atomically(); then the file is there as it was
std::optional<std::filesystem::path> replace_and_keep(
    const std::filesystem::path& path, std::string_view text,
    const std::function<bool(std::string_view, std::string_view)>& is_same,
    const std::function<std::filesystem::path(std::size_t number)>& earlier_path);

/// Can files be made in that directory? Finds out by making one, which is gone again afterwards.
/// @return why not, as a sentence's end for people (`No such file or directory`); none if they can
[[nodiscard]] std::optional<std::string> check_writable_directory(const std::filesystem::path& directory);

}  // namespace dti

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dti/base/descriptor.hpp"

namespace dti {

/// Replaces the content of a file with `text`. A reader sees either the old content or all of the new content, also
/// after a crash.
/// @throws std::system_error  with the file and the reason; then the file has its old content
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// The regular file that a path names, behind symbolic links, or that it would name; none if something else is there that
/// takes bytes, such as a FIFO or /dev/stdout.
/// @throws std::runtime_error  a folder is there
[[nodiscard]] std::optional<std::filesystem::path> regular_file_at(const std::filesystem::path& path);

/// Opens what is there for writing. It has no other name, so that a file must not be replaced.
/// @throws std::system_error  with the path and the reason
[[nodiscard]] Descriptor open_for_writing(const std::filesystem::path& path);

/// Makes a file with mode 0600 that did not exist, durably.
/// @throws std::system_error  with the file and the reason, also if it exists; then no new file is left
void write_new_secret(const std::filesystem::path& path, std::string_view text);

/// Adds a line to the end of a file, durably. A new file has mode 0644; a last line without an end gets one.
/// @param line  without a line feed
/// @throws std::system_error  with the file and the reason; then the file has its old content if it can be shortened
void append_line(const std::filesystem::path& path, std::string_view line);

/// The last bytes of a file, at most `bytes_max`; empty if there is no file.
/// @throws std::system_error  with the file and the reason
[[nodiscard]] std::string read_end(const std::filesystem::path& path, std::size_t bytes_max);

/// Replaces the content of a file that other programs may change in the same way at the same time, atomically. If the
/// path is a symbolic link, the file that it leads to is replaced. The file keeps its mode (without the right of the
/// group and of others to write) and its owner; a new file has mode 0644.
/// @param change  returns the new content; called while no other program changes the file. If it throws, nothing
///   changes
/// @throws std::system_error  as write_atomically()
void change_file(const std::filesystem::path& path, const std::function<std::string(bool exists)>& change);

/// Calls write_atomically(). If the file exists and its text differs, it is kept under another name.
/// @param is_same  tells whether two texts count as equal
/// @param earlier_path  returns the path for the number-th earlier file, from 1; the first path without a file is used
/// @return the path of the earlier file; none if there was no file, or its text counts as equal
/// @throws std::system_error  as write_atomically(); then the file has its old content and its old name
std::optional<std::filesystem::path> replace_and_keep(
    const std::filesystem::path& path, std::string_view text,
    const std::function<bool(std::string_view, std::string_view)>& is_same,
    const std::function<std::filesystem::path(std::size_t number)>& earlier_path);

/// Checks that files can be created in a directory, by creating one and removing it.
/// @return the reason why not, as the end of a sentence (`No such file or directory`); none if they can be created
[[nodiscard]] std::optional<std::string> check_writable_directory(const std::filesystem::path& directory);

}  // namespace dti

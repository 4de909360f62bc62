#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dti/repository/file/ledger_file.hpp"

namespace dti {

/// Reads the lines of a file from an offset on. Its memory does not depend on the file. Thread: one.
class LineReader {
 public:
  /// @param line_bytes_max  a longer line is skipped and not kept
  LineReader(const ReadBytes& read, std::size_t line_bytes_max, std::uint64_t offset = 0);

  /// Reads the next line. @return false at the end of the file
  [[nodiscard]] bool next();

  /// The line, without its line feed; empty if it is too long. Valid until the next call of next().
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] bool is_too_long() const { return is_too_long_; }
  /// Tells whether a line feed ends the line.
  [[nodiscard]] bool is_ended() const { return is_ended_; }
  /// Where the line begins.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  /// Reads more bytes into the buffer. @return false at the end of the file
  bool fill();

  const ReadBytes& read_;
  const std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;        // of the next line in the buffer
  std::size_t end_ = 0;          // of what is in the buffer
  std::uint64_t buffer_offset_;  // of the buffer's first byte in the file
  std::uint64_t offset_ = 0;
  std::string_view line_;
  bool is_too_long_ = false;
  bool is_ended_ = false;
};

}  // namespace dti

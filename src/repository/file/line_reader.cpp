#include "repository/file/line_reader.hpp"

#include <cstring>

namespace dti {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

LineReader::LineReader(const ReadBytes& read, std::size_t line_bytes_max, std::uint64_t offset)
    : read_(read),
      line_bytes_max_(line_bytes_max),
      buffer_(line_bytes_max + kReadBytes, '\0'),
      buffer_offset_(offset) {}

bool LineReader::next() {
  is_too_long_ = false;
  offset_ = buffer_offset_ + begin_;
  std::size_t searched = 0;  // bytes of this line without a line feed
  while (true) {
    const auto* const found = std::memchr(buffer_.data() + begin_ + searched, '\n', end_ - begin_ - searched);
    if (found != nullptr) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) - begin_;
      is_too_long_ = is_too_long_ || size > line_bytes_max_;
      line_ = is_too_long_ ? std::string_view{} : std::string_view{buffer_}.substr(begin_, size);
      begin_ += size + 1;
      is_ended_ = true;
      return true;
    }
    searched = end_ - begin_;
    if (searched > line_bytes_max_) {
      is_too_long_ = true;
      begin_ = end_;
      searched = 0;
    }
    if (!fill()) break;
  }
  line_ = is_too_long_ ? std::string_view{} : std::string_view{buffer_}.substr(begin_, searched);
  begin_ = end_;
  is_ended_ = false;
  return is_too_long_ || !line_.empty();
}

bool LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  buffer_offset_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  const auto size = read_(buffer_offset_ + end_, buffer_.data() + end_, buffer_.size() - end_);
  end_ += size;
  return size > 0;
}

}  // namespace dti

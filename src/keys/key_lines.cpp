#include "keys/key_lines.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dti/domain/name.hpp"

namespace dti {

KeyLines::KeyLines(std::string_view text) : text_(text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
}

std::optional<std::variant<TomlLine, KeyFault>> KeyLines::next() {
  if (position_ >= text_.size()) return std::nullopt;
  const auto end = std::min(text_.find('\n', position_), text_.size());
  const auto line = text_.substr(position_, end - position_);
  position_ = std::min(end + 1, text_.size());
  ++number_;
  if (!is_utf8(line)) return KeyFault{number_, "the line is not UTF-8"};
  auto read = read_toml_line(line);
  if (auto* fault = std::get_if<std::string>(&read)) return KeyFault{number_, "the line " + *fault};
  return std::get<TomlLine>(std::move(read));
}

}  // namespace dti

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dti {

/// Appends a text as it stands between the quotes of a JSON text. It is UTF-8.
void append_escaped(std::string& out, std::string_view text);

/// Writes JSON without white space into a string, member by member, in the order of the calls. Commas and escapes are
/// its business; that every object and array is closed, and that texts are UTF-8, is the caller's.
class JsonWriter {
 public:
  /// @param out  appended to; outlives the writer
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open_object();
  void close_object() { out_ += '}'; }
  void open_array(std::string_view key);
  void close_array() { out_ += ']'; }

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void boolean(std::string_view key, bool value);

 private:
  void separate();
  void name(std::string_view key);
  void quote(std::string_view text);

  std::string& out_;
};

}  // namespace dti

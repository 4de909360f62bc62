#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dti {

/// Appends a text with JSON escapes, without the quotes around it.
/// @param text  must be UTF-8
void append_escaped(std::string& out, std::string_view text);

/// Writes JSON without white space to a string, member by member, in the order of the calls. It writes the commas and
/// the escapes. The caller must close every object and array, and pass texts in UTF-8.
class JsonWriter {
 public:
  /// @param out  the writer appends to it; must outlive the writer
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open_object();
  void open_object(std::string_view key);
  void close_object() { out_ += '}'; }
  void open_array(std::string_view key);
  void close_array() { out_ += ']'; }

  void text(std::string_view key, std::string_view value);
  /// The next element of an array.
  void element(std::string_view text);
  void element(std::int64_t number);
  void number(std::string_view key, std::int64_t value);
  void boolean(std::string_view key, bool value);
  void null(std::string_view key);

 private:
  void separate();
  void name(std::string_view key);
  void quote(std::string_view text);
  void append_digits(std::int64_t number);

  std::string& out_;
};

}  // namespace dti

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dti/cli/escape.hpp"

namespace dti {

/// Builds a JSON object from its members. The value that add() gets is JSON already.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::string_view json) {
    text_ += (text_.empty() ? "" : ",") + json_string(key) + ':' + std::string{json};
    return *this;
  }
  JsonObject& add(std::string_view key, std::int64_t number) { return add(key, std::to_string(number)); }
  JsonObject& add(std::string_view key, const JsonObject& object) { return add(key, object.text()); }
  JsonObject& add_flag(std::string_view key, bool flag) { return add(key, flag ? "true" : "false"); }
  JsonObject& add_text(std::string_view key, std::string_view text) { return add(key, json_string(text)); }
  [[nodiscard]] std::string text() const { return '{' + text_ + '}'; }

 private:
  std::string text_;
};

template <class Items, class ToJson>
[[nodiscard]] std::string json_array(const Items& items, ToJson to_json) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + to_json(item);
  return '[' + text + ']';
}

}  // namespace dti

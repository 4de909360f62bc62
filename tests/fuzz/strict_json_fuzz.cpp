// The strict reader takes exactly the texts that a plain reading takes, and keeps of them exactly what they say; of any
// other it keeps a tree that can be walked, and says in one line what is wrong.
#include "protocol/strict_json.hpp"

#include "dti/domain/name.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

using model::Json;

void check_same(JsonValue value, const Json& json) {
  switch (value.kind()) {
    case JsonKind::kMissing: return claim(false, "nothing is missing");
    case JsonKind::kNull: return claim(json.is_null(), "null is null");
    case JsonKind::kFalse: return claim(json == false, "false is false");
    case JsonKind::kTrue: return claim(json == true, "true is true");
    case JsonKind::kWhole:
      return claim(json.is_number_unsigned() && json.get<std::uint64_t>() == value.whole(), "whole numbers are kept");
    case JsonKind::kNumber:
      return claim(json.is_number() && !json.is_number_unsigned(), "what is no whole number is any other");
    case JsonKind::kString:
      return claim(json.is_string() && json.get_ref<const std::string&>() == value.text(), "texts are kept");
    case JsonKind::kArray: {
      claim(json.is_array(), "an array is one");
      auto element = value.first();
      for (const Json& expected : json) {
        check_same(element, expected);
        element = element.next();
      }
      return claim(element.kind() == JsonKind::kMissing, "an array has no more than its elements");
    }
    case JsonKind::kObject: {
      claim(json.is_object(), "an object is one");
      std::size_t count = 0;
      for (auto each = value.first(); each.kind() != JsonKind::kMissing; each = each.next()) ++count;
      claim(count == json.size(), "an object has as many members as it has keys");
      for (const auto& [key, expected] : json.items()) check_same(value[key], expected);
      return;
    }
  }
}

/// Walks over all values that the document kept.
/// @return how many values there are
std::size_t walk(JsonValue value, int depth) {
  claim(depth <= kJsonDepthMax + 1, "what is kept is not too deep");
  claim(is_utf8(value.text()), "the texts that are kept are UTF-8", value.text());
  std::size_t count = 1;
  for (auto each = value.first(); each.kind() != JsonKind::kMissing; each = each.next()) count += walk(each, depth + 1);
  return count;
}

void check(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  const auto json = model::sound_json(text);
  claim(document.fault().has_value() != json.has_value(), "sound is what a plain reading takes",
        document.fault().value_or(""));
  if (json) return check_same(document.root(), *json);
  const std::string& fault = *document.fault();
  claim(is_utf8(fault) && fault.find('\n') == fault.npos && fault.find(": ") != fault.npos,
        "a fault is one line of UTF-8 that says where", fault);
  claim(walk(document.root(), 1) <= text.size() + 1, "no more is kept than there is");
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

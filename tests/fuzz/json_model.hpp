#pragma once

#include <strings.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti::model {

using Json = nlohmann::json;

/// A text as a tree; none if docs/protocol.md does not accept it. It is slow and simple, to be compared with our
/// parser.
inline std::optional<Json> sound_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != text.npos) return {};
  bool sound = true;
  std::vector<std::set<std::string>> keys;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kJsonDepthMax) sound = false;
      keys.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys.pop_back();
    } else if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      sound = false;
    }
    if (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos) sound = false;
    return true;
  };
  try {
    Json json = Json::parse(text.begin(), text.end(), look);
    if (sound) return json;
  } catch (const Json::exception&) {
  }
  return {};
}

/// The member of an object; null if there is none, or no object.
inline Json member(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? *found : Json{};
}

inline bool has(const Json& json, const char* key) { return json.is_object() && json.contains(key); }

inline std::optional<std::string> text(const Json& json) {
  return json.is_string() ? std::optional{json.get<std::string>()} : std::nullopt;
}

/// A whole number from 0 to 1,000,000, written without sign, point and exponent.
inline std::optional<std::int64_t> whole(const Json& json, std::uint64_t max) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > max) return {};
  return static_cast<std::int64_t>(json.get<std::uint64_t>());
}
inline std::optional<Quantity> quantity(const Json& json) { return whole(json, 1'000'000); }

/// Tells whether it is a text whose length is within the bounds.
inline bool is_text(const Json& json, std::size_t min, std::size_t max) {
  const auto value = text(json);
  return value && value->size() >= min && value->size() <= max;
}

/// The table of docs/protocol.md, Statuses.
inline std::optional<Status> status(const Json& json) {
  const auto sent = json.is_string() ? json.get<std::string>() : std::string{};
  if (strcasecmp(sent.c_str(), "Faculty semester is not the proccesed one") == 0) return Status::kInvalidSemester;
  static constexpr std::pair<std::string_view, Status> kStatuses[] = {
      {"INVALID-REQUEST", Status::kInvalidRequest},
      {"UNAUTHORIZED", Status::kUnauthorized},
      {"NOT-LEADER", Status::kNotLeader},
      {"OVERLOADED", Status::kOverloaded},
      {"UNAVAILABLE", Status::kUnavailable},
      {"INVALID-SEMESTER", Status::kInvalidSemester},
      {"INVALID-FACULTY", Status::kInvalidFaculty},
      {"INVALID-PROGRAM", Status::kInvalidProgram},
      {"PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER", Status::kAlreadyHasResources},
      {"NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT", Status::kNotEnoughResources},
      {"OK", Status::kOk},
  };
  for (const auto& [code, value] : kStatuses) {
    if (text(json) == code) return value;
  }
  return {};
}

/// Does an answer with that status tell of rooms?
inline bool tells_of_rooms(Status value) { return value > Status::kInvalidProgram; }

/// Is that status one of the whole request?
inline bool is_of_the_whole(Status value) { return value < Status::kInvalidProgram; }

}  // namespace dti::model

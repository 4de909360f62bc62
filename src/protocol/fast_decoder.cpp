// Decodes requests with simdjson, which is fast. Its DOM parser rejects everything that RFC 8259 forbids, but accepts
// some text that we reject. In doubt, this decoder leaves the body to decode_allocation_request(), so that both
// decoders always agree and only one place writes the error texts.
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "dti/domain/hold.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kCapacityMin = 16 * 1024;  // bytes of a body; enough for 80 programs with long names

bool read_text(const element& value, std::size_t min, std::size_t max, std::string& to) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS || text.size() < min || text.size() > max) return false;
  to.assign(text);
  return true;
}

// A number with a decimal point or an exponent has another type, even if it is whole. "-0" is read as 0.
bool read_quantity(const element& value, Quantity& to) {
  std::uint64_t whole = 0;
  if (value.get_uint64().get(whole) != simdjson::SUCCESS || whole > std::uint64_t{kQuantityMax}) return false;
  to = static_cast<Quantity>(whole);
  return true;
}

bool read_hold_seconds(const element& value, std::int64_t& to) {
  std::uint64_t whole = 0;
  const bool is_whole = value.get_uint64().get(whole) == simdjson::SUCCESS;
  if (!is_whole || whole == 0 || whole > std::uint64_t{kHoldMax.count()}) return false;
  to = static_cast<std::int64_t>(whole);
  return true;
}

/// Reads an entry that has exactly the four fields. It has four members and no field is missing, so no key is repeated.
bool read_program(const element& value, ProgramRequest& program) {
  constexpr unsigned kId = 1, kName = 2, kClassrooms = 4, kLabs = 8;
  object entry;
  if (value.get_object().get(entry) != simdjson::SUCCESS || entry.size() != 4) return false;
  unsigned seen = 0;
  for (const auto field : entry) {
    if (field.key == "program-id") {
      if (!read_text(field.value, 1, kIdBytesMax, program.correlation_id)) return false;
      seen |= kId;
    } else if (field.key == "program-name") {
      if (!read_text(field.value, 0, kNameBytesMax, program.name)) return false;
      seen |= kName;
    } else if (field.key == "classrooms") {
      if (!read_quantity(field.value, program.want.classrooms)) return false;
      seen |= kClassrooms;
    } else if (field.key == "labs") {
      if (!read_quantity(field.value, program.want.labs)) return false;
      seen |= kLabs;
    } else {
      return false;
    }
  }
  return seen == (kId | kName | kClassrooms | kLabs);
}

bool read_programs(const element& value, std::vector<ProgramRequest>& programs) {
  array entries;
  if (value.get_array().get(entries) != simdjson::SUCCESS || entries.size() > kProgramsMax) return false;
  programs.clear();
  programs.reserve(entries.size());
  for (const element entry : entries) {
    if (!read_program(entry, programs.emplace_back())) return false;
  }
  return true;
}

/// Reads a request that has its three to five fields, each once.
bool read_request(const object& root, AllocationRequest& request) {
  constexpr unsigned kSemester = 1, kFaculty = 2, kPrograms = 4, kRequestId = 8, kHoldSeconds = 16;
  unsigned seen = 0;
  for (const auto field : root) {
    if (field.key == "semester") {
      if (!read_text(field.value, 0, kSemesterBytesMax, request.semester)) return false;
      seen |= kSemester;
    } else if (field.key == "faculty-name") {
      if (!read_text(field.value, 0, kNameBytesMax, request.faculty_name)) return false;
      seen |= kFaculty;
    } else if (field.key == "programs") {
      if (!read_programs(field.value, request.programs)) return false;
      seen |= kPrograms;
    } else if (field.key == "request-id") {
      if (!read_text(field.value, 1, kIdBytesMax, request.request_id.emplace())) return false;
      seen |= kRequestId;
    } else if (field.key == "hold-seconds") {
      if (!read_hold_seconds(field.value, request.hold_seconds)) return false;
      seen |= kHoldSeconds;
    } else {
      return false;
    }
  }
  constexpr unsigned kNeeded = kSemester | kFaculty | kPrograms;
  return (seen & kNeeded) == kNeeded && root.size() == static_cast<std::size_t>(std::popcount(seen));
}

bool is_health_check(const object& root) {
  if (root.size() != 1) return false;
  const auto field = *root.begin();
  bool is_true = false;
  return field.key == "health-check" && field.value.get_bool().get(is_true) == simdjson::SUCCESS && is_true;
}

bool wants_nothing_of_something(const ProgramRequest& program) {
  return program.want.classrooms == 0 || program.want.labs == 0;
}

/// Tells whether a number of this body may be written as "-0". A text that contains "-0" may also give true.
bool may_hold_minus_zero(std::string_view body) {
  for (std::size_t at = body.find("-0", 1); at != body.npos; at = body.find("-0", at + 1)) {
    if (body[at - 1] == ':' || static_cast<unsigned char>(body[at - 1]) <= ' ') return true;
  }
  return false;
}

}  // namespace

class AllocationRequestDecoder::Parser {
 public:
  /// @param body  at most kFrameBytesMax
  /// @return false if the body is not JSON, or if simdjson has no memory for it
  [[nodiscard]] bool parse(std::string_view body, element& root) {
    if (!make_room(body.size())) return false;
    // simdjson reads some bytes beyond the end. Bytes of an earlier body must not change its result.
    body.copy(padded_.data(), body.size());
    std::memset(padded_.data() + body.size(), 0, simdjson::SIMDJSON_PADDING);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(padded_.data());
    return parser_.parse_into_document(document_, bytes, body.size(), false).get(root) == simdjson::SUCCESS;
  }

 private:
  // The capacity grows to powers of two. simdjson itself would allocate memory for each body that is longer than all
  // earlier ones.
  [[nodiscard]] bool make_room(std::size_t body_size) {
    if (capacity_ > 0 && body_size <= capacity_) return true;
    const std::size_t capacity = std::max(kCapacityMin, std::bit_ceil(body_size));
    capacity_ = 0;
    padded_.resize(capacity + simdjson::SIMDJSON_PADDING);
    if (parser_.allocate(capacity) != simdjson::SUCCESS) return false;
    if (document_.allocate(capacity) != simdjson::SUCCESS) return false;
    capacity_ = capacity;
    return true;
  }

  std::size_t capacity_ = 0;  // the longest body that fits the three members below; 0: nothing is allocated
  std::vector<char> padded_;
  simdjson::dom::parser parser_;
  simdjson::dom::document document_;  // of the last body
};

AllocationRequestDecoder::AllocationRequestDecoder() : parser_(std::make_unique<Parser>()) {}
AllocationRequestDecoder::~AllocationRequestDecoder() = default;

DecodedRequest AllocationRequestDecoder::decode(std::string_view body) {
  if (auto decoded = decode_plain(body)) return *std::move(decoded);
  return decode_allocation_request(body);
}

std::optional<DecodedRequest> AllocationRequestDecoder::decode_plain(std::string_view body) {
  // simdjson accepts U+0000 as an escape, and newer versions skip a byte order mark.
  if (body.size() > kFrameBytesMax || body.starts_with("\xEF\xBB\xBF") || body.find("\\u0000") != body.npos) return {};
  element document;
  object root;
  if (!parser_->parse(body, document) || document.get_object().get(root) != simdjson::SUCCESS) return {};
  if (is_health_check(root)) return HealthCheck{};

  std::optional<DecodedRequest> decoded{std::in_place};
  auto& request = std::get<AllocationRequest>(*decoded);
  if (!read_request(root, request)) return {};
  if (std::any_of(request.programs.begin(), request.programs.end(), wants_nothing_of_something) &&
      may_hold_minus_zero(body)) {
    return {};
  }
  return decoded;
}

}  // namespace dti

#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"

namespace dti {

/// Random requests, and random damage to their bytes: the same for the same seed.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_{seed} {}

  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>{0, end - 1}(engine_); }

  /// A text of min to max bytes, of characters that need care.
  std::string text(std::size_t min, std::size_t max) {
    static const std::vector<std::string> kCharacters = {
        "a",  "Z",  "0",      " ",      "-",    "_",      "\"",     "\\",     "/",      "\b", "\f",
        "\n", "\r", "\t",     "\x01",   "\x1f", "\x7f",   "{",      "}",      "[",      "]",  ",",
        ":",  "ñ",  "\u0080", "\u0800", "€",    "\uD7FF", "\uE000", "\uFEFF", "\uFFFF", "😀",  "\U0010FFFF"};
    const std::size_t size = min + below(max - min + 1);
    std::string text;
    while (text.size() < size) {
      const std::string& character = kCharacters[below(kCharacters.size())];
      text += text.size() + character.size() <= size ? character : "x";
    }
    return text;
  }

  Want want() {
    const auto quantity = [&] { return static_cast<Quantity>(below(2) == 0 ? below(20) : below(1'000'001)); };
    return {quantity(), quantity()};
  }

  AllocationRequest request() {
    AllocationRequest request{text(0, kSemesterBytesMax), text(0, kNameBytesMax), {}, {}};
    const std::size_t count = below(6);
    for (std::size_t i = 0; i < count; ++i) {
      request.programs.push_back({text(1, kIdBytesMax), text(0, kNameBytesMax), want()});
    }
    if (below(2) == 0) request.request_id = text(1, kIdBytesMax);
    if (below(4) == 0) request.hold_seconds = static_cast<std::int64_t>(1 + below(2'592'000));
    return request;
  }

  /// A few bytes changed, taken out, put in or doubled.
  void damage(std::string& bytes) {
    using namespace std::string_view_literals;
    static constexpr auto kTelling = "\"\\{}[],:0-1.eE \x00\x80\xff\xc0\xed\xf4u"sv;
    for (std::size_t left = 1 + below(3); left > 0 && !bytes.empty(); --left) {
      const std::size_t at = below(bytes.size());
      const char byte = below(2) == 0 ? kTelling[below(kTelling.size())] : static_cast<char>(below(256));
      switch (below(4)) {
        case 0: bytes[at] = byte; break;
        case 1: bytes.erase(at, 1 + below(8)); break;
        case 2: bytes.insert(at, 1, byte); break;
        default: bytes.insert(below(bytes.size()), bytes.substr(at, 1 + below(40)));
      }
    }
  }

 private:
  std::mt19937 engine_;
};

}  // namespace dti

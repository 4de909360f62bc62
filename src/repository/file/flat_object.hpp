#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// A member of a flat object.
struct FlatMember {
  enum class Kind : std::uint8_t {
    kText,
    kNumber,  // a whole number of 64 bits with a sign
    kFlag,
    kOther,  // null, or another number
  };

  std::string key;
  Kind kind = Kind::kOther;
  std::string text;
  std::int64_t number = 0;  // of a kFlag: 0 or 1
  bool is_taken = false;
};

/// One JSON object in strict JSON whose members are texts, numbers and flags, without repeated keys. It keeps its memory
/// for the next line. Thread: one.
class FlatObject {
 public:
  /// Reads a line. Never throws for its content.
  /// @return the first fault, as a clause; none if the line is such an object
  [[nodiscard]] std::optional<std::string> parse(std::string_view line);

  /// Takes the member with that key. @return null if there is none
  [[nodiscard]] const FlatMember* take(std::string_view key);

  /// A member that was not taken; null if all were taken.
  [[nodiscard]] const FlatMember* first_untaken() const;

 private:
  friend class FlatObjectBuilder;

  std::vector<FlatMember> members_;
  std::size_t count_ = 0;  // of the members that are in use
  std::size_t next_ = 0;   // the member after the last one that was taken: lines have their members in a fixed order
};

/// A key for a message: short, and on one line.
[[nodiscard]] std::string shown_key(std::string_view key);

}  // namespace dti

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

class JsonDocument;

enum class JsonKind : std::uint8_t {
  kMissing,  // there is no such value
  kNull,
  kFalse,
  kTrue,
  kWhole,   // written as 0 or [1-9][0-9]*, and below 2^64
  kNumber,  // any other number: -0, 7.0, 7e0, -1, …
  kString,
  kArray,
  kObject,
};

/// A value of a document, or the lack of one. A view: the document outlives it.
class JsonValue {
 public:
  [[nodiscard]] JsonKind kind() const;
  [[nodiscard]] std::uint64_t whole() const;    // of a kWhole; else 0
  [[nodiscard]] std::string_view text() const;  // of a kString, unescaped; else empty

  /// The member of that name: the first of them, if the key was given twice. kMissing if there is none, or no object.
  [[nodiscard]] JsonValue operator[](std::string_view key) const;

  /// The first element of an array or member of an object, and the one after this. kMissing: there are no more.
  [[nodiscard]] JsonValue first() const;
  [[nodiscard]] JsonValue next() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::size_t index, std::size_t end)
      : document_(document), index_(index), end_(end) {}

  const JsonDocument* document_;
  std::size_t index_;  // of the node; end_ if missing
  std::size_t end_;    // of the container that holds it
};

/// A text read as JSON, strictly, with the first thing that is wrong with it.
/// Wrong are: what RFC 8259 does not allow, a byte order mark, bytes after the value, text that is not UTF-8, a lone
/// surrogate, U+0000 in any text or key, a key twice in one object (compared after unescaping), depth over
/// kJsonDepthMax, and a number that no double can hold. What was read up to a fault of syntax, and all around the other
/// faults, is kept all the same: for a reply that lists whatever could be read.
class JsonDocument {
 public:
  /// Never throws for what `body` holds, and needs no more stack for a deep one.
  [[nodiscard]] static JsonDocument parse(std::string_view body);

  /// The first fault in the text's order, as `programs[2].labs: is given twice`; none if the text is sound.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

  [[nodiscard]] JsonValue root() const { return {this, 0, nodes_.size()}; }

 private:
  friend class JsonValue;
  friend class JsonBuilder;

  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  // A node is followed by its children, each with all below it: one array for the whole document keeps a megabyte of
  // brackets from becoming a hundred of small objects.
  struct Node {
    JsonKind kind = JsonKind::kNull;
    Span key;   // in texts_; of a member
    Span text;  // in texts_; of a kString
    std::uint64_t whole = 0;
    std::size_t end = 0;  // the node after all that is below this one
  };

  [[nodiscard]] std::string_view view(Span span) const {
    return std::string_view{texts_}.substr(span.begin, span.size);
  }

  std::vector<Node> nodes_;
  std::string texts_;
  std::optional<std::string> fault_;
};

}  // namespace dti

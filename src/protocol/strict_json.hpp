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

/// A value of a document, or kMissing. It is a view: the document must outlive it.
class JsonValue {
 public:
  [[nodiscard]] JsonKind kind() const;
  [[nodiscard]] std::uint64_t whole() const;    // the number of a kWhole; otherwise 0
  [[nodiscard]] std::string_view text() const;  // the text of a kString, without escapes; otherwise empty

  /// The member with that key; the first one if the key is repeated. kMissing if there is none, or if this is not an
  /// object.
  [[nodiscard]] JsonValue operator[](std::string_view key) const;

  /// first() is the first element of an array or member of an object; next() is the one after this. kMissing: there are
  /// no more.
  [[nodiscard]] JsonValue first() const;
  [[nodiscard]] JsonValue next() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::size_t index, std::size_t end)
      : document_(document), index_(index), end_(end) {}

  const JsonDocument* document_;
  std::size_t index_;  // of the node; end_ if it is missing
  std::size_t end_;    // of the container of the node
};

/// A text that was parsed as strict JSON, with its first fault.
/// Faults are: text that RFC 8259 forbids, a byte order mark, bytes after the value, text that is not UTF-8, a lone
/// surrogate, U+0000 in a text or key, a repeated key in one object (compared without escapes), a depth over
/// kJsonDepthMax, and a number that is too large for a double. The document keeps the values before a syntax fault, and
/// all values around the other faults, so that a reply can list the programs that were read.
class JsonDocument {
 public:
  /// Parses the body. Never throws for its content, and uses no more stack for a deep one.
  [[nodiscard]] static JsonDocument parse(std::string_view body);

  /// The first fault in the order of the text, such as `programs[2].labs: is given twice`; none if there is none.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

  [[nodiscard]] JsonValue root() const { return {this, 0, nodes_.size()}; }

 private:
  friend class JsonValue;
  friend class JsonBuilder;

  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  // Each node is followed by its children with their own children. One array holds the whole document, because separate
  // objects would need a hundred megabytes for a body of a megabyte of brackets.
  struct Node {
    JsonKind kind = JsonKind::kNull;
    Span key;   // in texts_; of a member
    Span text;  // in texts_; of a kString
    std::uint64_t whole = 0;
    std::size_t end = 0;  // the index after the last node below this one
  };

  [[nodiscard]] std::string_view view(Span span) const {
    return std::string_view{texts_}.substr(span.begin, span.size);
  }

  std::vector<Node> nodes_;
  std::string texts_;
  std::optional<std::string> fault_;
};

}  // namespace dti

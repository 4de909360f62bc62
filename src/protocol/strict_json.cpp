#include "protocol/strict_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dti/base/utf8_prefix.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kShownKeyBytesMax = 40;  // of a key in the path of a fault; a hostile key may have a megabyte
constexpr int kNumberOverflow = 406;           // nlohmann's id

/// A key for a message: short, on one line, and UTF-8.
std::string shown(std::string_view key) {
  std::string text{utf8_prefix(key, kShownKeyBytesMax)};
  if (text.size() < key.size()) text += "…";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  return text;
}

}  // namespace

/// Builds a document from the parser's events. nlohmann's parser keeps its own stack on the heap.
class JsonBuilder {
 public:
  explicit JsonBuilder(JsonDocument& document) : document_(document) {}

  bool null() { return scalar(JsonKind::kNull); }
  bool boolean(bool value) { return scalar(value ? JsonKind::kTrue : JsonKind::kFalse); }
  bool number_integer(std::int64_t) { return scalar(JsonKind::kNumber); }  // called only for what is written with '-'
  bool number_unsigned(std::uint64_t value) { return scalar(JsonKind::kWhole, value); }
  bool number_float(double, const std::string&) { return scalar(JsonKind::kNumber); }
  bool binary(const nlohmann::json::binary_t&) { return false; }  // JSON has none

  bool string(const std::string& value) {
    if (skipped_depth_ > 0) return true;
    refuse_nul(value);
    return scalar(JsonKind::kString, 0, keep(value));
  }

  bool key(std::string& value) {
    if (skipped_depth_ > 0) return true;
    Frame& frame = open_.back();
    frame.key = keep(value);
    frame.has_key = true;
    refuse_nul(value);
    if (!frame.keys.insert(std::move(value)).second) fault("is given twice");
    return true;
  }

  bool start_object(std::size_t) { return open(JsonKind::kObject); }
  bool start_array(std::size_t) { return open(JsonKind::kArray); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    fault(reason(error) + " (at byte " + std::to_string(position) + ")");
    return false;
  }

  /// Records a fault at the current position, unless there is an earlier fault.
  void fault(std::string_view what) {
    if (document_.fault_) return;
    document_.fault_ = path() + ": " + std::string{what};
  }

  /// Closes the arrays and objects that a syntax fault left open.
  void finish() {
    for (const Frame& frame : open_) document_.nodes_[frame.node].end = document_.nodes_.size();
  }

 private:
  struct Frame {
    std::size_t node = 0;
    bool is_array = false;
    std::size_t count = 0;  // of complete elements
    bool has_key = false;   // the key of a member was read, and its value is not complete
    JsonDocument::Span key;
    std::set<std::string> keys;  // a tree, because a peer could choose keys that collide in a hash table
  };

  // nlohmann's message ends in a quotation of the input, which must not be compared.
  static std::string reason(const nlohmann::json::exception& error) {
    if (error.id == kNumberOverflow) return "holds a number that is too large";
    std::string_view text = error.what();
    text = text.substr(0, text.find("; last read"));
    if (text.find("UTF-8") != text.npos) return "is not UTF-8";
    if (text.find("surrogate") != text.npos) return "holds a lone surrogate";
    return "is not JSON";
  }

  [[nodiscard]] std::string path() const {
    std::string text;
    for (const Frame& frame : open_) {
      if (frame.is_array) {
        text += '[' + std::to_string(frame.count) + ']';
      } else if (frame.has_key) {
        if (!text.empty()) text += '.';
        text += shown(document_.view(frame.key));
      }
    }
    return text.empty() ? "the message" : text;
  }

  JsonDocument::Span keep(std::string_view text) {
    const auto begin = static_cast<std::uint32_t>(document_.texts_.size());
    document_.texts_ += text;
    return {begin, static_cast<std::uint32_t>(text.size())};
  }

  void refuse_nul(std::string_view text) {
    if (text.find('\0') != text.npos) fault("holds U+0000");
  }

  std::size_t add(JsonKind kind, std::uint64_t whole, JsonDocument::Span text) {
    const auto key = open_.empty() ? JsonDocument::Span{} : open_.back().key;
    const std::size_t index = document_.nodes_.size();
    document_.nodes_.push_back({kind, key, text, whole, index + 1});
    return index;
  }

  bool scalar(JsonKind kind, std::uint64_t whole = 0, JsonDocument::Span text = {}) {
    if (skipped_depth_ > 0) return true;
    add(kind, whole, text);
    value_done();
    return true;
  }

  bool open(JsonKind kind) {
    // A value that is too deep is skipped but not kept, so that the values after it can be read.
    if (skipped_depth_ > 0 || open_.size() == static_cast<std::size_t>(kJsonDepthMax)) {
      if (skipped_depth_++ == 0) fault("is nested deeper than " + std::to_string(kJsonDepthMax));
      return true;
    }
    Frame frame;
    frame.node = add(kind, 0, {});
    frame.is_array = kind == JsonKind::kArray;
    open_.push_back(std::move(frame));
    return true;
  }

  bool close() {
    if (skipped_depth_ > 0) {
      --skipped_depth_;
      return true;
    }
    document_.nodes_[open_.back().node].end = document_.nodes_.size();
    open_.pop_back();
    value_done();
    return true;
  }

  void value_done() {
    if (open_.empty()) return;
    ++open_.back().count;
    open_.back().has_key = false;
  }

  JsonDocument& document_;
  std::vector<Frame> open_;
  std::size_t skipped_depth_ = 0;  // open arrays and objects that are too deep to keep
};

JsonDocument JsonDocument::parse(std::string_view body) {
  JsonDocument document;
  JsonBuilder builder{document};
  if (body.empty()) {
    builder.fault("is empty");
    return document;
  }
  // The parser would skip one byte order mark.
  if (body.starts_with(kByteOrderMark)) builder.fault("starts with a byte order mark");
  nlohmann::json::sax_parse(body.begin(), body.end(), &builder);
  // The parser takes a NUL byte for the end of the text, and would ignore the rest.
  if (body.find('\0') != body.npos) builder.fault("is not JSON (it holds a NUL byte)");
  builder.finish();
  return document;
}

JsonKind JsonValue::kind() const { return index_ < end_ ? document_->nodes_[index_].kind : JsonKind::kMissing; }

std::uint64_t JsonValue::whole() const { return index_ < end_ ? document_->nodes_[index_].whole : 0; }

std::string_view JsonValue::text() const {
  return kind() == JsonKind::kString ? document_->view(document_->nodes_[index_].text) : std::string_view{};
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (kind() != JsonKind::kObject) return {document_, end_, end_};
  JsonValue member = first();
  while (member.kind() != JsonKind::kMissing && document_->view(document_->nodes_[member.index_].key) != key) {
    member = member.next();
  }
  return member;
}

JsonValue JsonValue::first() const {
  if (kind() == JsonKind::kMissing) return *this;
  return {document_, index_ + 1, document_->nodes_[index_].end};
}

JsonValue JsonValue::next() const {
  if (kind() == JsonKind::kMissing) return *this;
  return {document_, document_->nodes_[index_].end, end_};
}

}  // namespace dti

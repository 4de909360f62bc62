#include "repository/file/flat_object.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "dti/base/utf8_prefix.hpp"

namespace dti {
namespace {

constexpr std::size_t kShownKeyBytesMax = 40;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// nlohmann's message ends in a quotation of the line, which must not be compared.
std::string reason_of(const nlohmann::json::exception& error) {
  std::string_view text = error.what();
  text = text.substr(0, text.find("; last read"));
  if (text.find("UTF-8") != text.npos) return "is not UTF-8";
  if (text.find("surrogate") != text.npos) return "holds a lone surrogate";
  return "is not one JSON object";
}

}  // namespace

/// Keeps the parser's events. The parser ends when an event returns false.
class FlatObjectBuilder {
 public:
  explicit FlatObjectBuilder(FlatObject& object) : object_(object) {}

  bool null() { return value(FlatMember::Kind::kOther); }
  bool boolean(bool flag) { return value(FlatMember::Kind::kFlag, flag ? 1 : 0); }
  bool number_integer(std::int64_t number) { return value(FlatMember::Kind::kNumber, number); }
  bool number_unsigned(std::uint64_t number) {
    if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return value(FlatMember::Kind::kOther);
    return value(FlatMember::Kind::kNumber, static_cast<std::int64_t>(number));
  }
  bool number_float(double, const std::string&) { return value(FlatMember::Kind::kOther); }
  bool binary(const nlohmann::json::binary_t&) { return false; }  // JSON has none

  bool string(const std::string& text) {
    if (text.find('\0') != text.npos) return fault("a text holds U+0000");
    return value(FlatMember::Kind::kText, 0, &text);
  }

  bool start_object(std::size_t) {
    if (is_open_) return refuse_nesting();
    is_open_ = true;
    return true;
  }
  bool start_array(std::size_t) { return is_open_ ? refuse_nesting() : fault("is not one JSON object"); }
  bool end_object() { return true; }
  bool end_array() { return true; }

  bool key(const std::string& key) {
    for (std::size_t i = 0; i < object_.count_; ++i) {
      if (object_.members_[i].key == key) return fault('"' + shown_key(key) + "\" is given twice");
    }
    if (object_.count_ == object_.members_.size()) object_.members_.emplace_back();
    object_.members_[object_.count_++].key = key;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    return fault(reason_of(error) + " (at byte " + std::to_string(position) + ")");
  }

  bool fault(std::string text) {
    if (!fault_) fault_ = std::move(text);
    return false;
  }
  [[nodiscard]] const std::optional<std::string>& first_fault() const { return fault_; }

 private:
  bool value(FlatMember::Kind kind, std::int64_t number = 0, const std::string* text = nullptr) {
    if (!is_open_) return fault("is not one JSON object");
    auto& member = object_.members_[object_.count_ - 1];
    member.kind = kind;
    member.number = number;
    member.text.clear();
    if (text != nullptr) member.text = *text;
    member.is_taken = false;
    return true;
  }

  bool refuse_nesting() {
    return fault('"' + shown_key(object_.members_[object_.count_ - 1].key) + "\" must not be an object or an array");
  }

  FlatObject& object_;
  bool is_open_ = false;
  std::optional<std::string> fault_;
};

std::optional<std::string> FlatObject::parse(std::string_view line) {
  count_ = 0;
  next_ = 0;
  if (line.empty()) return "is empty";
  // The parser would skip one byte order mark, and takes a NUL byte for the end of the text.
  if (line.starts_with(kByteOrderMark)) return "starts with a byte order mark";
  if (line.find('\0') != line.npos) return "holds a NUL byte";
  FlatObjectBuilder builder{*this};
  nlohmann::json::sax_parse(line.begin(), line.end(), &builder);
  return builder.first_fault();
}

const FlatMember* FlatObject::take(std::string_view key) {
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t index = (next_ + i) % count_;
    if (members_[index].key != key) continue;
    members_[index].is_taken = true;
    next_ = index + 1;
    return &members_[index];
  }
  return nullptr;
}

const FlatMember* FlatObject::first_untaken() const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (!members_[i].is_taken) return &members_[i];
  }
  return nullptr;
}

std::string shown_key(std::string_view key) {
  std::string text{utf8_prefix(key, kShownKeyBytesMax)};
  if (text.size() < key.size()) text += "…";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  return text;
}

}  // namespace dti

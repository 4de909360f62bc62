#include "http/request_head.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/characters.hpp"
#include "http/request_target.hpp"

namespace dti {
namespace {

constexpr std::string_view kVersion = "HTTP/";
constexpr std::string_view kLineEnd = "\r\n";

struct Version {
  int major = 0;
  int minor = 0;
};

std::optional<Version> parse_version(std::string_view text) {
  if (text.size() != kVersion.size() + 3 || !text.starts_with(kVersion)) return std::nullopt;
  const auto digits = text.substr(kVersion.size());
  if (!is_digit(digits[0]) || digits[1] != '.' || !is_digit(digits[2])) return std::nullopt;
  return Version{digits[0] - '0', digits[2] - '0'};
}

HeadRefused refuse(std::string reason) { return {400, std::move(reason)}; }

/// Returns the fault of a line, or of its beginning; none if it has none.
std::optional<HeadRefused> fault_of(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return HeadRefused{400, "the head has a NUL byte"};
  if (line.find('\r') != std::string_view::npos) return HeadRefused{400, "the head has a CR without LF"};
  return std::nullopt;
}

}  // namespace

RequestHeadReader::Result RequestHeadReader::read(std::string_view received) {
  auto result = read_lines(received);
  if (auto* refused = std::get_if<HeadRefused>(&result)) refused->is_head = request_.method == "HEAD";
  return result;
}

RequestHeadReader::Result RequestHeadReader::read_lines(std::string_view received) {
  // One empty line may precede a request, because old clients send one after a body.
  if (!at_) {
    if (kLineEnd.starts_with(received)) return HeadIncomplete{};
    at_ = received.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  }
  while (true) {
    if (*at_ > kHeadBytesMax) return HeadRefused{431, "the head is longer than 8192 bytes"};
    const auto end = received.find('\n', *at_);
    const bool is_whole = end != std::string_view::npos;
    auto line = received.substr(*at_, is_whole ? end - *at_ : std::string_view::npos);
    const bool ends_with_cr = line.ends_with('\r');
    if (ends_with_cr) line.remove_suffix(1);  // an incomplete line may go on with LF
    // Faults come in the order of their bytes, so that the refusal does not depend on the pieces.
    const auto bytes_max = has_request_line_ ? kHeadBytesMax - *at_ : kRequestLineBytesMax;
    if (const auto fault = fault_of(line.substr(0, bytes_max + 1))) return *fault;
    if (line.size() > bytes_max) {
      return has_request_line_ ? HeadRefused{431, "the head is longer than 8192 bytes"}
                               : HeadRefused{414, "the request line is longer than 4096 bytes"};
    }
    if (!is_whole) return HeadIncomplete{};
    if (!ends_with_cr) return refuse("a line ends with LF without CR");
    at_ = end + 1;
    if (has_request_line_ && line.empty()) return finish();
    if (const auto fault = has_request_line_ ? read_field(line) : read_request_line(line)) return *fault;
    has_request_line_ = true;
  }
}

std::optional<HeadRefused> RequestHeadReader::read_request_line(std::string_view line) {
  const auto method = line.substr(0, line.find(' '));
  if (!is_token(method)) return refuse("the request line has no method");
  request_.method = method;
  if (method.size() == line.size()) return refuse("the request line has no target");
  const auto after = line.substr(method.size() + 1);
  const auto target = after.substr(0, after.find(' '));
  if (target.size() == after.size()) return refuse("the request line has no version: HTTP/0.9 is not served");
  const auto version = parse_version(after.substr(target.size() + 1));
  if (!version) return refuse("the request line does not end with a version such as HTTP/1.1");
  if (version->major != 1) return HeadRefused{505, "only HTTP/1.1 and HTTP/1.0 are served"};
  auto parsed = parse_request_target(method, target);
  if (!parsed) return refuse("the request's target is not a path");
  request_.path = std::move(parsed->path);
  request_.query = std::move(parsed->query);
  is_http_1_0_ = version->minor == 0;
  return std::nullopt;
}

std::optional<HeadRefused> RequestHeadReader::read_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return refuse("a field continues in the next line (obs-fold)");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return refuse("a field has no colon");
  // Spaces before the colon are no part of a token: proxies have taken `Content-Length : 5` for another field.
  if (!is_token(line.substr(0, colon))) return refuse("a field's name has a character that it may not have");
  const auto value = trimmed(line.substr(colon + 1));
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
  if (std::any_of(value.begin(), value.end(), is_control)) return refuse("a field's value has a control character");
  if (request_.fields.size() == kHeadFieldsMax) return HeadRefused{431, "the head has more than 100 fields"};
  request_.fields.emplace_back(lower_case(line.substr(0, colon)), value);
  return std::nullopt;
}

/// Checks all fields together, after the last line.
RequestHeadReader::Result RequestHeadReader::finish() {
  const auto hosts = count("host");
  if (hosts > 1) return refuse("there are several Host fields");
  if (hosts == 0 && !is_http_1_0_) return refuse("there is no Host field");
  if (!is_host_field(request_.field("host"))) return refuse("the Host field is not a host");
  const auto lengths = count("content-length");
  const auto encodings = count("transfer-encoding");
  if (lengths > 1) return refuse("there are several Content-Length fields");
  if (lengths == 1 && encodings > 0) return refuse("there are both Content-Length and Transfer-Encoding");
  if (encodings > 0 && is_http_1_0_) return refuse("HTTP/1.0 has no Transfer-Encoding");
  if (encodings > 1) return refuse("there are several Transfer-Encoding fields");
  const auto length = request_.field("content-length");
  constexpr std::size_t kDigitsMax = 18;
  if (lengths == 1 &&
      (length.empty() || length.size() > kDigitsMax || !std::all_of(length.begin(), length.end(), is_digit))) {
    return refuse("the Content-Length is not a number");
  }
  if (encodings == 1 && lower_case(request_.field("transfer-encoding")) != "chunked") {
    return HeadRefused{501, "only the Transfer-Encoding chunked is known"};
  }
  const bool is_empty = length.find_first_not_of('0') == std::string::npos;
  RequestHead head{.request = {}, .bytes = *at_, .keep_alive = keeps_alive(), .has_body = encodings == 1 || !is_empty};
  head.request = std::move(request_);
  return head;
}

std::ptrdiff_t RequestHeadReader::count(std::string_view name) const {
  return std::count_if(request_.fields.begin(), request_.fields.end(),
                       [&](const auto& field) { return field.first == name; });
}

bool RequestHeadReader::keeps_alive() const {
  const auto options = lower_case(request_.field("connection"));
  std::string_view rest = options;
  bool closes = false;
  bool keeps = false;
  while (!rest.empty()) {
    const auto option = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), option.size() + 1));
    closes |= trimmed(option) == "close";
    keeps |= trimmed(option) == "keep-alive";
  }
  return !closes && (!is_http_1_0_ || keeps);
}

}  // namespace dti

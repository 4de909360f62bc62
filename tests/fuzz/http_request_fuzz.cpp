// Any bytes from an HTTP client are one request, the beginning of one, or refused. What is decided does not depend on the
// pieces in which they come (the first byte of the input is their size), and a request that is served has one reading: a
// plain one finds no second head in it, and its parts written again are the same request.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "dti/http/accept.hpp"
#include "fuzz/claim.hpp"
#include "http/characters.hpp"
#include "http/request_head.hpp"

namespace dti {
namespace {

using Result = RequestHeadReader::Result;

bool is_same(const HttpRequest& a, const HttpRequest& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.fields == b.fields;
}

Result read_in_pieces(std::string_view bytes, std::size_t piece) {
  RequestHeadReader reader;
  Result result = HeadIncomplete{};
  for (std::size_t read = 0; read < bytes.size() && std::holds_alternative<HeadIncomplete>(result);) {
    read = std::min(bytes.size(), read + piece);
    result = reader.read(bytes.substr(0, read));
  }
  return result;
}

void check_pieces(const Result& whole, const Result& in_pieces) {
  claim(whole.index() == in_pieces.index(), "the pieces do not decide");
  if (const auto* refused = std::get_if<HeadRefused>(&whole)) {
    const auto& other = std::get<HeadRefused>(in_pieces);
    claim(refused->status == other.status && refused->is_head == other.is_head, "a refusal is the same in pieces",
          refused->reason);
  } else if (const auto* head = std::get_if<RequestHead>(&whole)) {
    const auto& other = std::get<RequestHead>(in_pieces);
    claim(head->bytes == other.bytes && head->has_body == other.has_body && head->keep_alive == other.keep_alive &&
              is_same(head->request, other.request),
          "a request is the same in pieces");
  }
}

std::size_t count_lines(std::string_view head, std::string_view name) {
  std::size_t count = 0;
  while (!head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const auto field = line.substr(0, line.find(':'));
    if (field.size() < line.size() && lower_case(trimmed(field)) == name) ++count;
  }
  return count;
}

/// A reading of the bytes that knows nothing of the parser.
void check_bytes(const RequestHead& head, std::string_view bytes) {
  claim(head.bytes <= bytes.size() && head.bytes <= kHeadBytesMax + 2, "a head has its limit");
  claim(head.request.fields.size() <= kHeadFieldsMax, "the fields have their limit");
  auto text = bytes.substr(0, head.bytes);
  claim(text.ends_with("\r\n\r\n"), "a head ends with an empty line", text);
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  claim(text.find("\r\n\r\n") == text.size() - 4, "a head has no empty line in it", text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    claim(text[i] != '\0', "a head has no NUL", text);
    claim(text[i] != '\r' || (i + 1 < text.size() && text[i + 1] == '\n'), "a CR has its LF", text);
    claim(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'), "an LF has its CR", text);
  }
  const auto lengths = count_lines(text, "content-length");
  const auto encodings = count_lines(text, "transfer-encoding");
  claim(count_lines(text, "host") <= 1, "a request names one host", text);
  claim(lengths + encodings <= 1, "a body has one frame at most", text);
  claim(!head.has_body || lengths + encodings == 1, "a body has a frame", text);
  claim(encodings == 0 || head.has_body, "a chunked body is one", text);
}

std::string hexadecimal(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string written;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    written += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return written;
}

void check_written_again(const RequestHead& head) {
  const auto& request = head.request;
  claim(request.path == "*" || request.path.starts_with('/'), "a path is absolute", request.path);
  claim(request.path.find_first_of(" ?#\\\"<>") == std::string::npos, "a path has the characters of paths",
        request.path);
  if (request.path == "*") return;  // of OPTIONS or CONNECT
  std::string written = request.method + " " + request.path;
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    const auto& [name, value] = request.query[i];
    written += (i == 0 ? "?" : "&") + hexadecimal(name) + "=" + hexadecimal(value);
  }
  written += " HTTP/1.1\r\n";
  const bool has_host = std::any_of(request.fields.begin(), request.fields.end(),
                                    [](const auto& field) { return field.first == "host"; });
  for (const auto& [name, value] : request.fields) written += name + ": " + value + "\r\n";
  if (!has_host) return;  // HTTP/1.0
  written += "\r\n";
  const auto line_bytes = written.find('\r');
  if (line_bytes > kRequestLineBytesMax || written.size() > kHeadBytesMax) return;  // hexadecimal digits are longer
  const auto again = RequestHeadReader{}.read(written);
  const auto* const same = std::get_if<RequestHead>(&again);
  claim(same != nullptr && is_same(same->request, request), "a request written again is the same", written);
}

void check_accept(const std::string& accept) {
  claim(!prefers(accept, "a/b", "c/d") || lower_case(accept).find("a/b") != std::string::npos,
        "a type is preferred if it is named", accept);
}

void check(std::string_view input) {
  if (input.empty()) return;
  const auto bytes = input.substr(1);
  const auto whole = RequestHeadReader{}.read(bytes);
  check_pieces(whole, read_in_pieces(bytes, static_cast<unsigned char>(input[0]) % 16 + std::size_t{1}));
  if (const auto* refused = std::get_if<HeadRefused>(&whole)) {
    const bool is_known = refused->status == 400 || refused->status == 414 || refused->status == 431 ||
                          refused->status == 501 || refused->status == 505;
    claim(is_known && !refused->reason.empty(), "a refusal has a status and a reason", refused->reason);
  } else if (const auto* head = std::get_if<RequestHead>(&whole)) {
    check_bytes(*head, bytes);
    check_written_again(*head);
    check_accept(head->request.field("accept"));
  } else {
    claim(bytes.size() <= kHeadBytesMax + 2, "an endless head is refused");
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

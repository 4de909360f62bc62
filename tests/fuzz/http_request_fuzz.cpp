#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/claim.hpp"
#include "http/request_head.hpp"

namespace dti {
namespace {

// The first byte is the size of the pieces in which the others come. The claims: what is decided does not depend on the
// pieces; a head ends where its first empty line does, and has one framing; nothing is decided later than at the bounds.
void check(std::string_view input) {
  if (input.empty()) return;
  const auto bytes = input.substr(1);
  const std::size_t piece = static_cast<unsigned char>(input[0]) % 16 + std::size_t{1};

  const auto whole = RequestHeadReader{}.read(bytes);
  RequestHeadReader reader;
  RequestHeadReader::Result result = HeadIncomplete{};
  std::size_t read = 0;
  while (read < bytes.size() && std::holds_alternative<HeadIncomplete>(result)) {
    read = std::min(bytes.size(), read + piece);
    result = reader.read(bytes.substr(0, read));
  }
  claim(result.index() == whole.index(), "the pieces decide");
  if (std::holds_alternative<HeadIncomplete>(whole)) {
    claim(bytes.size() <= kHeadBytesMax + 2, "a head longer than the bound is still read");
    return;
  }
  if (const auto* refused = std::get_if<HeadRefused>(&whole)) {
    claim(refused->status >= 400 && refused->status <= 505 && !refused->reason.empty(),
          "a refusal has status and reason");
    return;
  }
  const auto& head = std::get<RequestHead>(whole);
  const auto& in_pieces = std::get<RequestHead>(result);
  claim(head.bytes == in_pieces.bytes && head.request.fields == in_pieces.request.fields &&
            head.request.path == in_pieces.request.path && head.request.query == in_pieces.request.query &&
            head.has_body == in_pieces.has_body && head.keep_alive == in_pieces.keep_alive,
        "the pieces change what is read");
  const auto text = bytes.substr(0, head.bytes);
  claim(text.ends_with("\r\n\r\n"), "the head does not end with an empty line");
  claim(text.substr(2).find("\r\n\r\n") == text.size() - 6, "an empty line stands inside the head");
  claim(text.find('\0') == std::string_view::npos, "the head has a NUL");
  claim(head.request.fields.size() <= kHeadFieldsMax, "more fields than the bound");
  claim(head.request.path == "*" || head.request.path.starts_with('/'), "the path is none");
  std::size_t framings = 0;
  for (const auto& [name, value] : head.request.fields) {
    framings += name == "content-length" || name == "transfer-encoding" ? 1 : 0;
    claim(value.find_first_of("\r\n") == std::string::npos, "a value has a line end");
  }
  claim(framings <= 1, "two framings");
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "dti/base/check.hpp"
#include "dti/base/time_text.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/json_writer.hpp"

namespace dti {
namespace {

/// Appends the part of a reply that follows its programs.
void append_tail(std::string& out, const AllocationRequest& request, const Outcome& outcome) {
  JsonWriter writer{out};
  writer.close_array();
  if (outcome.error) {
    if (!outcome.error->detail.empty()) writer.text("detail", outcome.error->detail);
    if (outcome.error->retry_after) writer.number("retry-after-ms", outcome.error->retry_after->count());
    if (!outcome.error->leader.empty()) writer.text("leader", outcome.error->leader);
  }
  if (request.request_id) writer.text("request-id", *request.request_id);
  writer.close_object();
}

/// The numbers of an entry with the literals between them, collected so that one call appends them.
class Numbers {
 public:
  template <std::size_t kSize>
  void put(const char (&literal)[kSize]) {
    std::memcpy(end_, literal, kSize - 1);
    end_ += kSize - 1;
  }
  void put(Quantity quantity) { end_ = std::to_chars(end_, bytes_.data() + bytes_.size(), quantity).ptr; }

  [[nodiscard]] std::string_view text() const {
    return {bytes_.data(), static_cast<std::size_t>(end_ - bytes_.data())};
  }

 private:
  std::array<char, 256> bytes_;  // five numbers of at most 20 bytes, and 100 bytes of literals
  char* end_ = bytes_.data();
};

/// @param detail  a sentence for people; empty if there is none
void append_entry(std::string& out, const ProgramRequest& program, const ProgramOutcome& answer,
                  std::string_view detail) {
  out += R"({"program-id":")";
  append_escaped(out, program.correlation_id);
  out += R"(","program-name":")";
  append_escaped(out, program.name);
  Numbers numbers;
  numbers.put(R"(","requested-classrooms":)");
  numbers.put(program.want.classrooms);
  numbers.put(R"(,"requested-labs":)");
  numbers.put(program.want.labs);
  numbers.put(R"(,"classrooms":)");
  numbers.put(answer.grant.classrooms);
  numbers.put(R"(,"labs":)");
  numbers.put(answer.grant.labs);
  numbers.put(R"(,"mobile-labs":)");
  numbers.put(answer.grant.mobile_labs);
  numbers.put(R"(,"status-message":")");
  out += numbers.text();
  out += wire_text(answer.status);  // a status has no characters that need escapes
  if (answer.expires_at != 0) {
    out += R"(","expires-at":")";
    out += time_text(WallTime{std::chrono::microseconds{answer.expires_at}});
  }
  if (!detail.empty()) {
    out += R"(","detail":")";
    append_escaped(out, detail);
  }
  out += R"("})";
}

}  // namespace

void append_allocation_reply(std::string& out, const AllocationRequest& request, const Outcome& outcome) {
  DTI_CHECK(outcome.error ? is_whole_request(outcome.error->status)
                          : outcome.programs.size() == request.programs.size());
  const std::size_t start = out.size();
  // The tail is written once to learn its size, which limits the size of the programs.
  append_tail(out, request, outcome);
  const std::size_t tail_size = out.size() - start;
  out.resize(start);

  out += R"({"semester":")";
  append_escaped(out, request.semester);
  out += outcome.error ? R"(","error-found":true,"error-message":")" : R"(","error-found":false,"error-message":")";
  if (outcome.error) out += wire_text(outcome.error->status);
  out += R"(","programs":[)";
  bool is_first = true;
  auto detail = outcome.details.begin();
  for (std::size_t i = 0; i < request.programs.size(); ++i) {
    const std::size_t size_before = out.size();
    if (!is_first) out += ',';
    const bool has_detail = detail != outcome.details.end() && detail->index == i;
    append_entry(out, request.programs[i],
                 outcome.error ? ProgramOutcome{outcome.error->status, {}} : outcome.programs[i],
                 has_detail ? std::string_view{detail->text} : std::string_view{});
    if (has_detail) ++detail;
    if (out.size() - start + tail_size > kReplyBytesMax) {
      out.resize(size_before);
    } else {
      is_first = false;
    }
  }
  append_tail(out, request, outcome);
}

std::string encode_allocation_reply(const AllocationRequest& request, const Outcome& outcome) {
  std::string out;
  out.reserve(256 + request.programs.size() * 256);
  append_allocation_reply(out, request, outcome);
  return out;
}

}  // namespace dti

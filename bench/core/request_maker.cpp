#include "core/request_maker.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <span>
#include <utility>

#include "core/random.hpp"
#include "dti/base/check.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti::bench {
namespace {

constexpr std::string_view kIdStart = "d71104d0-0000-4000-8000-";
constexpr std::size_t kNumberDigits = 12;

void put_hex(std::string& out, std::uint64_t bits, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[(bits >> shift) & 0xf];
}

// Looks like a random UUID, as a faculty gives one to each entry; the same for the same request.
void put_program_id(std::string& out, std::uint64_t bits, std::uint64_t more_bits) {
  out.clear();
  put_hex(out, bits >> 32, 8);
  out += '-';
  put_hex(out, bits >> 16, 4);
  out += "-4";
  put_hex(out, bits, 3);
  out += "-8";
  put_hex(out, more_bits >> 48, 3);
  out += '-';
  put_hex(out, more_bits, 12);
}

void put_request_id(std::string& out, std::uint64_t number) {
  out = kIdStart;
  const auto digits = std::to_string(number);
  DTI_CHECK(digits.size() <= kNumberDigits);
  out.append(kNumberDigits - digits.size(), '0').append(digits);
}

}  // namespace

RequestMaker::RequestMaker(const LoadCatalog& catalog, RequestMakerOptions options)
    : catalog_(catalog), options_(std::move(options)), programs_(catalog.program_count()) {
  std::iota(programs_.begin(), programs_.end(), std::uint32_t{0});
  Random random{options_.seed};
  const auto faculties = catalog_.faculties();
  for (std::uint32_t index = 0; index < faculties.size(); ++index) {
    const auto& faculty = faculties[index];
    if (options_.random) shuffle(std::span{programs_}.subspan(faculty.first, faculty.count), random);
    for (std::uint32_t done = 0; done < faculty.count;) {
      const auto count =
          static_cast<std::uint32_t>(std::min<std::size_t>(options_.programs_per_request, faculty.count - done));
      parts_.push_back({faculty.first + done, index, count});
      done += count;
    }
  }
  if (options_.random) shuffle(std::span{parts_}, random);
  DTI_CHECK(!parts_.empty() && !options_.semesters.empty());
}

std::string RequestMaker::encode(std::uint64_t number) { return encode_allocation_request(request(number)); }

const AllocationRequest& RequestMaker::request(std::uint64_t number) {
  DTI_CHECK(number < size());
  const auto& part = part_of(number);
  Random ids{number ^ (options_.seed << 32)};
  scratch_.semester = options_.semesters[semester_of(number)];
  scratch_.faculty_name = catalog_.faculties()[part.faculty].name;
  scratch_.programs.resize(part.count);
  for (std::uint32_t i = 0; i < part.count; ++i) {
    auto& program = scratch_.programs[i];
    const auto bits = ids.next();
    put_program_id(program.correlation_id, bits, ids.next());
    program.name = catalog_.program_name(programs_[part.first + i]);
    program.want = options_.want;
  }
  if (!scratch_.request_id) scratch_.request_id.emplace();
  put_request_id(*scratch_.request_id, number);
  return scratch_;
}

std::string request_id(std::uint64_t number) {
  std::string text;
  put_request_id(text, number);
  return text;
}

std::optional<std::uint64_t> number_of_request_id(std::string_view text) {
  if (text.size() != kIdStart.size() + kNumberDigits || !text.starts_with(kIdStart)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + kIdStart.size(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace dti::bench

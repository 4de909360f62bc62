#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/load_catalog.hpp"
#include "dti/domain/messages.hpp"

namespace dti::bench {

struct RequestMakerOptions {
  std::vector<std::string> semesters;
  std::size_t programs_per_request = 5;
  Want want{1, 1};
  bool random = true;  // the order; else that of the catalogue
  std::uint64_t seed = 1;
};

/// Every request that a catalogue has in some semesters, each program once a semester: numbered 0, 1, 2, … in the order
/// in which they are to be asked, one semester after the other. A request's bytes depend on nothing but the catalogue,
/// the options and its number, so that a repeat, a retry and another run with the same seed ask the very same thing.
/// Thread: one.
class RequestMaker {
 public:
  /// @param catalog  must outlive this; at least one program
  RequestMaker(const LoadCatalog& catalog, RequestMakerOptions options);

  /// How many requests there are.
  [[nodiscard]] std::uint64_t size() const { return options_.semesters.size() * parts_.size(); }

  /// The bytes of a request. @param number  0 to size() - 1
  [[nodiscard]] std::string encode(std::uint64_t number);
  /// The same, not encoded. It stands until the next call of either.
  [[nodiscard]] const AllocationRequest& request(std::uint64_t number);

  [[nodiscard]] std::size_t program_count(std::uint64_t number) const { return part_of(number).count; }
  /// The place of its semester among the options' semesters.
  [[nodiscard]] std::size_t semester_of(std::uint64_t number) const { return number / parts_.size(); }

 private:
  // What one request asks for, the same in each semester: programs_[first], … of that faculty.
  struct Part {
    std::uint32_t first = 0;
    std::uint32_t faculty = 0;
    std::uint32_t count = 0;
  };
  [[nodiscard]] const Part& part_of(std::uint64_t number) const { return parts_[number % parts_.size()]; }

  const LoadCatalog& catalog_;
  const RequestMakerOptions options_;
  std::vector<std::uint32_t> programs_;  // of the catalogue, in the order in which they are asked
  std::vector<Part> parts_;
  AllocationRequest scratch_;  // keeps its memory from one request to the next
};

/// The request's number in its request-id: a text of 36 characters that looks like a UUID and ends with the number.
[[nodiscard]] std::string request_id(std::uint64_t number);
/// @return none if it is not a text of request_id()
[[nodiscard]] std::optional<std::uint64_t> number_of_request_id(std::string_view text);

}  // namespace dti::bench

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/request_maker.hpp"

namespace dti::bench {

/// Requests that were encoded before the clock started, one behind the other: sending one copies nothing here.
class EncodedRequests {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{1} << 30;  // 1 GiB, some 1.7 million requests of 5 programs

  /// Encodes requests first, first + 1, …: `count` of them, or as many as fit.
  EncodedRequests(RequestMaker& maker, std::uint64_t first, std::uint64_t count);

  /// The bytes of a request, which stay where they are; empty if it is not one of those encoded.
  [[nodiscard]] std::string_view find(std::uint64_t number) const;

 private:
  std::uint64_t first_;
  std::string bytes_;
  std::vector<std::size_t> ends_;  // where each request ends
};

}  // namespace dti::bench

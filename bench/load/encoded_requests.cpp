#include "load/encoded_requests.hpp"

#include <algorithm>

namespace dti::bench {

EncodedRequests::EncodedRequests(RequestMaker& maker, std::uint64_t first, std::uint64_t count) : first_(first) {
  if (count == 0) return;
  const auto guess = (maker.encode(first).size() + 64) * count;  // names are about as long as one another
  bytes_.reserve(std::min<std::uint64_t>(guess, kBytesMax));
  ends_.reserve(count);
  for (auto number = first; number < first + count; ++number) {
    const auto request = maker.encode(number);
    if (bytes_.size() + request.size() > kBytesMax) return;
    bytes_ += request;
    ends_.push_back(bytes_.size());
  }
}

std::string_view EncodedRequests::find(std::uint64_t number) const {
  if (number < first_ || number - first_ >= ends_.size()) return {};
  const auto index = number - first_;
  const auto begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view{bytes_}.substr(begin, ends_[index] - begin);
}

}  // namespace dti::bench

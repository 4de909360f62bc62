#include "dti/service/client/uuid.hpp"

#include <string_view>

namespace dti {

std::string make_uuid(std::uint64_t first, std::uint64_t second) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";  // y is 8, 9, a or b
  std::string uuid(kPattern);
  auto bits = first;
  int digits = 0;
  for (auto& character : uuid) {
    if (character != 'x' && character != 'y') continue;
    if (digits++ == 16) bits = second;
    character = kDigits[character == 'x' ? bits & 0xf : 8 + (bits & 0x3)];
    bits >>= 4;
  }
  return uuid;
}

}  // namespace dti

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace dti {

/// Ends the process unless it holds; libFuzzer then keeps the input that broke it.
/// @param seen  what was found instead, for who looks into it
inline void claim(bool holds, const char* sentence, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken claim: %s\n", sentence);
  if (!seen.empty()) std::fprintf(stderr, "seen: %.*s\n", static_cast<int>(seen.size()), seen.data());
  std::abort();
}

}  // namespace dti

/// The program hands each input to `check`, a function of a std::string_view.
#define DTI_FUZZ_TARGET(check)                                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    check(std::string_view{reinterpret_cast<const char*>(data), size});               \
    return 0;                                                                         \
  }

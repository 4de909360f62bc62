#pragma once

#include <cstddef>
#include <string_view>

#include "dti/seals/seal.hpp"

namespace dti {

/// BLAKE2b-256 of bytes that arrive in parts. A copy continues on its own.
class Blake2b {
 public:
  Blake2b();

  void add(std::string_view bytes);
  /// The hash of all bytes so far. More may be added afterwards.
  [[nodiscard]] Seal finish() const;

 private:
  static constexpr std::size_t kStateBytes = 384;

  // The state of libsodium, which this header does not know.
  alignas(64) std::array<unsigned char, kStateBytes> state_;
};

}  // namespace dti

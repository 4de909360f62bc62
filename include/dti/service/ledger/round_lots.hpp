#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dti/domain/catalog.hpp"
#include "dti/seals/blake2b.hpp"

namespace dti {

inline constexpr std::size_t kRoundSecretBytes = 32;

/// The random number of a round. All zeros: none, for lots that are only provisional.
struct RoundSecret {
  std::array<std::uint8_t, kRoundSecretBytes> bytes{};

  friend bool operator==(const RoundSecret&, const RoundSecret&) = default;
};

/// The lots of the programs in a round, which decide between equal claims. The lot of a program does not depend on
/// which other programs take part.
/// Pure: the same secret, seal and program have the same lot on every machine.
class RoundLots {
 public:
  /// @param seal  of an entry, which no person has chosen
  RoundLots(const RoundSecret& secret, const Seal& seal);

  /// The first 8 bytes, the most significant one first, of BLAKE2b-256 of `dti-lot-1`, the secret, the seal, and the id
  /// of the program in 8 bytes.
  [[nodiscard]] std::uint64_t of(ProgramId program) const;

 private:
  Blake2b hash_;  // of all but the program
};

}  // namespace dti

#include "dti/seals/blake2b.hpp"

#include <sodium.h>

#include <cstring>

#include "dti/base/check.hpp"

namespace dti {
namespace {

using State = crypto_generichash_state;

// libsodium chooses the fast implementation for this processor when it is initialised.
bool is_initialised() {
  static const bool is_done = sodium_init() >= 0;
  return is_done;
}

}  // namespace

Blake2b::Blake2b() {
  static_assert(sizeof(State) <= kStateBytes && alignof(State) <= 64);
  DTI_CHECK(is_initialised());
  DTI_CHECK(crypto_generichash_init(reinterpret_cast<State*>(state_.data()), nullptr, 0, kSealBytes) == 0);
}

void Blake2b::add(std::string_view bytes) {
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  DTI_CHECK(crypto_generichash_update(reinterpret_cast<State*>(state_.data()), data, bytes.size()) == 0);
}

Seal Blake2b::finish() const {
  State state;
  std::memcpy(&state, state_.data(), sizeof state);
  Seal seal;
  DTI_CHECK(crypto_generichash_final(&state, seal.bytes.data(), seal.bytes.size()) == 0);
  return seal;
}

}  // namespace dti

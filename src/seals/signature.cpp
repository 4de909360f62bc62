#include "dti/seals/signature.hpp"

#include <sodium.h>

#include <algorithm>

#include "dti/base/check.hpp"
#include "seals/hex.hpp"

namespace dti {
namespace {

static_assert(kSigningKeyBytes == crypto_sign_SEEDBYTES && kSigningKeyBytes == crypto_sign_PUBLICKEYBYTES &&
              kSignatureBytes == crypto_sign_BYTES);

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// The two halves as libsodium has them; the secret one is overwritten at the end.
struct Pair {
  explicit Pair(const SigningSecretKey& key) {
    DTI_CHECK(crypto_sign_seed_keypair(public_half.bytes.data(), secret.data(), key.seed().data()) == 0);
  }
  ~Pair() { sodium_memzero(secret.data(), secret.size()); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  SigningPublicKey public_half;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
};

}  // namespace

SigningSecretKey::SigningSecretKey(std::span<const std::uint8_t, kSigningKeyBytes> seed) {
  std::copy(seed.begin(), seed.end(), seed_.begin());
}

SigningSecretKey::~SigningSecretKey() { sodium_memzero(seed_.data(), seed_.size()); }

SigningSecretKey make_signing_key() {
  DTI_CHECK(sodium_init() >= 0);  // it may have been called before
  std::array<std::uint8_t, kSigningKeyBytes> seed{};
  randombytes_buf(seed.data(), seed.size());
  SigningSecretKey key{seed};
  sodium_memzero(seed.data(), seed.size());
  return key;
}

SigningPublicKey public_half(const SigningSecretKey& secret) { return Pair{secret}.public_half; }

Signature sign(const SigningSecretKey& secret, std::string_view text) {
  const Pair pair{secret};
  Signature signature;
  DTI_CHECK(crypto_sign_detached(signature.bytes.data(), nullptr, bytes_of(text), text.size(), pair.secret.data()) ==
            0);
  return signature;
}

bool is_signed_by(const SigningPublicKey& key, std::string_view text, const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), bytes_of(text), text.size(), key.bytes.data()) == 0;
}

std::string hex_text(const SigningPublicKey& key) { return hex_of(key.bytes); }
std::string hex_text(const SigningSecretKey& key) { return hex_of(key.seed()); }
std::string hex_text(const Signature& signature) { return hex_of(signature.bytes); }

std::optional<SigningPublicKey> parse_signing_public_key(std::string_view text) {
  const auto bytes = parse_hex<kSigningKeyBytes>(text);
  return bytes ? std::optional{SigningPublicKey{*bytes}} : std::nullopt;
}

std::optional<SigningSecretKey> parse_signing_secret_key(std::string_view text) {
  auto bytes = parse_hex<kSigningKeyBytes>(text);
  if (!bytes) return std::nullopt;
  SigningSecretKey key{*bytes};
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

std::optional<Signature> parse_signature(std::string_view text) {
  const auto bytes = parse_hex<kSignatureBytes>(text);
  return bytes ? std::optional{Signature{*bytes}} : std::nullopt;
}

}  // namespace dti

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dti {

inline constexpr std::size_t kSigningKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

/// The public half of an Ed25519 key.
struct SigningPublicKey {
  std::array<std::uint8_t, kSigningKeyBytes> bytes{};

  friend bool operator==(const SigningPublicKey&, const SigningPublicKey&) = default;
};

/// The secret half of an Ed25519 key: its seed. Its memory is overwritten when it is destroyed.
class SigningSecretKey {
 public:
  explicit SigningSecretKey(std::span<const std::uint8_t, kSigningKeyBytes> seed);
  SigningSecretKey(const SigningSecretKey&) = default;
  SigningSecretKey& operator=(const SigningSecretKey&) = default;
  ~SigningSecretKey();

  [[nodiscard]] std::span<const std::uint8_t, kSigningKeyBytes> seed() const { return seed_; }

 private:
  std::array<std::uint8_t, kSigningKeyBytes> seed_{};
};

struct Signature {
  std::array<std::uint8_t, kSignatureBytes> bytes{};

  friend bool operator==(const Signature&, const Signature&) = default;
};

/// Makes a new key from the random numbers of the system.
[[nodiscard]] SigningSecretKey make_signing_key();
[[nodiscard]] SigningPublicKey public_half(const SigningSecretKey& secret);

[[nodiscard]] Signature sign(const SigningSecretKey& secret, std::string_view text);
[[nodiscard]] bool is_signed_by(const SigningPublicKey& key, std::string_view text, const Signature& signature);

/// Hexadecimal digits in lower case.
[[nodiscard]] std::string hex_text(const SigningPublicKey& key);
[[nodiscard]] std::string hex_text(const SigningSecretKey& key);
[[nodiscard]] std::string hex_text(const Signature& signature);

/// Reads hexadecimal digits. @return none if the text is something else
[[nodiscard]] std::optional<SigningPublicKey> parse_signing_public_key(std::string_view text);
[[nodiscard]] std::optional<SigningSecretKey> parse_signing_secret_key(std::string_view text);
[[nodiscard]] std::optional<Signature> parse_signature(std::string_view text);

}  // namespace dti

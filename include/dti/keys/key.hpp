#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dti {

inline constexpr std::size_t kKeyBytes = 32;

/// The public half of a CURVE key: a number on Curve25519.
struct PublicKey {
  std::array<std::uint8_t, kKeyBytes> bytes{};

  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

/// The secret half of a CURVE key. Its memory is overwritten when it is destroyed.
class SecretKey {
 public:
  explicit SecretKey(std::span<const std::uint8_t, kKeyBytes> bytes);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  [[nodiscard]] std::span<const std::uint8_t, kKeyBytes> bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, kKeyBytes> bytes_{};
};

struct KeyPair {
  PublicKey public_key;
  SecretKey secret_key;
};

/// Makes a new key from the random numbers of the system.
[[nodiscard]] KeyPair make_key_pair();

/// The public half that belongs to a secret one.
[[nodiscard]] PublicKey public_half(const SecretKey& secret);

/// Tells whether a public key can belong to a secret one. With one of the few numbers that cannot, a client needs no
/// secret to prove the key.
[[nodiscard]] bool is_provable(const PublicKey& key);

/// Compares all bytes in every case, so that the time tells nothing about a key.
[[nodiscard]] bool is_same_key(const PublicKey& left, const PublicKey& right);

/// A key as 64 hexadecimal digits in lower case, which need no quotes in a shell and survive a mail.
[[nodiscard]] std::string key_text(const PublicKey& key);
[[nodiscard]] std::string key_text(const SecretKey& key);

/// The first 8 digits of key_text(), for logs.
[[nodiscard]] std::string key_prefix(const PublicKey& key);

/// Reads 64 hexadecimal digits, in upper or lower case. @return none if the text is something else
[[nodiscard]] std::optional<PublicKey> parse_public_key(std::string_view text);
[[nodiscard]] std::optional<SecretKey> parse_secret_key(std::string_view text);

/// Hexadecimal digits that no one can guess, from the random numbers of the system.
/// @param count  even
[[nodiscard]] std::string random_digits(std::size_t count);

/// Overwrites a text that contained a secret, and empties it.
void wipe(std::string& text);

}  // namespace dti

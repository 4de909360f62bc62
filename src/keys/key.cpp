#include "dti/keys/key.hpp"

#include <sodium.h>

#include <algorithm>

#include "dti/base/check.hpp"

namespace dti {
namespace {

using Bytes = std::array<std::uint8_t, kKeyBytes>;

static_assert(kKeyBytes == crypto_box_PUBLICKEYBYTES && kKeyBytes == crypto_box_SECRETKEYBYTES);

std::string hex_text(std::span<const std::uint8_t, kKeyBytes> bytes) {
  std::string text(2 * kKeyBytes + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

std::optional<Bytes> parse_hex(std::string_view text) {
  Bytes bytes{};
  std::size_t size = 0;
  if (text.size() != 2 * kKeyBytes) return std::nullopt;
  if (sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr) != 0) {
    return std::nullopt;
  }
  return size == kKeyBytes ? std::optional{bytes} : std::nullopt;
}

}  // namespace

SecretKey::SecretKey(std::span<const std::uint8_t, kKeyBytes> bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

KeyPair make_key_pair() {
  DTI_CHECK(sodium_init() >= 0);  // it may have been called before
  PublicKey public_key;
  Bytes secret{};
  DTI_CHECK(crypto_box_keypair(public_key.bytes.data(), secret.data()) == 0);
  KeyPair pair{public_key, SecretKey{secret}};
  sodium_memzero(secret.data(), secret.size());
  return pair;
}

PublicKey public_half(const SecretKey& secret) {
  PublicKey key;
  DTI_CHECK(crypto_scalarmult_base(key.bytes.data(), secret.bytes().data()) == 0);
  return key;
}

bool is_provable(const PublicKey& key) {
  Bytes any{1};
  Bytes product{};
  return crypto_scalarmult(product.data(), any.data(), key.bytes.data()) == 0;
}

bool is_same_key(const PublicKey& left, const PublicKey& right) {
  return sodium_memcmp(left.bytes.data(), right.bytes.data(), kKeyBytes) == 0;
}

std::string key_text(const PublicKey& key) { return hex_text(key.bytes); }

std::string key_text(const SecretKey& key) { return hex_text(key.bytes()); }

std::string key_prefix(const PublicKey& key) { return key_text(key).substr(0, 8); }

std::optional<PublicKey> parse_public_key(std::string_view text) {
  const auto bytes = parse_hex(text);
  if (!bytes) return std::nullopt;
  return PublicKey{*bytes};
}

std::optional<SecretKey> parse_secret_key(std::string_view text) {
  auto bytes = parse_hex(text);
  if (!bytes) return std::nullopt;
  SecretKey key{*bytes};
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

std::string random_digits(std::size_t count) {
  DTI_CHECK(sodium_init() >= 0);  // it may have been called before
  std::string bytes(count / 2, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  text.pop_back();
  return text;
}

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace dti

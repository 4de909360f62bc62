#include "dti/seals/seal.hpp"

#include <sodium.h>

#include <algorithm>

#include "dti/base/check.hpp"

namespace dti {
namespace {

template <std::size_t kSize>
std::string hex_of(const std::array<std::uint8_t, kSize>& bytes) {
  std::string text(2 * kSize + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

template <class Item>
std::optional<Item> parse_hex(std::string_view text) {
  Item item;
  std::size_t size = 0;
  if (text.size() != 2 * item.bytes.size()) return std::nullopt;
  if (sodium_hex2bin(item.bytes.data(), item.bytes.size(), text.data(), text.size(), nullptr, &size, nullptr) != 0) {
    return std::nullopt;
  }
  return size == item.bytes.size() ? std::optional{item} : std::nullopt;
}

template <class Item>
std::optional<Item> of_bytes(std::string_view bytes) {
  Item item;
  if (bytes.size() != item.bytes.size()) return std::nullopt;
  std::transform(bytes.begin(), bytes.end(), item.bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return item;
}

}  // namespace

StoreId make_store_id() {
  DTI_CHECK(sodium_init() >= 0);  // it may have been called before
  StoreId id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  return id;
}

std::string hex_text(const Seal& seal) { return hex_of(seal.bytes); }
std::string hex_text(const StoreId& id) { return hex_of(id.bytes); }
std::optional<Seal> parse_seal(std::string_view text) { return parse_hex<Seal>(text); }
std::optional<StoreId> parse_store_id(std::string_view text) { return parse_hex<StoreId>(text); }
std::optional<Seal> seal_of_bytes(std::string_view bytes) { return of_bytes<Seal>(bytes); }
std::optional<StoreId> store_id_of_bytes(std::string_view bytes) { return of_bytes<StoreId>(bytes); }

}  // namespace dti

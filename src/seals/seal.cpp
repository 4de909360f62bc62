#include "dti/seals/seal.hpp"

#include <sodium.h>

#include <algorithm>

#include "dti/base/check.hpp"
#include "seals/hex.hpp"

namespace dti {
namespace {

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
std::optional<Seal> parse_seal(std::string_view text) {
  const auto bytes = parse_hex<kSealBytes>(text);
  return bytes ? std::optional{Seal{*bytes}} : std::nullopt;
}
std::optional<StoreId> parse_store_id(std::string_view text) {
  const auto bytes = parse_hex<kStoreIdBytes>(text);
  return bytes ? std::optional{StoreId{*bytes}} : std::nullopt;
}
std::optional<Seal> seal_of_bytes(std::string_view bytes) { return of_bytes<Seal>(bytes); }
std::optional<StoreId> store_id_of_bytes(std::string_view bytes) { return of_bytes<StoreId>(bytes); }

}  // namespace dti

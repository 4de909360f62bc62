#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

inline constexpr std::size_t kSealBytes = 32;
inline constexpr std::size_t kStoreIdBytes = 16;

/// The BLAKE2b-256 hash of a part of a ledger and of the seal before it. All zeros: no seal.
struct Seal {
  std::array<std::uint8_t, kSealBytes> bytes{};

  friend bool operator==(const Seal&, const Seal&) = default;
};

/// The random number of a store, which its seals contain. All zeros: the store has none yet.
struct StoreId {
  std::array<std::uint8_t, kStoreIdBytes> bytes{};

  friend bool operator==(const StoreId&, const StoreId&) = default;
};

/// A new number, from the random numbers of the system.
[[nodiscard]] StoreId make_store_id();

/// Hexadecimal digits in lower case.
[[nodiscard]] std::string hex_text(const Seal& seal);
[[nodiscard]] std::string hex_text(const StoreId& id);

/// Reads hexadecimal digits. @return none if the text is something else
[[nodiscard]] std::optional<Seal> parse_seal(std::string_view text);
[[nodiscard]] std::optional<StoreId> parse_store_id(std::string_view text);

/// Reads the bytes. @return none if their number is wrong
[[nodiscard]] std::optional<Seal> seal_of_bytes(std::string_view bytes);
[[nodiscard]] std::optional<StoreId> store_id_of_bytes(std::string_view bytes);

}  // namespace dti

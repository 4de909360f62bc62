#include "dti/domain/name_index.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {
namespace {

constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kPrefetched = 16;  // about the number of cache misses that a core can wait for at a time

}  // namespace

std::uint32_t NameIndex::hash_of(std::uint32_t scope, std::string_view text) {
  constexpr std::uint64_t kGoldenRatio = 0x9E37'79B9'7F4A'7C15;
  const auto mixed = (std::hash<std::string_view>{}(text) ^ (scope * kGoldenRatio)) * kGoldenRatio;
  return static_cast<std::uint32_t>(mixed >> 32);
}

std::string_view NameIndex::text_of(const Slot& slot) const {
  std::uint32_t length = 0;
  std::memcpy(&length, texts_.data() + slot.text, sizeof length);
  return std::string_view{texts_}.substr(slot.text + sizeof length, length);
}

std::uint32_t NameIndex::find(std::uint32_t scope, std::string_view text) const {
  return slots_.empty() ? 0 : find_hashed(hash_of(scope, text), scope, text);
}

std::uint32_t NameIndex::find_hashed(std::uint32_t hash, std::uint32_t scope, std::string_view text) const {
  const auto mask = slots_.size() - 1;
  for (auto i = hash & mask; slots_[i].number != 0; i = (i + 1) & mask) {
    const auto& slot = slots_[i];
    if (slot.hash == hash && slot.scope == scope && text_of(slot) == text) return slot.number;
  }
  return 0;
}

void NameIndex::find_all(std::uint32_t scope, std::span<const std::string_view> texts,
                         std::span<std::uint32_t> numbers) const {
  DTI_CHECK(texts.size() == numbers.size());
  std::fill(numbers.begin(), numbers.end(), 0);
  if (slots_.empty()) return;
  const auto mask = slots_.size() - 1;
  std::array<std::uint32_t, kPrefetched> hashes;
  for (std::size_t first = 0; first < texts.size(); first += kPrefetched) {
    const auto some = texts.subspan(first, std::min(kPrefetched, texts.size() - first));
    for (std::size_t i = 0; i < some.size(); ++i) {
      hashes[i] = hash_of(scope, some[i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    // Most texts are in the slot of their hash.
    for (std::size_t i = 0; i < some.size(); ++i) __builtin_prefetch(texts_.data() + slots_[hashes[i] & mask].text);
    for (std::size_t i = 0; i < some.size(); ++i) numbers[first + i] = find_hashed(hashes[i], scope, some[i]);
  }
}

void NameIndex::add(std::uint32_t scope, std::string_view text, std::uint32_t number) {
  DTI_CHECK(number != 0);
  const auto length = static_cast<std::uint32_t>(text.size());
  DTI_CHECK(texts_.size() + sizeof length + text.size() <= std::numeric_limits<std::uint32_t>::max());
  if (2 * (size_ + 1) > slots_.size()) grow();
  const Slot slot{number, scope, hash_of(scope, text), static_cast<std::uint32_t>(texts_.size())};
  texts_.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  put(slot);
  ++size_;
}

void NameIndex::grow() {
  const auto old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? kSlotsMin : 2 * slots_.size()));
  for (const auto& slot : old) {
    if (slot.number != 0) put(slot);
  }
}

void NameIndex::put(const Slot& slot) {
  const auto mask = slots_.size() - 1;
  auto i = slot.hash & mask;
  while (slots_[i].number != 0) i = (i + 1) & mask;
  slots_[i] = slot;
}

}  // namespace dti

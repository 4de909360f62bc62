#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// Finds a number by a text within a scope: one flat table and one arena, so that a look costs two cache misses where a
/// map of nodes costs four. It is only added to. Thread: one that adds, or any number that look.
class NameIndex {
 public:
  /// @return the number that the text has in that scope; 0 if it has none
  [[nodiscard]] std::uint32_t find(std::uint32_t scope, std::string_view text) const;

  /// find() of many texts at once, which waits for memory once instead of once for each.
  /// @param numbers  as many as texts; each is set to what find() returns
  void find_all(std::uint32_t scope, std::span<const std::string_view> texts, std::span<std::uint32_t> numbers) const;

  /// @param text  has no number in that scope yet  @param number  at least 1
  void add(std::uint32_t scope, std::string_view text, std::uint32_t number);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t number = 0;  // 0: empty
    std::uint32_t scope = 0;
    std::uint32_t hash = 0;  // of scope and text: the arena is read only if it is equal, and not at all to grow
    std::uint32_t text = 0;  // where it starts in texts_, with its length before it
  };

  [[nodiscard]] std::uint32_t find_hashed(std::uint32_t hash, std::uint32_t scope, std::string_view text) const;
  [[nodiscard]] static std::uint32_t hash_of(std::uint32_t scope, std::string_view text);
  [[nodiscard]] std::string_view text_of(const Slot& slot) const;
  void grow();
  void put(const Slot& slot);

  std::vector<Slot> slots_;  // a power of two of them, at most half of them used; the next free one after the hash's
  std::string texts_;
  std::size_t size_ = 0;
};

}  // namespace dti

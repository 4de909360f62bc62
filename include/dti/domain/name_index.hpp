#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// Maps a text within a scope to a number. It has one flat table and one arena, so that find() costs two cache misses;
/// a map of nodes costs four. Texts can be added but not removed. Thread: one that adds, or any number that read.
class NameIndex {
 public:
  /// @return the number of the text in that scope; 0 if it has none
  [[nodiscard]] std::uint32_t find(std::uint32_t scope, std::string_view text) const;

  /// Calls find() for many texts, so that the cache misses of several texts overlap.
  /// @param numbers  has the size of `texts`; find_all() sets each number to the result of find()
  void find_all(std::uint32_t scope, std::span<const std::string_view> texts, std::span<std::uint32_t> numbers) const;

  /// Adds a text.
  /// @param text  has no number in that scope yet
  /// @param number  at least 1
  void add(std::uint32_t scope, std::string_view text, std::uint32_t number);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t number = 0;  // 0: empty
    std::uint32_t scope = 0;
    std::uint32_t hash = 0;  // of scope and text; find() reads the arena only if the hash is equal, grow() never
    std::uint32_t text = 0;  // its start in texts_; the length of the text is before it
  };

  [[nodiscard]] std::uint32_t find_hashed(std::uint32_t hash, std::uint32_t scope, std::string_view text) const;
  [[nodiscard]] static std::uint32_t hash_of(std::uint32_t scope, std::string_view text);
  [[nodiscard]] std::string_view text_of(const Slot& slot) const;
  void grow();
  void put(const Slot& slot);

  // The size is a power of two, and at most half of the slots are used. A text is in the slot of its hash, or in the
  // next one that was free.
  std::vector<Slot> slots_;
  std::string texts_;
  std::size_t size_ = 0;
};

}  // namespace dti

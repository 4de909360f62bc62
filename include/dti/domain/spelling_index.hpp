#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/name_index.hpp"

namespace dti {

/// Maps a name within a scope to its number, in any accepted spelling. It distinguishes names with the same name_key()
/// by their separators. Names can be added but not removed. Thread: one that adds, or any number that read.
/// Source: docs/adr/0007-identity-of-programs.md
class SpellingIndex {
 public:
  /// How a name relates to the names in the index.
  struct Place {
    std::uint32_t number = 0;      // of the same name in the index, in this or another spelling; 0: the name is new
    bool only_looks_like = false;  // the name in the index has different letters that look the same
    bool is_spelled = false;       // the name in the index has, or had, exactly this spelling
    std::string key = {};          // the key for storing a new name
  };

  /// Adds a name, with the number size() + 1.
  /// @param key  the stored key of the name; no other name of the scope has it
  void add(std::uint32_t scope, std::string_view name, std::string_view key);

  /// Shows a name of the index in another spelling from now on. @param name  has the same stored key
  void respell(std::uint32_t scope, std::uint32_t number, std::string_view name);

  /// @return the number of the name; 0 if there is none, or if the spelling could mean several names
  [[nodiscard]] std::uint32_t find(std::uint32_t scope, std::string_view name) const;

  /// Calls find() for many names.
  /// @param numbers  has the size of `names`; find_all() sets each number to the result of find()
  void find_all(std::uint32_t scope, std::span<const std::string_view> names, std::span<std::uint32_t> numbers) const;

  /// @return the number of the name with that stored key; 0 if there is none
  [[nodiscard]] std::uint32_t find_key(std::uint32_t scope, std::string_view key) const {
    return keys_.find(scope, key);
  }

  /// Finds the place of a name from a catalogue file.
  [[nodiscard]] Place place(std::uint32_t scope, std::string_view name) const;

  /// The names that a spelling could mean: those with the same name_key(), if there are several. Otherwise empty.
  [[nodiscard]] std::vector<std::uint32_t> candidates(std::uint32_t scope, std::string_view name) const;

  [[nodiscard]] const std::string& name(std::uint32_t number) const { return names_[number - 1]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  // Names with the same name_key(). At least one of them has another stored key.
  struct Group {
    std::vector<std::uint32_t> numbers;
    bool by_separators = false;  // the stored key of at least one of them is its separated_key()
  };

  [[nodiscard]] const Group* find_group(std::uint32_t scope, std::string_view key) const;
  [[nodiscard]] std::uint32_t choose(const Group& group, std::string_view name, std::uint32_t plain) const;

  NameIndex spelled_;     // by the stored spelling; most requests use it and need no key
  NameIndex keys_;        // by the stored key
  NameIndex groups_of_;   // by name_key(): the index in groups_, from 1
  NameIndex lookalikes_;  // by name_key() of latin_lookalike(), for the names that have one
  std::vector<Group> groups_;
  std::vector<std::string> names_;  // names_[number - 1]
};

}  // namespace dti

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/name_index.hpp"

namespace dti {

/// Finds a name's number within a scope, in any spelling that means it. Names whose name_key() is the same are told
/// apart by their separators. It is only added to. Thread: one that adds, or any number that look.
/// Source: docs/adr/0007-identity-of-programs.md
class SpellingIndex {
 public:
  /// Where a name of a new catalogue belongs.
  struct Place {
    std::uint32_t number = 0;      // of the name that is there already, in this spelling or another; 0: none
    bool only_looks_like = false;  // that name has other letters, which look the same
    std::string key = {};          // under which to store a new name
  };

  /// Adds the name whose number is size() + 1.
  /// @param key  as stored with it, which no other name of the scope has
  void add(std::uint32_t scope, std::string_view name, std::string_view key);

  /// @return the number of the name that is meant; 0 if there is none, or several could be meant
  [[nodiscard]] std::uint32_t find(std::uint32_t scope, std::string_view name) const;

  /// find() for many names at once.
  /// @param numbers  as many as names; each is set to what find() returns
  void find_all(std::uint32_t scope, std::span<const std::string_view> names, std::span<std::uint32_t> numbers) const;

  /// @return the number that is stored under that key; 0 if there is none
  [[nodiscard]] std::uint32_t find_key(std::uint32_t scope, std::string_view key) const {
    return keys_.find(scope, key);
  }

  /// Where a name belongs that is to be added.
  [[nodiscard]] Place place(std::uint32_t scope, std::string_view name) const;

  /// The names that have the same name_key() as this one, if there are several: a spelling that find() does not find may
  /// mean any of them.
  [[nodiscard]] std::vector<std::uint32_t> candidates(std::uint32_t scope, std::string_view name) const;

  [[nodiscard]] const std::string& name(std::uint32_t number) const { return names_[number - 1]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  // Names with one name_key(), of which at least one is stored under another key.
  struct Group {
    std::vector<std::uint32_t> numbers;
    bool by_separators = false;  // one of them is stored under its separated_key()
  };

  [[nodiscard]] const Group* find_group(std::uint32_t scope, std::string_view key) const;
  [[nodiscard]] std::uint32_t choose(const Group& group, std::string_view name, std::uint32_t plain) const;

  NameIndex spelled_;     // by the name as it is spelled: most requests spell it so, and need no key
  NameIndex keys_;        // by the stored key
  NameIndex groups_of_;   // by name_key(): the index in groups_, from 1
  NameIndex lookalikes_;  // by name_key() of latin_lookalike(), for the few names that have one
  std::vector<Group> groups_;
  std::vector<std::string> names_;  // names_[number - 1]
};

}  // namespace dti

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/keys/key.hpp"
#include "dti/keys/key_fault.hpp"
#include "dti/keys/role.hpp"

namespace dti {

/// One key of a key list, with the name of its owner.
struct ListedKey {
  std::string name;
  KeyRole role;
  PublicKey key;

  friend bool operator==(const ListedKey&, const ListedKey&) = default;
};

/// The keys that a process accepts.
using KeyList = std::vector<ListedKey>;

inline constexpr std::size_t kKeysMax = 1'000;       // a reload checks each of them: 0.1 s in all
inline constexpr std::size_t kKeysOfOneNameMax = 2;  // the one in use, and its successor

/// Reads the text of a key list: TOML with a table `[[key]]` for each key, which has the texts `name`, `role` and
/// `public`, each once. An empty list is valid: it accepts no key.
/// @return the keys in the order of the file; or the first fault
[[nodiscard]] std::variant<KeyList, KeyFault> parse_key_list(std::string_view text);

/// The text of a changed list.
struct KeyListText {
  std::string text;
};

/// A list with one more key, as text. The comments stay.
/// @param text  a list that parse_key_list() accepts
/// @return the text; or why the key cannot be added, as a clause
[[nodiscard]] std::variant<KeyListText, std::string> with_key(std::string_view text, const ListedKey& key);

/// A list without one key, as text. The comments stay, except those inside the table of the key.
/// @param text  a list that parse_key_list() accepts
/// @param index  of the key in the list
[[nodiscard]] KeyListText without_key(std::string_view text, std::size_t index);

}  // namespace dti

#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/keys/key.hpp"
#include "dti/keys/key_fault.hpp"

namespace dti {

/// A key file: the key of one process.
struct KeyFile {
  std::string name;
  KeyPair key;
};

/// Reads the text of a key file: TOML with the texts `name`, `public` and `secret`, each once.
/// @return the key; or the first fault. A public half that does not belong to the secret one is a fault
[[nodiscard]] std::variant<KeyFile, KeyFault> parse_key_file(std::string_view text);

/// The text that parse_key_file() reads.
[[nodiscard]] std::string key_file_text(const KeyFile& file);

/// The line that the owner of a key hands over: `PUBLIC-KEY NAME`.
[[nodiscard]] std::string public_line(const PublicKey& key, std::string_view name);

/// Reads a public_line().
struct NamedKey {
  std::string name;
  PublicKey key;
};
/// @return the key and its name; or why the text is not such a line, as the rest of a sentence
[[nodiscard]] std::variant<NamedKey, std::string> parse_public_line(std::string_view text);

}  // namespace dti

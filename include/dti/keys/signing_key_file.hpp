#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/keys/key_fault.hpp"
#include "dti/seals/signature.hpp"

namespace dti {

/// A signing key file: the key with which dtictl head signs.
struct SigningKeyFile {
  std::string name;
  SigningSecretKey key;
};

/// Reads TOML with the texts `signer`, `verify` (the public half) and `sign` (the secret half), each once.
/// @return the key; or the first fault. A public half that does not belong to the secret one is a fault
[[nodiscard]] std::variant<SigningKeyFile, KeyFault> parse_signing_key_file(std::string_view text);

/// The text that parse_signing_key_file() reads.
[[nodiscard]] std::string signing_key_file_text(const SigningKeyFile& file);

/// The line that dtictl key new --signing prints: `PUBLIC-KEY NAME`.
[[nodiscard]] std::string signing_public_line(const SigningPublicKey& key, std::string_view name);

/// Reads such lines; empty ones, and those that begin with #, do not count.
[[nodiscard]] std::variant<std::vector<SigningPublicKey>, KeyFault> parse_signing_public_lines(std::string_view text);

}  // namespace dti

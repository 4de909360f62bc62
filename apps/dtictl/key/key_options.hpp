#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/lists/list_settings.hpp"
#include "dti/cli/settings.hpp"
#include "dti/keys/key_file.hpp"
#include "dti/keys/key_list.hpp"

namespace dti {

// The options of the commands `dtictl key …`. Source: docs/settings.md, Flags.

struct KeyNewOptions {
  std::string name;            // of the key
  bool is_signing = false;     // for dtictl head
  std::filesystem::path path;  // NAME.key or NAME.signing
};

struct KeyPublicOptions {
  std::string path;  // of a key file
};

struct KeyAddOptions {
  std::filesystem::path keys;
  ListedKey key;
};

struct KeyRemoveOptions {
  std::filesystem::path keys;
  std::string which;  // a name, or the first digits of a public key
};

struct KeyListOptions {
  std::filesystem::path keys;
  ListChoice list;
};

[[nodiscard]] AppDescription describe_key_new();
[[nodiscard]] AppDescription describe_key_public();
[[nodiscard]] AppDescription describe_key_add();
[[nodiscard]] AppDescription describe_key_remove();
[[nodiscard]] AppDescription describe_key_list();

/// @param args  the command line after `dtictl key new`, and so on
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<KeyNewOptions, UsageExit> parse_key_new(std::span<const std::string> args,
                                                                   const Surroundings& surroundings);
[[nodiscard]] std::variant<KeyPublicOptions, UsageExit> parse_key_public(std::span<const std::string> args,
                                                                         const Surroundings& surroundings);
[[nodiscard]] std::variant<KeyAddOptions, UsageExit> parse_key_add(std::span<const std::string> args,
                                                                   const Surroundings& surroundings);
[[nodiscard]] std::variant<KeyRemoveOptions, UsageExit> parse_key_remove(std::span<const std::string> args,
                                                                         const Surroundings& surroundings);
[[nodiscard]] std::variant<KeyListOptions, UsageExit> parse_key_list_options(std::span<const std::string> args,
                                                                             const Surroundings& surroundings);

}  // namespace dti

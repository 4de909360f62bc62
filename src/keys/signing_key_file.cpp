#include "dti/keys/signing_key_file.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "dti/keys/key.hpp"
#include "dti/keys/role.hpp"
#include "keys/key_lines.hpp"

namespace dti {
namespace {

// Other keys than those of a key file, so that no file is taken for the other kind.
constexpr char kName[] = "signer";
constexpr char kPublic[] = "verify";
constexpr char kSecret[] = "sign";

struct Value {
  std::string text;
  std::size_t line = 0;
};

/// The values of the file, by key. They are overwritten at the end.
struct Values {
  ~Values() {
    for (auto& [key, value] : all) wipe(value.text);
  }
  std::map<std::string, Value, std::less<>> all;
};

std::optional<KeyFault> read_values(std::string_view text, Values& values) {
  KeyLines lines{text};
  while (auto next = lines.next()) {
    if (auto* fault = std::get_if<KeyFault>(&*next)) return std::move(*fault);
    auto& line = std::get<TomlLine>(*next);
    if (line.kind == TomlLine::Kind::kNothing) continue;
    const bool is_known = line.key == kName || line.key == kPublic || line.key == kSecret;
    if (line.kind != TomlLine::Kind::kValue || !is_known) {
      return KeyFault{lines.number(), "a signing key file has only signer, verify and sign"};
    }
    if (!values.all.try_emplace(line.key, Value{std::move(line.value), lines.number()}).second) {
      return KeyFault{lines.number(), line.key + " is there twice"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<SigningKeyFile, KeyFault> parse_signing_key_file(std::string_view text) {
  Values values;
  if (auto fault = read_values(text, values)) return *std::move(fault);
  for (const auto* key : {kName, kPublic, kSecret}) {
    if (!values.all.contains(key)) return KeyFault{0, std::string{"is no signing key file: it has no "} + key};
  }
  const auto& name = values.all.at(kName);
  const auto& public_text = values.all.at(kPublic);
  const auto& secret_text = values.all.at(kSecret);
  if (const auto fault = key_name_fault(name.text)) return KeyFault{name.line, "the name " + *fault};
  const auto secret = parse_signing_secret_key(secret_text.text);
  if (!secret) return KeyFault{secret_text.line, "sign is not 64 hexadecimal digits"};
  if (parse_signing_public_key(public_text.text) != public_half(*secret)) {
    return KeyFault{public_text.line, "verify does not belong to sign: make a new key with dtictl key new --signing"};
  }
  return SigningKeyFile{name.text, *secret};
}

std::string signing_key_file_text(const SigningKeyFile& file) {
  auto secret = hex_text(file.key);
  auto text = "# The secret key with which dtictl head signs. Only its user may read this file; never send it.\n" +
              toml_line(kName, file.name) + '\n' + toml_line(kPublic, hex_text(public_half(file.key))) + '\n';
  text += toml_line(kSecret, secret) + '\n';
  wipe(secret);
  return text;
}

std::string signing_public_line(const SigningPublicKey& key, std::string_view name) {
  return hex_text(key) + ' ' + std::string{name};
}

std::variant<std::vector<SigningPublicKey>, KeyFault> parse_signing_public_lines(std::string_view text) {
  std::vector<SigningPublicKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto key = parse_signing_public_key(line.substr(0, line.find(' ')));
    if (!key)
      return KeyFault{number, "is not a line of dtictl key new --signing: 64 hexadecimal digits, a space and a name"};
    keys.push_back(*key);
  }
  if (keys.empty()) return KeyFault{0, "has no key"};
  return keys;
}

}  // namespace dti

#include "dti/keys/key_file.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/keys/role.hpp"
#include "keys/key_lines.hpp"

namespace dti {
namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024;
constexpr std::string_view kNotAKey = " is not 64 hexadecimal digits";

/// The values of the file, by key. The secret in it is overwritten at the end.
struct Values {
  ~Values() { wipe(secret.text); }
  struct Value {
    std::string text;
    std::size_t line = 0;  // 0: it is missing
  };
  Value name, public_half, secret;

  [[nodiscard]] Value* find(std::string_view key) {
    return key == "name" ? &name : key == "public" ? &public_half : key == "secret" ? &secret : nullptr;
  }
};

std::optional<KeyFault> read_values(std::string_view text, Values& values) {
  KeyLines lines{text};
  while (auto next = lines.next()) {
    if (auto* fault = std::get_if<KeyFault>(&*next)) return std::move(*fault);
    auto& line = std::get<TomlLine>(*next);
    if (line.kind == TomlLine::Kind::kNothing) continue;
    auto* const value = line.kind == TomlLine::Kind::kValue ? values.find(line.key) : nullptr;
    if (value == nullptr) return KeyFault{lines.number(), "a key file has only name, public and secret"};
    if (value->line != 0) return KeyFault{lines.number(), line.key + " is there twice"};
    *value = {std::move(line.value), lines.number()};
  }
  return std::nullopt;
}

}  // namespace

std::variant<KeyFile, KeyFault> parse_key_file(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return KeyFault{0, "is empty"};
  if (text.size() > kFileBytesMax) return KeyFault{0, "is too large for a key file"};
  Values values;
  if (auto fault = read_values(text, values)) return *std::move(fault);
  for (const auto* key : {"name", "public", "secret"}) {
    if (values.find(key)->line == 0) return KeyFault{0, std::string{"is incomplete: it has no "} + key};
  }
  if (const auto fault = key_name_fault(values.name.text)) return KeyFault{values.name.line, "the name " + *fault};
  const auto public_key = parse_public_key(values.public_half.text);
  if (!public_key) return KeyFault{values.public_half.line, "public" + std::string{kNotAKey}};
  const auto secret = parse_secret_key(values.secret.text);
  if (!secret) return KeyFault{values.secret.line, "secret" + std::string{kNotAKey}};
  if (!is_same_key(public_half(*secret), *public_key)) {
    return KeyFault{values.public_half.line, "public does not belong to secret: make a new key with dtictl key new"};
  }
  return KeyFile{std::move(values.name.text), {*public_key, *secret}};
}

std::string key_file_text(const KeyFile& file) {
  auto secret = key_text(file.key.secret_key);
  auto line = toml_line("secret", secret);
  wipe(secret);
  auto text = "# The secret key of one process. Only the user of that process may read this file; never send it.\n" +
              toml_line("name", file.name) + '\n' + toml_line("public", key_text(file.key.public_key)) + '\n';
  text.reserve(text.size() + line.size() + 1);  // no shorter copy of the secret stays in memory
  text.append(line) += '\n';
  wipe(line);
  return text;
}

std::string public_line(const PublicKey& key, std::string_view name) { return key_text(key) + ' ' + std::string{name}; }

std::variant<NamedKey, std::string> parse_public_line(std::string_view text) {
  const auto space = text.find(' ');
  const auto key = parse_public_key(text.substr(0, space));
  if (!key || space == std::string_view::npos) {
    return "is not the line that dtictl key new prints: 64 hexadecimal digits, a space and a name";
  }
  if (!is_provable(*key)) return "has a public key that belongs to no secret one";
  const auto name = text.substr(space + 1);
  if (const auto fault = key_name_fault(name)) return "has a name that " + *fault;
  return NamedKey{std::string{name}, *key};
}

}  // namespace dti

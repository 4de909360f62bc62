#include "dti/keys/key_list.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "keys/key_lines.hpp"

namespace dti {
namespace {

constexpr std::size_t kListBytesMax = std::size_t{4} * 1024 * 1024;
constexpr const char* kUnknown = "a [[key]] has only name, role and public";

std::string too_many() { return "a key list has at most " + std::to_string(kKeysMax) + " keys"; }

/// A table `[[key]]` of the file.
struct Table {
  std::size_t line = 0;
  std::size_t begin = 0;  // of its first line, in the text
  std::size_t end = 0;    // after the line of its last value
  std::optional<std::string> name = {};
  std::optional<KeyRole> role = {};
  std::optional<PublicKey> key = {};
};

/// Reads the tables of a list, and the values of each.
class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(text) {}

  std::optional<KeyFault> read() {
    for (auto begin = lines_.position(); auto next = lines_.next(); begin = lines_.position()) {
      if (auto* fault = std::get_if<KeyFault>(&*next)) return std::move(*fault);
      const auto& line = std::get<TomlLine>(*next);
      if (line.kind == TomlLine::Kind::kTable) {
        if (auto fault = end_table()) return fault;
      }
      if (auto fault = take(line, begin)) return KeyFault{lines_.number(), *std::move(fault)};
    }
    return end_table();
  }

  std::vector<Table> tables;

 private:
  std::optional<std::string> take(const TomlLine& line, std::size_t begin) {
    if (line.kind == TomlLine::Kind::kNothing) return std::nullopt;
    if (line.kind == TomlLine::Kind::kValue) return take_value(line);
    if (line.key != "key") return "the tables of a key list are [[key]]";
    if (tables.size() == kKeysMax) return too_many();
    tables.push_back({.line = lines_.number(), .begin = begin, .end = lines_.position()});
    return std::nullopt;
  }

  std::optional<std::string> take_value(const TomlLine& line) {
    if (tables.empty()) return "a value needs a [[key]] before it";
    auto& table = tables.back();
    table.end = lines_.position();
    const auto twice = line.key + " is there twice";
    if (line.key == "name") {
      if (table.name) return twice;
      if (const auto fault = key_name_fault(line.value)) return "the name " + *fault;
      table.name = line.value;
    } else if (line.key == "role") {
      if (table.role) return twice;
      auto role = parse_role(line.value);
      if (const auto* fault = std::get_if<std::string>(&role)) return "the role " + *fault;
      table.role = std::get<KeyRole>(std::move(role));
    } else if (line.key == "public") {
      if (table.key) return twice;
      table.key = parse_public_key(line.value);
      if (!table.key) return "public is not 64 hexadecimal digits";
      if (!is_provable(*table.key)) return "public belongs to no secret key";
    } else {
      return kUnknown;
    }
    return std::nullopt;
  }

  std::optional<KeyFault> end_table() const {
    if (tables.empty()) return std::nullopt;
    const auto& table = tables.back();
    const auto* missing = !table.name ? "name" : !table.role ? "role" : !table.key ? "public" : nullptr;
    if (missing == nullptr) return std::nullopt;
    return KeyFault{table.line, std::string{"the [[key]] has no "} + missing};
  }

  KeyLines lines_;
};

/// Why a key cannot follow the others of a list; none: it can.
std::optional<std::string> clash(const KeyList& list, const ListedKey& key) {
  std::size_t of_name = 0;
  for (const auto& other : list) {
    if (other.key == key.key) return "the key is in the list already, with the name \"" + other.name + '"';
    if (other.name == key.name) ++of_name;
  }
  if (of_name < kKeysOfOneNameMax) return std::nullopt;
  return "the name \"" + key.name + "\" has two keys already: remove the one that is no longer used";
}

}  // namespace

std::variant<KeyList, KeyFault> parse_key_list(std::string_view text) {
  if (text.size() > kListBytesMax) return KeyFault{0, "is too large for a key list"};
  Reader reader{text};
  if (auto fault = reader.read()) return *std::move(fault);
  KeyList list;
  for (auto& table : reader.tables) {
    ListedKey key{*std::move(table.name), *std::move(table.role), *table.key};
    if (auto fault = clash(list, key)) return KeyFault{table.line, *std::move(fault)};
    list.push_back(std::move(key));
  }
  return list;
}

std::variant<KeyListText, std::string> with_key(std::string_view text, const ListedKey& key) {
  const auto list = parse_key_list(text);
  if (const auto* fault = std::get_if<KeyFault>(&list)) return fault->reason;
  const auto& keys = std::get<KeyList>(list);
  if (keys.size() == kKeysMax) return too_many();
  if (auto fault = clash(keys, key)) return *std::move(fault);
  std::string longer{text};
  if (!longer.empty() && !longer.ends_with('\n')) longer += '\n';
  if (!longer.empty()) longer += '\n';
  longer += "[[key]]\n" + toml_line("name", key.name) + '\n' + toml_line("role", role_text(key.role)) + '\n' +
            toml_line("public", key_text(key.key)) + '\n';
  return KeyListText{std::move(longer)};
}

KeyListText without_key(std::string_view text, std::size_t index) {
  Reader reader{text};
  static_cast<void>(reader.read());
  const auto& table = reader.tables.at(index);
  auto end = table.end;
  if (text.substr(end).starts_with('\n')) ++end;  // the empty line between two tables
  return {std::string{text.substr(0, table.begin)} + std::string{text.substr(end)}};
}

}  // namespace dti

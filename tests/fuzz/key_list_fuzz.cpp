// Any bytes given as a key list or a key file are read, or refused with a line of the file and without a part of it. A
// list that passes has valid names and roles, no key twice, and at most two keys of one name, and a key can be added to
// it and removed again.
#include "dti/keys/key_list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "dti/keys/key_file.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

const PublicKey kNew = public_half(*parse_secret_key(std::string(64, '7')));

void check_fault(const KeyFault& fault, std::string_view text) {
  const auto lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  claim(fault.line <= lines, "a fault is in a line of the file", text);
  claim(!fault.reason.empty() && fault.reason.find('\n') == std::string::npos, "a fault is one clause", fault.reason);
}

void check_list(const KeyList& list, std::string_view text) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    claim(!key_name_fault(list[i].name), "a name is valid", list[i].name);
    const auto role = parse_role(role_text(list[i].role));
    claim(std::get<KeyRole>(role) == list[i].role, "a role reads back", list[i].role.faculty);
    claim(is_provable(list[i].key), "a key belongs to a secret one");
    const auto same = [&](const ListedKey& other) { return other.key == list[i].key; };
    claim(std::count_if(list.begin(), list.end(), same) == 1, "a key is there once");
    const auto owner = [&](const ListedKey& other) { return other.name == list[i].name; };
    claim(std::count_if(list.begin(), list.end(), owner) <= 2, "a name has at most two keys", list[i].name);
    const auto shorter = without_key(text, i).text;
    auto expected = list;
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i));
    const auto left = parse_key_list(shorter);
    claim(std::holds_alternative<KeyList>(left) && std::get<KeyList>(left) == expected, "one key is removed", shorter);
  }
  const ListedKey added{"new \"key\" \\", {KeyRole::Kind::kFaculty, "F \"x\" \\"}, kNew};
  const auto longer = with_key(text, added);
  if (const auto* changed = std::get_if<KeyListText>(&longer)) {
    auto expected = list;
    expected.push_back(added);
    const auto read = parse_key_list(changed->text);
    claim(std::holds_alternative<KeyList>(read) && std::get<KeyList>(read) == expected, "one key is added",
          changed->text);
  }
}

void check(std::string_view text) {
  const auto list = parse_key_list(text);
  if (const auto* fault = std::get_if<KeyFault>(&list)) {
    check_fault(*fault, text);
  } else {
    check_list(std::get<KeyList>(list), text);
  }
  const auto file = parse_key_file(text);
  if (const auto* fault = std::get_if<KeyFault>(&file)) {
    check_fault(*fault, text);
  } else {
    const auto& key = std::get<KeyFile>(file);
    claim(public_half(key.key.secret_key) == key.key.public_key, "the halves belong together");
    const auto again = parse_key_file(key_file_text(key));
    claim(std::holds_alternative<KeyFile>(again) && std::get<KeyFile>(again).name == key.name, "a key file reads back");
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

#include "dti/domain/spelling_index.hpp"

#include <algorithm>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {

void SpellingIndex::add(std::uint32_t scope, std::string_view name, std::string_view key) {
  names_.emplace_back(name);
  const auto number = static_cast<std::uint32_t>(names_.size());
  const auto own_key = name_key(name);
  const bool is_separated = key != own_key && key == separated_key(name);
  // A key of another Unicode version stays in the store, but the name with the correct key must keep this spelling.
  if (key == own_key || is_separated || legacy_key(name) == key) {
    if (spelled_.find(scope, name) == 0) spelled_.add(scope, name, number);
  }
  if (const auto latin = latin_lookalike(name)) {
    if (const auto look = name_key(*latin); lookalikes_.find(scope, look) == 0) lookalikes_.add(scope, look, number);
  }
  auto group = groups_of_.find(scope, own_key);
  if (group == 0 && key != own_key && !own_key.empty()) {
    groups_.emplace_back();
    group = static_cast<std::uint32_t>(groups_.size());
    groups_of_.add(scope, own_key, group);
    if (const auto plain = keys_.find(scope, own_key); plain != 0) groups_.back().numbers.push_back(plain);
  }
  if (group != 0) {
    groups_[group - 1].numbers.push_back(number);
    groups_[group - 1].by_separators = groups_[group - 1].by_separators || is_separated;
  }
  keys_.add(scope, key, number);
}

void SpellingIndex::respell(std::uint32_t scope, std::uint32_t number, std::string_view name) {
  names_[number - 1] = name;
  if (spelled_.find(scope, name) == 0) spelled_.add(scope, name, number);
}

std::uint32_t SpellingIndex::find(std::uint32_t scope, std::string_view name) const {
  const auto key = name_key(name);
  if (key.empty()) return 0;
  const auto plain = keys_.find(scope, key);
  if (groups_.empty()) return plain;
  if (const auto legacy = legacy_key(name)) {
    if (const auto number = keys_.find(scope, *legacy); number != 0) return number;
  }
  const auto* const group = find_group(scope, key);
  return group == nullptr ? plain : choose(*group, name, plain);
}

void SpellingIndex::find_all(std::uint32_t scope, std::span<const std::string_view> names,
                             std::span<std::uint32_t> numbers) const {
  spelled_.find_all(scope, names, numbers);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (numbers[i] == 0) numbers[i] = find(scope, names[i]);
  }
}

const SpellingIndex::Group* SpellingIndex::find_group(std::uint32_t scope, std::string_view key) const {
  const auto group = groups_.empty() ? 0 : groups_of_.find(scope, key);
  return group == 0 ? nullptr : &groups_[group - 1];
}

/// @param plain  the name of the group whose stored key is the name_key(); 0 if there is none
std::uint32_t SpellingIndex::choose(const Group& group, std::string_view name, std::uint32_t plain) const {
  // If separators distinguish no names, only keys of earlier versions differ, and the rule of those versions applies.
  if (!group.by_separators) return plain != 0 ? plain : group.numbers.size() == 1 ? group.numbers.front() : 0;
  const auto wanted = strict_key(name);
  std::vector<std::uint32_t> same;
  std::copy_if(group.numbers.begin(), group.numbers.end(), std::back_inserter(same),
               [&](std::uint32_t number) { return strict_key(names_[number - 1]) == wanted; });
  if (same.size() == 1) return same.front();
  return std::find(same.begin(), same.end(), plain) != same.end() ? plain : 0;
}

SpellingIndex::Place SpellingIndex::place(std::uint32_t scope, std::string_view name) const {
  if (const auto number = spelled_.find(scope, name); number != 0) return {.number = number, .is_spelled = true};
  if (const auto legacy = legacy_key(name)) {
    if (const auto number = keys_.find(scope, *legacy); number != 0) return {.number = number};
  }
  const auto key = name_key(name);
  const auto* const group = find_group(scope, key);
  const auto plain = keys_.find(scope, key);
  const std::span<const std::uint32_t> others =
      group != nullptr ? std::span{group->numbers} : std::span{&plain, plain == 0 ? std::size_t{0} : std::size_t{1}};
  const auto strict = others.empty() ? std::string{} : strict_key(name);
  for (const auto number : others) {
    if (is_one_name(strict_key(names_[number - 1]), strict)) return {.number = number};
  }
  const auto latin = latin_lookalike(name);
  const auto look = latin ? name_key(*latin) : key;
  auto number = lookalikes_.find(scope, look);
  if (number == 0 && latin) number = find(scope, *latin);
  if (number != 0) return {.number = number, .only_looks_like = true};
  return {.key = others.empty() ? key : separated_key(name)};
}

std::vector<std::uint32_t> SpellingIndex::candidates(std::uint32_t scope, std::string_view name) const {
  const auto* const group = find_group(scope, name_key(name));
  return group != nullptr && group->numbers.size() > 1 ? group->numbers : std::vector<std::uint32_t>{};
}

}  // namespace dti

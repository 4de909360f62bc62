#include "dti/keys/key_ring.hpp"

#include <algorithm>
#include <cstddef>

namespace dti {

std::optional<KeyNumber> KeyRing::admit(const PublicKey& key) {
  const std::lock_guard lock{mutex_};
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& it) { return it.is_listed && it.listed.key == key; });
  if (entry == entries_.end()) return std::nullopt;
  entry->is_connected = true;
  return static_cast<KeyNumber>(entry - entries_.begin() + 1);
}

const ListedKey* KeyRing::find(KeyNumber number) const {
  if (number == 0 || number > entries_.size()) return nullptr;
  const auto& entry = entries_[number - 1];
  return entry.is_listed ? &entry.listed : nullptr;
}

std::vector<KeyChange> KeyRing::replace(const KeyList& list) {
  std::vector<KeyChange> changes;
  const std::lock_guard lock{mutex_};
  for (auto& entry : entries_) {
    if (!entry.is_listed) continue;
    const auto is_same = [&](const ListedKey& other) { return other.key == entry.listed.key; };
    if (std::any_of(list.begin(), list.end(), is_same)) continue;
    entry.is_listed = false;
    has_removed_connections_ = has_removed_connections_ || entry.is_connected;
    changes.push_back({KeyChange::Kind::kRemoved, entry.listed});
  }
  for (const auto& key : list) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& other) { return other.is_listed && other.listed.key == key.key; });
    if (entry == entries_.end()) {
      entries_.push_back({key});
      changes.push_back({KeyChange::Kind::kAdded, key});
    } else if (entry->listed != key) {
      entry->listed = key;
      changes.push_back({KeyChange::Kind::kChanged, key});
    }
  }
  return changes;
}

void KeyRing::on_closed() {
  const std::lock_guard lock{mutex_};
  for (auto& entry : entries_) entry.is_connected = false;
  has_removed_connections_ = false;
}

}  // namespace dti

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dti/keys/key.hpp"
#include "dti/keys/key_list.hpp"

namespace dti {

/// The number of a key in a KeyRing, from 1. 0: no key, the peer of a plain endpoint. A number is never used again.
using KeyNumber = std::uint32_t;

/// A difference between two key lists.
struct KeyChange {
  enum class Kind { kAdded, kRemoved, kChanged };  // kChanged: the name or the role
  Kind kind = Kind::kAdded;
  ListedKey key;  // kChanged: as it is now
};

/// The keys that a process accepts now. The thread of the handshakes asks for each new connection, and the loop that
/// serves asks for each message.
class KeyRing {
 public:
  explicit KeyRing(const KeyList& list) : mark_(random_digits(32)) { (void)replace(list); }

  /// A text that no peer can guess. The thread of the handshakes attaches it to each connection that it has admitted,
  /// and the loop accepts no message without it. It never leaves the process. Thread: any.
  [[nodiscard]] const std::string& mark() const { return mark_; }

  /// Looks a key up for a new connection, and remembers that there may be one with it. Thread: any.
  /// @return its number; none: the list does not have it
  [[nodiscard]] std::optional<KeyNumber> admit(const PublicKey& key);

  /// The key with that number; null: it was removed. Valid until the next replace(). Thread: the loop's.
  [[nodiscard]] const ListedKey* find(KeyNumber number) const;

  /// Replaces the list. Thread: the loop's.
  /// @return the differences, in the order of the lists: first what was removed
  std::vector<KeyChange> replace(const KeyList& list);

  /// Tells whether a connection may exist whose key was removed. Thread: the loop's.
  [[nodiscard]] bool has_removed_connections() const { return has_removed_connections_; }
  /// All connections were closed. Thread: the loop's.
  void on_closed();

 private:
  struct Entry {
    ListedKey listed = {};
    bool is_listed = true;
    bool is_connected = false;  // since the last on_closed(), perhaps
  };

  const std::string mark_;
  // Shared. The loop's thread writes `listed` and `is_listed`, and may read them without the mutex.
  std::mutex mutex_;
  std::vector<Entry> entries_;  // entries_[number - 1]
  // The loop's thread only.
  bool has_removed_connections_ = false;
};

}  // namespace dti

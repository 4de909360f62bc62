#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace dti {

/// The failure of a store. The text is for the log and for operators, and is never sent to clients.
class StorageError : public std::runtime_error {
 public:
  enum class Kind {
    kUnavailable,  // the store failed or refused before anything was sent: nothing has changed
    kUnreachable,  // the same, because the store is not up or the connection broke: a later call can succeed by itself
    kInDoubt,      // it was sent and may still take effect: only a take-over tells
    kRejected,     // the store refused this statement, and nothing of it is stored
    kInvariant,    // a constraint of the store rejected the change: a fault of the server
    kCorrupt,      // the stored data contradicts itself
    kRefused,      // this store must not be used: held by another process, a newer schema, unsafe settings
    kRewritten,    // the store has another history than this object has read: no process may serve it
  };
  static constexpr std::size_t kKindCount = 8;

  StorageError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

}  // namespace dti

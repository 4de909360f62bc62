#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/service/allocation/office.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/pipeline/take_over.hpp"

namespace dti {

// The calls that a server makes of its store. At most one is in progress. A new one needs its struct, its place in the
// variant, a function in store_call.cpp that makes it, and one in the pipeline that takes its result.

struct CommitCall {
  using Answer = CommitResult;
  std::shared_ptr<const Batch> batch;
};
struct GuardCall {
  using Answer = CommitResult;
  Epoch epoch = 0;
  std::vector<SemesterGuard> semesters;
};
/// See take_over().
struct TakeOverCall {
  using Answer = std::variant<Leadership, HeldBy>;
  TakeOverRequest request;
};
/// See follow().
struct WatchCall {
  using Answer = StoreWatch;
  KnownState known;
};
struct RenewCall {
  using Answer = CommitResult;
  Epoch epoch = 0;
  std::chrono::milliseconds duration{0};
};
/// Gives up the lead.
struct ResignCall {
  using Answer = CommitResult;
  Epoch epoch = 0;
};
/// See LedgerWriter::open_semester().
struct OpenSemesterCall {
  using Answer = Opening;
  Epoch epoch = 0;
  std::string name;
  Capacity capacity;
  WallTime at{};
};
/// Reads the entries on which a command of the office rests, and then the guard: while this server led and the heads were
/// as given, the store had these entries.
struct LookUpCall {
  struct Answer {
    CommitResult guard = CommitResult::kReplaced;
    std::vector<StoredEntry> entries;
    StoreId store = {};  // if it was asked for
  };
  Epoch epoch = 0;
  std::vector<SemesterGuard> semesters;
  std::vector<EntriesToRead> entries;  // each on its own; what they read comes in this order
};
/// See LedgerWriter::change(). The call gives the note its salt.
struct ChangeCall {
  using Answer = CommitResult;
  Change change;
};
/// Reads the place of the catalogue in the registry, and then the guard, as LookUpCall.
struct CatalogLookUpCall {
  struct Answer {
    CommitResult guard = CommitResult::kReplaced;
    CatalogState state;
  };
  Epoch epoch = 0;
  std::string command_id;
  std::vector<std::string> earlier;
};
/// See LedgerWriter::change_catalog(). The call gives the note its salt.
struct ChangeCatalogCall {
  using Answer = CommitResult;
  CatalogChange change;
};
using StoreCall = std::variant<CommitCall, GuardCall, TakeOverCall, WatchCall, RenewCall, ResignCall, OpenSemesterCall,
                               LookUpCall, ChangeCall, CatalogLookUpCall, ChangeCatalogCall>;

/// The failure of a call.
struct StoreFailure {
  StorageError::Kind kind = StorageError::Kind::kInDoubt;
  std::string text;
};

/// The end of a call: the answer of the store, or a failure. The default is a failure in doubt, so that only an answer
/// of the store counts as one.
template <class Call>
struct Ended {
  std::variant<StoreFailure, typename Call::Answer> result;

  [[nodiscard]] const StoreFailure* failure() const { return std::get_if<StoreFailure>(&result); }
  [[nodiscard]] const typename Call::Answer& answer() const { return std::get<typename Call::Answer>(result); }
};

namespace detail {
template <class Calls>
struct EndedEach;
template <class... Calls>
struct EndedEach<std::variant<Calls...>> {
  using Type = std::variant<Ended<Calls>...>;
};
}  // namespace detail

/// The end of any call. It has the index that the call has in StoreCall.
using StoreResult = detail::EndedEach<StoreCall>::Type;

/// Data that the store has read for the call in progress, or the end of that call.
using StoreEvent = std::variant<TakeOverPiece, StoreResult>;

/// Makes a call, and waits until it ends. Every exception becomes a failure.
/// @param clock  gives the time for the entry that a start adds, and for the renewals of the lease
/// @param piece  receives the entries that a take-over or a watch reads; if it throws, the call fails
/// Thread: the one that uses the repository.
[[nodiscard]] StoreResult make_call(const StoreCall& call, Repository& repository, const std::function<Now()>& clock,
                                    const std::function<void(TakeOverPiece)>& piece);

/// The exception in progress, as the failure of a call; to be called in a catch block.
/// @param otherwise  the kind for an exception that is not a StorageError, such as lack of memory
[[nodiscard]] StoreFailure failure_in_progress(StorageError::Kind otherwise);

}  // namespace dti

#include "dti/service/pipeline/store_call.hpp"

#include <exception>
#include <iterator>
#include <type_traits>
#include <utility>

namespace dti {
namespace {

using Kind = StorageError::Kind;

/// Makes each kind of call. A kind that has no function here does not compile.
struct Maker {
  Repository& repository;
  const std::function<Now()>& clock;
  const std::function<void(TakeOverPiece)>& piece;

  CommitCall::Answer answer(const CommitCall& call) const { return repository.commit(*call.batch); }
  GuardCall::Answer answer(const GuardCall& call) const { return repository.guard(call.epoch, call.semesters); }
  TakeOverCall::Answer answer(const TakeOverCall& call) const {
    return take_over(
        repository, call.request, clock().wall, [this] { return clock().steady; }, piece);
  }
  WatchCall::Answer answer(const WatchCall& call) const { return follow(repository, call.known, piece); }
  RenewCall::Answer answer(const RenewCall& call) const { return repository.renew(call.epoch, call.duration); }
  ResignCall::Answer answer(const ResignCall& call) const { return repository.resign(call.epoch); }

  OpenSemesterCall::Answer answer(const OpenSemesterCall& call) const {
    return repository.open_semester(call.epoch, call.name, call.capacity, call.at);
  }

  LookUpCall::Answer answer(const LookUpCall& call) const {
    LookUpCall::Answer answer;
    for (const auto& wanted : call.entries) {
      read(wanted, answer.entries);
      if (wanted.store_id) answer.store = repository.read_catalog_state({}, {}).store;
    }
    answer.guard = repository.guard(call.epoch, call.semesters);  // after the reading
    return answer;
  }
  void read(const EntriesToRead& wanted, std::vector<StoredEntry>& found) const {
    const auto take = [&](std::vector<StoredEntry> entries) {
      found.insert(found.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
    };
    if (wanted.program == 0) {
      repository.read_entries(wanted.semester_id, wanted.seq, wanted.seq, take);
    } else if (wanted.generation > 0) {
      repository.read_grant(wanted.semester_id, wanted.program, wanted.generation, take);
    }
  }
  ChangeCall::Answer answer(const ChangeCall& call) const {
    auto change = call.change;
    change.note.salt = make_store_id().bytes;
    return repository.change(change);
  }

  CatalogLookUpCall::Answer answer(const CatalogLookUpCall& call) const {
    CatalogLookUpCall::Answer answer;
    answer.state = repository.read_catalog_state(call.command_id, call.earlier);
    answer.guard = repository.guard(call.epoch, {});  // after the reading
    return answer;
  }
  ChangeCatalogCall::Answer answer(const ChangeCatalogCall& call) const {
    auto change = call.change;
    change.note.salt = make_store_id().bytes;
    return repository.change_catalog(change);
  }

  template <class Call>
  StoreResult operator()(const Call& call) const {
    StoreResult result{std::in_place_type<Ended<Call>>};
    auto& ended = std::get<Ended<Call>>(result).result;
    try {
      ended = answer(call);
    } catch (const std::exception&) {
      constexpr bool may_be_stored = std::is_same_v<Call, CommitCall> || std::is_same_v<Call, OpenSemesterCall> ||
                                     std::is_same_v<Call, ChangeCall> || std::is_same_v<Call, ChangeCatalogCall>;
      ended = failure_in_progress(may_be_stored ? Kind::kInDoubt : Kind::kUnavailable);
    }
    return result;
  }
};

}  // namespace

StoreResult make_call(const StoreCall& call, Repository& repository, const std::function<Now()>& clock,
                      const std::function<void(TakeOverPiece)>& piece) {
  return std::visit(Maker{repository, clock, piece}, call);
}

StoreFailure failure_in_progress(StorageError::Kind otherwise) {
  try {
    throw;
  } catch (const StorageError& error) {
    return {error.kind(), error.what()};
  } catch (const std::exception& error) {
    return {otherwise, error.what()};
  }
}

}  // namespace dti

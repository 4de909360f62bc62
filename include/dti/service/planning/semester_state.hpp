#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// A grant that was not released.
struct GrantInForce {
  Seq seq = 0;  // of its entry; 0: there is no grant
  Want want;
  Grant grant;

  friend bool operator==(const GrantInForce&, const GrantInForce&) = default;
};

/// A semester after the first entries of its ledger. It takes grants as they are stored; dtictl verify compares them
/// with the rule. Pure. Memory grows with the catalogue, not with the ledger.
class SemesterState {
 public:
  /// @param program_count  of the catalogue, whose programs are 1 to program_count
  explicit SemesterState(std::size_t program_count) : grants_(program_count) {}

  /// Adds the next entry of the ledger.
  /// @return why it cannot be the next one, as a sentence without its full stop; the state is unchanged then
  [[nodiscard]] std::optional<std::string> add(const LedgerRow& row);

  [[nodiscard]] Seq head() const { return head_; }  // 0: there is no entry
  [[nodiscard]] const Capacity& capacity() const { return capacity_; }
  [[nodiscard]] const Pool& left() const { return left_; }
  [[nodiscard]] std::optional<Seq> closed_at() const { return closed_at_; }

  /// @param program  1 to program_count
  [[nodiscard]] const GrantInForce& grant_of(ProgramId program) const { return grants_[program - 1]; }
  /// By ProgramId - 1.
  [[nodiscard]] const std::vector<GrantInForce>& grants() const { return grants_; }

 private:
  [[nodiscard]] std::optional<std::string> add_grant(const LedgerRow& row);
  [[nodiscard]] std::optional<std::string> add_release(const LedgerRow& row);
  [[nodiscard]] std::optional<std::string> add_capacity(const LedgerRow& row);
  [[nodiscard]] GrantInForce* find(const LedgerRow& row);

  Seq head_ = 0;
  Capacity capacity_;
  Pool left_;
  std::optional<Seq> closed_at_;
  std::vector<GrantInForce> grants_;
};

/// The pool of a semester whose capacity becomes another one: the grants stay.
/// @return none: the grants need more than that capacity
[[nodiscard]] std::optional<Pool> left_of_capacity(const SemesterState& state, const Capacity& capacity);

}  // namespace dti

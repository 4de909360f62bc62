#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/office.hpp"
#include "service/allocation/own_commands.hpp"

namespace dti {

std::optional<RequestError> fault_of(const OfficeCommand& command) {
  const auto invalid = [](std::string detail) {
    return RequestError{Status::kInvalidRequest, std::move(detail), {}, {}};
  };
  if (command.id.empty()) return invalid("command-id is empty");
  for (const auto& prefix : kOwnPrefixes) {
    if (!command.id.starts_with(prefix)) continue;
    return invalid("command-id must not begin with " + std::string{prefix} + ": the server uses such ids itself");
  }
  if (!command.expects && !command.is_dry_run) {
    return invalid("expects is missing: only a dry run may leave it out");
  }
  if (command.actor.size() > kActorBytesMax || command.note.size() > kNoteBytesMax) {
    return invalid("actor may have " + std::to_string(kActorBytesMax) + " bytes, and note " +
                   std::to_string(kNoteBytesMax));
  }
  if (command.catalog && command.catalog->store.empty() && !command.is_dry_run) {
    return invalid("store is missing: only a dry run may leave it out");
  }
  if (command.catalog && command.catalog->rows.size() > kCatalogRowsMax) {
    return invalid("a command may have " + std::to_string(kCatalogRowsMax) + " programs");
  }
  if (const auto* amended = std::get_if<AmendGrant>(&command.change);
      amended != nullptr && !is_in_range(amended->want)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kQuantityMax));
  }
  if (const auto* confirmed = std::get_if<ConfirmHold>(&command.change);
      confirmed != nullptr && confirmed->part && !is_in_range(*confirmed->part)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kQuantityMax));
  }
  if (const auto* extended = std::get_if<ExtendHold>(&command.change);
      extended != nullptr && (extended->seconds < kHoldMin.count() || extended->seconds > kHoldMax.count())) {
    return invalid("hold-seconds must be between 1 and " + std::to_string(kHoldMax.count()));
  }
  if (const auto* round = std::get_if<RunRound>(&command.change);
      round != nullptr && !parse_policy(round->plan.policy)) {
    return invalid("the policy " + escaped(round->plan.policy) + " is not known");
  }
  if (const auto* resize = std::get_if<ResizeSemester>(&command.change);
      resize != nullptr && !is_in_range(resize->capacity)) {
    return invalid("classrooms, labs and mobile-labs must be between 0 and " + std::to_string(kCapacityMax) +
                   ", and mobile-labs at most classrooms");
  }
  if (const auto* set = std::get_if<SetQuota>(&command.change); set != nullptr && !is_in_range(set->quota)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kCapacityMax));
  }
  return std::nullopt;
}

}  // namespace dti

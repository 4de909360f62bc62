#include "dtictl/change/round_options.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

#include "dti/protocol/round_plan_codec.hpp"
#include "dti/service/ledger/round_terms.hpp"

namespace dti {
namespace {

/// Random numbers of the system.
Seal make_secret() {
  Seal secret;
  const auto one = make_store_id();
  const auto other = make_store_id();
  std::copy(one.bytes.begin(), one.bytes.end(), secret.bytes.begin());
  std::copy(other.bytes.begin(), other.bytes.end(), secret.bytes.begin() + one.bytes.size());
  return secret;
}

/// @throws std::runtime_error  with the path and the reason
Seal read_secret(const std::string& path, const Surroundings& surroundings) {
  std::string text;
  try {
    text = surroundings.read_file(path);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error{path + ": " + error.what()};
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  const auto secret = parse_seal(text);
  if (!secret) throw std::runtime_error{path + ": is no secret of a round"};
  return *secret;
}

/// The secret of a plan that is opened: of an earlier try, or a new one.
Seal secret_for_opening(const std::string& path, bool is_dry_run, const Surroundings& surroundings) {
  if (!surroundings.is_missing(path)) return read_secret(path, surroundings);
  const auto secret = make_secret();
  if (!is_dry_run) surroundings.write_new_secret(path, hex_text(secret) + '\n');
  return secret;
}

}  // namespace

std::string secret_file_of(const std::string& plan) { return plan + ".secret"; }

std::optional<UsageExit> read_round(const Settings& settings, const ChangeVerb& kind, const Surroundings& surroundings,
                                    ChangeOptions& options) {
  const auto& file = settings.operand();
  if (file.empty()) return settings.bad_operand(kind.operand, "is needed: the file that dtictl round plan has written");
  std::variant<RoundPlan, std::string> read;
  try {
    read = decode_round_plan(surroundings.read_file(file));
  } catch (const std::runtime_error& error) {
    return settings.bad_operand(kind.operand, "cannot be read: " + std::string{error.what()});
  }
  if (const auto* fault = std::get_if<std::string>(&read)) {
    return settings.bad_operand(kind.operand, "is not a plan of a round: " + *fault);
  }
  auto& plan = std::get<RoundPlan>(read);
  auto& command = options.message.command;
  command.semester = plan.semester;
  try {
    if (kind.verb == OfficeVerb::kOpenRound) {
      const auto secret = secret_for_opening(secret_file_of(file), command.is_dry_run, surroundings);
      command.change = OpenRound{hex_text(commitment_of({secret.bytes}, hash_of(plan)))};
    } else {
      const auto secret = read_secret(secret_file_of(file), surroundings);
      command.change = RunRound{std::move(plan), hex_text(secret)};
    }
  } catch (const std::runtime_error& error) {
    return settings.bad_operand(kind.operand, std::string{"its secret cannot be used: "} + error.what());
  }
  return std::nullopt;
}

}  // namespace dti

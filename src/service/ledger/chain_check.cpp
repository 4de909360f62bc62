#include "service/ledger/chain_check.hpp"

#include <utility>

#include "dti/service/ledger/catalog_check.hpp"

namespace dti {
namespace {

StoreDifference difference(std::string what, std::string stored = {}, std::string expected = {}) {
  return {std::nullopt, std::nullopt, std::move(what), std::move(stored), std::move(expected)};
}

std::string range_text(Seq first, Seq last) {
  return first == last ? "entry " + std::to_string(first)
                       : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

std::string end_text(const SealedHead& end) {
  return end.seq == 0 ? std::string{"none"} : "entry " + std::to_string(end.seq) + ", seal " + hex_text(end.seal);
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// The difference of a thing that the registry names otherwise.
StoreDifference renamed(const std::string& thing, std::int64_t id, const std::string& stored,
                        const std::string& expected) {
  return difference(thing + " number " + std::to_string(id) + " is not as the registry has it", stored, expected);
}

StoreDifference missing(const std::string& thing, std::int64_t id, const std::string& name) {
  return difference(thing + " number " + std::to_string(id) + " is missing; the registry has it as " + in_quotes(name));
}

}  // namespace

ChainCheck::ChainCheck(const StoreId& store, SemesterId chain, const SealedHead& end, const SealedHead& first)
    : store_(store), chain_(chain), end_(end), first_(first), sealing_(store, chain, {}) {}

std::optional<StoreDifference> ChainCheck::add(const StoredEntry& entry) {
  const bool fits = differs_ || sealing_.add(entry);
  const bool is_in_registry = !entry.seal && first_.seq > 0 && entry.row.seq == first_.seq;
  return add(entry.row.seq, is_in_registry ? std::optional{first_.seal} : entry.seal, fits);
}

std::optional<StoreDifference> ChainCheck::add(const RegistryEntry& entry) {
  return add(entry.seq, entry.seal, differs_ || sealing_.add(entry));
}

std::optional<StoreDifference> ChainCheck::add(Seq seq, const std::optional<Seal>& seal, bool fits) {
  const Seq first = sealed_.seq + 1;
  last_ = seq;
  if (differs_) return std::nullopt;
  if (!fits) {
    differs_ = true;
    return difference("the seal of " + range_text(first, seq) +
                      " cannot fit: an entry has a number that no column may have");
  }
  if (!seal) return std::nullopt;
  const auto computed = sealing_.finish();
  if (computed != *seal) {
    differs_ = true;
    return difference("the seal does not fit " + range_text(first, seq) +
                          ": an entry was changed, removed, inserted or moved, or the seal was",
                      hex_text(*seal), hex_text(computed));
  }
  sealed_ = {seq, *seal};
  sealing_ = Sealing{store_, chain_, *seal};
  return std::nullopt;
}

std::optional<StoreDifference> ChainCheck::finish() const {
  if (differs_) return std::nullopt;
  if (sealed_ == end_) {
    if (store_ == StoreId{} || unsealed() == 0) return std::nullopt;
    return difference(unsealed_text(sealed_.seq + 1, last_));
  }
  return difference("the last seal is not the one that the store names as the last", end_text(end_), end_text(sealed_));
}

void RegistryCheck::add(const std::vector<RegistryEntry>& entries) {
  for (const auto& entry : entries) {
    const bool is_next = entry.seq == entries_ + 1;
    if (!chain_difference_ && !is_next) chain_difference_ = missing_entry(entries_ + 1, entry.seq);
    if (auto found = chain_.add(entry); found && !chain_difference_) chain_difference_ = std::move(found);
    entries_ = entry.seq;
    const auto faculty = entry.faculty_id.value_or(0);
    switch (entry.kind) {
      case static_cast<std::int64_t>(RegistryKind::kFacultyAdded):
        faculties_[faculty] = {entry.name, entry.key.value_or(std::string{}), 0};
        break;
      case static_cast<std::int64_t>(RegistryKind::kProgramAdded):
        programs_[entry.program_id.value_or(0)] = {entry.name, entry.key.value_or(std::string{}), faculty};
        owners_.try_emplace({faculty, entry.key.value_or(std::string{})}, entry.program_id.value_or(0));
        break;
      case static_cast<std::int64_t>(RegistryKind::kProgramRenamed):
      case static_cast<std::int64_t>(RegistryKind::kProgramRetired): add_change(entry); break;
      case static_cast<std::int64_t>(RegistryKind::kSemesterOpened):
        semesters_[entry.semester_id.value_or(0)] = {entry.name};
        break;
      case static_cast<std::int64_t>(RegistryKind::kSemesterClosed):
        semesters_[entry.semester_id.value_or(0)].is_open = false;
        break;
      case static_cast<std::int64_t>(RegistryKind::kSemesterReopened):
        semesters_[entry.semester_id.value_or(0)].is_open = true;
        break;
      case static_cast<std::int64_t>(RegistryKind::kLedgerSealed):
        first_seals_[entry.semester_id.value_or(0)] = {entry.head.value_or(0), entry.head_seal.value_or(Seal{})};
        break;
      default: break;
    }
  }
}

void RegistryCheck::add_change(const RegistryEntry& entry) {
  if (change_difference_) return;
  const auto differs = [&](const std::string& what) {
    change_difference_ = difference("registry: entry " + std::to_string(entry.seq) + " " + what);
  };
  const auto id = entry.program_id.value_or(0);
  const auto program = programs_.find(id);
  if (program == programs_.end()) return differs("changes program " + std::to_string(id) + ", which was not added");
  if (program->second.faculty != entry.faculty_id.value_or(0)) {
    return differs("gives program " + std::to_string(id) + " another faculty");
  }
  if (retired_.count(id) > 0) return differs("changes program " + std::to_string(id) + ", which is retired");
  if (entry.kind == static_cast<std::int64_t>(RegistryKind::kProgramRetired)) {
    retired_.insert(id);
    return;
  }
  const auto key = entry.key.value_or(std::string{});
  if (!is_key_of(entry.name, key)) return differs("has a key that is not that of the name " + in_quotes(entry.name));
  const auto owner = owners_.try_emplace({program->second.faculty, key}, id).first->second;
  if (owner != id) {
    return differs("gives program " + std::to_string(id) + " the name " + in_quotes(entry.name) +
                   ", which is or was that of program " + std::to_string(owner));
  }
}

SealedHead RegistryCheck::first_seal(SemesterId semester) const {
  const auto found = first_seals_.find(semester);
  return found == first_seals_.end() ? SealedHead{} : found->second;
}

std::vector<StoreDifference> RegistryCheck::finish(const std::vector<CatalogProgram>& catalog,
                                                   const std::vector<StoredSemester>& semesters) const {
  std::vector<StoreDifference> found;
  auto of_chain = chain_difference_ ? chain_difference_ : chain_.finish();
  if (of_chain) {
    of_chain->what = "registry: " + of_chain->what;
    found.push_back(*std::move(of_chain));
  }
  if (change_difference_) found.push_back(*change_difference_);
  check_catalog(catalog, found);
  check_semesters(semesters, found);
  return found;
}

void RegistryCheck::check_catalog(const std::vector<CatalogProgram>& catalog,
                                  std::vector<StoreDifference>& found) const {
  const auto text = [](const Named& named) {
    const auto of = named.faculty == 0 ? std::string{} : " of faculty " + std::to_string(named.faculty);
    return in_quotes(named.name) + of + ", key " + in_quotes(named.key);
  };
  auto faculties = faculties_;
  auto programs = programs_;
  for (const auto& program : catalog) {
    if (const auto it = programs_.find(program.id); it != programs_.end()) {
      const auto stored = text({program.name, program.key, program.faculty_id});
      if (stored != text(it->second)) found.push_back(renamed("program", program.id, stored, text(it->second)));
    } else if (has_seals_) {
      found.push_back(difference(unregistered_text(program_added(program))));
    }
    programs.erase(program.id);
    if (const auto it = faculties.find(program.faculty_id); it != faculties.end()) {
      const auto stored = text({program.faculty_name, program.faculty_key, 0});
      if (stored != text(it->second)) found.push_back(renamed("faculty", program.faculty_id, stored, text(it->second)));
      faculties.erase(it);
    }
  }
  for (const auto& [id, named] : faculties) found.push_back(missing("faculty", id, named.name));
  for (const auto& [id, named] : programs) found.push_back(missing("program", id, named.name));
}

void RegistryCheck::check_semesters(const std::vector<StoredSemester>& semesters,
                                    std::vector<StoreDifference>& found) const {
  auto opened = semesters_;
  for (const auto& semester : semesters) {
    const auto it = opened.find(semester.id);
    if (it == opened.end()) {
      if (has_seals_) found.push_back(difference(unregistered_text(semester_opened(semester.id, semester.name))));
      continue;
    }
    if (it->second.name != semester.name) {
      found.push_back(renamed("semester", semester.id, in_quotes(semester.name), in_quotes(it->second.name)));
    }
    if (it->second.is_open != semester.is_open) {
      const auto text = [](bool is_open) { return std::string{is_open ? "open" : "closed"}; };
      found.push_back(renamed("semester", semester.id, text(semester.is_open), text(it->second.is_open)));
    }
    opened.erase(it);
  }
  for (const auto& [id, registered] : opened) found.push_back(missing("semester", id, registered.name));
}

}  // namespace dti

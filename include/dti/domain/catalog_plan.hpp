#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/catalog.hpp"

namespace dti {

/// A program that a file adds to a catalogue.
struct PlannedProgram {
  CatalogRow row;
  bool adds_faculty = false;  // it is the first program of a faculty that the catalogue does not have
  // A name that is another one, and may be meant to be the same: it differs in accents and punctuation only. Of the
  // catalogue, or of an earlier row of the file. Empty: there is none.
  std::string faculty_alike = {};  // only if it adds the faculty
  std::string program_alike = {};

  friend bool operator==(const PlannedProgram&, const PlannedProgram&) = default;
};

/// What a file changes in a catalogue.
struct CatalogComparison {
  std::vector<PlannedProgram> added;  // in the order of the file
  std::size_t faculties_added = 0;
  std::size_t unchanged = 0;  // programs of the file that the catalogue has
  std::size_t not_named = 0;  // programs of the catalogue that the file does not have; they stay
  std::size_t alike = 0;      // of `added`: those with a name that looks like another one
};

/// Compares a file with a catalogue. Pure.
/// @param stored  the catalogue, in order of id
/// @param changes  of these programs, in their order. A program is known by each name that it has had
/// @return all errors, in the order of the lines: those of the file, and names that are another spelling of a stored one
[[nodiscard]] std::variant<CatalogComparison, std::vector<CatalogFault>> compare_catalog(
    const std::vector<CatalogProgram>& stored, const std::vector<ProgramChange>& changes,
    const CatalogReading& reading);

/// The programs that one command of a plan adds.
struct CatalogStep {
  std::int64_t expects = 0;  // the registry's last entry about the faculties to which it adds, when the plan was made
  std::vector<CatalogRow> added;

  friend bool operator==(const CatalogStep&, const CatalogStep&) = default;
};

/// A plan: the programs that a person has seen and that `dtictl catalog apply` adds.
/// Source: docs/adr/0030-plans-of-the-catalogue.md
struct CatalogPlan {
  std::string id;         // a hash of the rest, except `file`
  std::string store;      // the id of the store, as hexadecimal digits
  std::string file;       // its name, for people
  std::string file_hash;  // hexadecimal digits
  std::vector<CatalogStep> steps;

  friend bool operator==(const CatalogPlan&, const CatalogPlan&) = default;
};

/// The command-id of a step, from 1.
[[nodiscard]] std::string step_id(const CatalogPlan& plan, std::size_t number);

/// Shares programs out to steps, in their order, so that each makes one command.
[[nodiscard]] std::vector<std::vector<CatalogRow>> split_into_steps(std::vector<CatalogRow> rows);

}  // namespace dti

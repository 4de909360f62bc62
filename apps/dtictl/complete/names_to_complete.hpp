#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/service/ledger/ledger_reader.hpp"

namespace dti {

inline constexpr std::size_t kCompletedMax = 1'000;  // more names are of no use on a screen

/// Which names are completed.
enum class CompletedNames { kSemesters, kFaculties, kPrograms };
/// @return none: there are no such names
[[nodiscard]] std::optional<CompletedNames> completed_names(std::string_view text);

/// The names of a store that begin with `prefix`, each once, in the order of the store; at most kCompletedMax.
/// @param faculty  of programs: only those of the faculty with that name, in any spelling; empty: of all
[[nodiscard]] std::vector<std::string> names_to_complete(const StoreSurvey& survey, CompletedNames names,
                                                         std::string_view faculty, std::string_view prefix);

}  // namespace dti

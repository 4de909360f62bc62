#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dti/domain/messages.hpp"

namespace dti::micro {

/// How a request's names are spelled: `derecho-civil-7`, or `Diseño gráfico 7`.
enum class Spelling { kAscii, kAccents };

/// A faculty's request with `program_count` programs. Five programs have about 600 bytes.
inline AllocationRequest request(std::size_t program_count, Spelling spelling) {
  const bool accents = spelling == Spelling::kAccents;
  AllocationRequest request{"2025-10", accents ? "Diseño y Comunicación" : "derecho", {}, {}};
  for (std::size_t i = 0; i < program_count; ++i) {
    const std::string number = std::to_string(i);
    std::string id = "00389840-39ca-4ec5-8835-a745c6332c3c";
    id.replace(0, number.size(), number);
    request.programs.push_back({std::move(id), (accents ? "Diseño gráfico " : "derecho-civil-") + number, {7, 2}});
  }
  return request;
}

/// All of it granted.
inline Outcome outcome(std::size_t program_count) {
  return {{}, std::vector<ProgramOutcome>(program_count, {Status::kOk, {7, 2, 0}})};
}

}  // namespace dti::micro

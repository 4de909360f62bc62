#pragma once

#include <string>

#include "dti/domain/allocate.hpp"

namespace dti::simulation {

// The rules of docs/allocation.md once more, room by room, so that a fault in the domain does not hide itself.

/// What a program gets that holds nothing.
[[nodiscard]] Grant grant_by_the_rule(Pool pool, const Want& want);

/// What a program gets that holds a grant and wants other numbers.
/// @param pool  what is left without the grant
[[nodiscard]] Grant amend_by_the_rule(Pool pool, Grant held, const Want& want);

/// What a program gets that holds a part of what it wants.
/// @param pool  what is left without the grant
[[nodiscard]] Grant top_up_by_the_rule(Pool pool, Grant held, const Want& want);

/// Returns the rooms of a grant that are not wanted to the pool: mobile labs before labs.
void put_back_unwanted(Pool& pool, Grant& grant, const Want& want);

/// Takes the rooms of a grant from the pool.
void take(Pool& pool, const Grant& grant);
/// Returns the rooms of a grant to the pool.
void put_back(Pool& pool, const Grant& grant);

[[nodiscard]] bool is_all(const Want& want, const Grant& grant);
[[nodiscard]] bool is_negative(const Pool& pool);
[[nodiscard]] bool is_negative(const Grant& grant);

[[nodiscard]] std::string text(const Grant& grant);
[[nodiscard]] std::string text(const Pool& pool);

}  // namespace dti::simulation

#pragma once

#include <string>

#include "dti/keys/key_list.hpp"

namespace dti {

/// The keys as a table for a terminal.
[[nodiscard]] std::string key_table(const KeyList& list);

/// The keys as lines for a program: the public key, the role and the name, separated by tabs.
[[nodiscard]] std::string key_lines(const KeyList& list);

}  // namespace dti

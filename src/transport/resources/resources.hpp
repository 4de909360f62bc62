#pragma once

namespace dti {

/// Returns freed memory to the system, as far as whole pages are free.
void give_back_freed_memory();

/// Tells whether this process can open no further descriptor.
[[nodiscard]] bool descriptors_are_exhausted();

}  // namespace dti

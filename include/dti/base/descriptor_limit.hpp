#pragma once

namespace dti {

/// Each connection is a descriptor, and the limit that a process is given by default is far below what it may have:
/// raises the soft limit to the hard one. Keeps the limit that it has if that fails. To be called before any thread.
void raise_descriptor_limit();

}  // namespace dti

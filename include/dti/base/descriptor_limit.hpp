#pragma once

namespace dti {

/// Raises the soft limit of open file descriptors to the hard limit. Each connection needs a descriptor, and the
/// default soft limit is far lower than the hard limit. If the system refuses, the limit does not change. Call it
/// before the process starts a thread.
void raise_descriptor_limit();

}  // namespace dti

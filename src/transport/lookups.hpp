#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <vector>

#include <zmq.hpp>

namespace dti {

/// Runs what may look a name up on a thread that nobody needs to wait for; until it has returned, lookup_hangs().
/// @param work  owns all that it uses
/// @return ready once it has returned
std::future<void> run_detached(std::function<void()> work);

/// Ends contexts whose sockets are closed. libzmq looks names up in a context's I/O thread, and the end of a context
/// waits for that thread: one that has not ended within the bound is left to end by itself, and lookup_hangs().
void end_contexts(std::vector<zmq::context_t> contexts, std::chrono::milliseconds bound);

}  // namespace dti

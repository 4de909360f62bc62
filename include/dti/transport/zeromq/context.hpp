#pragma once

#include <memory>

namespace zmq {
class context_t;
}

namespace dti {

/// The libzmq context (its threads and connections) that ServerConnection objects share. It must outlive them.
/// Thread: any.
class Context {
 public:
  /// Starts the threads.
  /// @throws std::exception  if the system has no descriptor left
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] zmq::context_t& get() { return *context_; }

 private:
  const std::unique_ptr<zmq::context_t> context_;
};

}  // namespace dti

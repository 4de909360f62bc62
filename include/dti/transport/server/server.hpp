#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

class StopSignals;

struct ServerOptions {
  std::string bind = "127.0.0.1";  // an address of this machine; IPv6 without brackets
  std::uint16_t port = 6000;       // 0: any free one
  std::string advertise;           // host:port that clients of other servers are told; empty: where it is bound
  std::size_t memory_max = 0;      // bytes of the process, above which every connection is closed; 0: no bound
  PipelineOptions pipeline;
  /// Behind an old proxy: listens only while it leads, and answers a health check late rather than never. The proxy
  /// reads answers from one connection until that breaks or delivers something, and is stuck if neither happens.
  bool only_while_leading = false;
  std::string memory_max_name = "the memory limit";  // how the log names memory_max; a program gives its flag
};

/// What a server is to its clients; it may change any number of times.
enum class Role {
  kLeader,   // ready to allocate
  kStandby,  // another server leads; this one is ready to follow it
};

/// Gives the pipeline its socket, its store worker and its clock: a thin shell that decides nothing.
/// Owns the ROUTER socket and runs the pipeline on the thread that calls run(); the store worker has a thread of its own.
class Server {
 public:
  /// Binds; nothing is served yet.
  /// @param repository  outlives this object
  /// @throws std::runtime_error  if the address cannot be bound, with a sentence for people
  Server(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Where it listens, such as `tcp://127.0.0.1:6000`.
  [[nodiscard]] std::string endpoint() const;

  /// Serves until a stop is asked for or nothing more can be done; replies have left when it returns.
  /// @param on_role  called when it is ready to allocate, or begins to stand by: first, and at each change. As leader it
  ///   listens already
  /// @param on_listening  with only_while_leading: called behind on_role when it listens, and when it no longer does
  /// @return what main() is to do
  [[nodiscard]] Exit run(StopSignals& stop_signals, std::function<void(Role)> on_role,
                         std::function<void(bool listens)> on_listening = {});

  /// Does a call of the store still hang? Then only the end of the process frees it.
  [[nodiscard]] bool store_hangs() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
  std::string endpoint_;
};

}  // namespace dti

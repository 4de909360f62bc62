#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

class StopSignals;

struct ServerOptions {
  std::string bind = "127.0.0.1";  // an address of this machine; IPv6 without brackets
  std::uint16_t port = 6000;       // 0: the system chooses a free port
  std::string advertise;           // host:port to which other servers refer clients; empty: the bound address
  std::size_t memory_max = 0;      // bytes of the process; above it, all connections are closed; 0: no limit
  PipelineOptions pipeline;
  /// For a server behind an old proxy: it listens only while it leads, and replies late to a health check that arrives
  /// before it is ready. The proxy waits for a reply on one connection, and makes no other one until that connection
  /// breaks or delivers a reply.
  bool only_while_leading = false;
  std::string memory_max_name = "the memory limit";  // the name of memory_max in the log; a program gives its flag
};

/// The options that may change while the server runs.
struct ServerChanges {
  std::size_t memory_max = 0;         // as in ServerOptions
  std::chrono::milliseconds lease{};  // as in Lease
};

/// The role of a server. It may change any number of times.
enum class Role {
  kLeader,   // ready to allocate
  kStandby,  // another server leads; this one is ready to follow it
};

/// Connects the pipeline to its socket, its store worker and its clock. It makes no decisions.
/// It owns the ROUTER socket, and runs the pipeline on the thread that calls run(). The store worker has its own
/// thread.
/// Thread: one.
class Server {
 public:
  /// Binds the socket. The server handles no message before run().
  /// @param repository  must outlive the server
  /// @throws std::runtime_error  if it cannot listen at the address, with a sentence for people
  Server(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The address at which it listens, such as `tcp://127.0.0.1:6000`, with the port that was chosen.
  [[nodiscard]] std::string endpoint() const;

  /// What run() publishes about this server, at least each second and at most ten times a second. Thread: any.
  [[nodiscard]] const FiguresBoard& figures() const;

  /// Serves until a stop is requested or the server cannot continue. The replies have been sent when it returns. Call
  /// it once.
  /// @param on_role  called when the server is ready to allocate or becomes a standby, at the start and after each
  ///   change. A leader listens before the call
  /// @param on_listening  only with only_while_leading: called, after on_role, when the server begins to listen, and
  ///   when it stops listening
  /// @return the exit code and the reason for main()
  [[nodiscard]] Exit run(StopSignals& stop_signals, std::function<void(Role)> on_role,
                         std::function<void(bool listens)> on_listening = {});

  /// Call it on the thread of run(), from a handler of the stop signals.
  void change(const ServerChanges& changes);

  /// Tells whether a call of the store has not returned. Then only the end of the process ends that call.
  [[nodiscard]] bool store_hangs() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
  std::string endpoint_;
};

}  // namespace dti

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/quota/peer_limits.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "dti/transport/server/server_figures.hpp"
#include "dti/transport/zeromq/locks.hpp"

namespace dti {

class StopSignals;

struct ServerOptions {
  std::vector<ListenAt> listen_at{{"127.0.0.1", 6000}};  // at least one
  std::string advertise;       // host:port to which other servers refer clients; empty: the first bound address
  std::size_t memory_max = 0;  // bytes of the process; above it, all connections are closed; 0: no limit
  PipelineOptions pipeline;
  /// For a server behind an old proxy: it listens only while it leads, and replies late to a health check that arrives
  /// before it is ready. The proxy waits for a reply on one connection, and makes no other one until that connection
  /// breaks or delivers a reply.
  bool only_while_leading = false;
  std::string memory_max_name = "the memory limit";  // the name of memory_max in the log; a program gives its flag
  std::optional<PortLock> lock = {};                 // needed for a secured address
  PeerLimits limits = {};
  /// In a request of a peer whose role is not the office's. The protocol has a limit for all peers.
  std::size_t programs_max = SIZE_MAX;
  /// The folder of the socket file for commands of the office; empty: there is none.
  std::string admin_folder = {};
  bool needs_admin = false;  // the server does not start without it; otherwise it logs a warning
};

/// The options that may change while the server runs.
struct ServerChanges {
  std::size_t memory_max = 0;         // as in ServerOptions
  std::chrono::milliseconds lease{};  // as in Lease
  PeerLimits limits = {};             // as in ServerOptions
  std::size_t programs_max = SIZE_MAX;
  std::optional<KeyList> keys = {};  // that may connect; none: they stay
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

  /// The addresses at which it listens, such as `tcp://127.0.0.1:6000` and `curve://127.0.0.1:6001`, with the ports
  /// that were chosen.
  [[nodiscard]] const std::vector<std::string>& endpoints() const;
  /// The first of them.
  [[nodiscard]] const std::string& endpoint() const { return endpoints().front(); }

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
};

}  // namespace dti

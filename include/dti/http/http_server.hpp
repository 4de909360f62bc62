#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/http/http_counts.hpp"
#include "dti/http/http_message.hpp"

namespace dti {

struct HttpLimits {
  std::size_t connections_max = 256;  // at most an eighth of the descriptors that the process may have
  std::chrono::milliseconds request_time{
      5'000};  // from the first byte of a request, or from the connection, to its head's end
  std::chrono::milliseconds reply_time{5'000};  // for a client to take a response
  /// From one request of a connection to the next one. It is longer than the interval of a monitoring system (for
  /// Prometheus 15 s or 60 s), so that the server does not close the connection when the next request is on its way.
  std::chrono::milliseconds idle_time{75'000};
};

/// A small HTTP/1.1 server for machines: GET and HEAD without bodies, one thread of its own for all connections.
/// It refuses a request whose head could be read in two ways (RFC 9112), so that a proxy in front of it cannot see other
/// requests than it does. On a loopback address, it refuses a Host that is neither an IP address nor localhost, because it
/// may come from a web page. It limits the number, memory and time of slow and hostile clients. When connections_max is
/// reached, a new connection takes the place of the one that has waited longest for its client. An honest client sends its
/// request at once, so that clients which hold connections open cannot keep it out.
class HttpServer {
 public:
  /// Listens, and starts to serve.
  /// @param address  an IPv4 or IPv6 address of this machine; IPv6 with or without brackets
  /// @param port  0: any free one
  /// @param log  called on the thread of this server
  /// @param counts  the server counts its connections here
  /// @throws std::runtime_error  with a sentence for people, if it cannot listen there
  /// @throws std::system_error  if the system has no thread left
  HttpServer(const std::string& address, std::uint16_t port, std::vector<HttpRoute> routes, LogSink log,
             HttpLimits limits = {}, std::shared_ptr<HttpCounts> counts = std::make_shared<HttpCounts>());
  /// Closes every connection and ends the thread. Waits for the handler in progress.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The address at which it listens, such as `http://127.0.0.1:6080`, with its real port.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  class State;

  // Shared with replies that are sent from other threads.
  const std::shared_ptr<State> state_;
  const std::string url_;
  // The last member, because the thread uses the others.
  std::jthread thread_;
};

}  // namespace dti

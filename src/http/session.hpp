#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>

#include "dti/base/time.hpp"
#include "dti/http/http_counts.hpp"
#include "dti/http/http_message.hpp"
#include "dti/http/http_server.hpp"
#include "http/request_head.hpp"

namespace dti {

/// One connection: reads a request, gives it to its route, sends the response, and continues with the next request. It does
/// one of these at a time, so that a client that sends many requests and reads no response delays only itself.
/// Thread: the server's.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// Shared by all sessions of a server. Outlives them.
  struct Shared {
    HttpLimits limits;
    /// Gives a request to its route.
    std::function<void(const HttpRequest&, HttpReply)> answer;
    /// The connection has ended. Does not throw.
    std::function<void(HttpSession&, HttpCloseReason)> on_end;
    /// Ends a connection that failed by a fault of this process, such as a lack of memory. Does not throw.
    std::function<void(HttpSession&, const std::exception&)> on_fault;
    /// Returns the reply for a route. It calls the given function, which sends a response, on the server's thread.
    std::function<HttpReply(HttpReply)> once_from_any_thread;
  };

  HttpSession(boost::asio::ip::tcp::socket socket, const Shared& shared);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void start();
  /// Closes the connection at once.
  void close();
  /// The time since which it has waited for its client; the maximum while it waits for a route.
  [[nodiscard]] SteadyTime waits_since() const { return waits_since_; }

 private:
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  /// Returns a handler for an asynchronous operation, which calls the member. An exception ends this connection only.
  template <typename... Arguments>
  auto handler(void (HttpSession::*member)(Arguments...));

  void wait_for_client(std::chrono::milliseconds time);
  void read();
  void on_read(boost::system::error_code error, std::size_t size);
  void handle_head();
  void handle(RequestHead head);
  void respond(HttpResponse response);
  void on_written(boost::system::error_code error, std::size_t size);
  void drain();
  void discard();
  void on_discarded(boost::system::error_code error, std::size_t size);
  /// @param error  of the operation that failed
  /// @param when_late  the reason if the operation took too long
  void end(boost::system::error_code error, HttpCloseReason when_late);
  void end(HttpCloseReason reason) { shared_.on_end(*this, is_refused_ ? HttpCloseReason::kBadRequest : reason); }

  // Fixed after construction.
  const Shared& shared_;

  boost::beast::tcp_stream stream_;
  std::array<char, 4096> chunk_{};
  std::string received_;  // bytes that were not used yet: at most a head and a chunk
  RequestHeadReader head_;
  bool is_idle_ = false;  // between two requests, and no byte of the next one has arrived
  bool keeps_alive_ = false;
  bool is_head_ = false;     // the request's method is HEAD
  bool is_refused_ = false;  // the server refused a request, and reads no other
  std::size_t discarded_ = 0;
  std::shared_ptr<const std::string> body_;  // of the response that is being sent
  Response response_;
  std::unique_ptr<boost::beast::http::response_serializer<boost::beast::http::span_body<const char>>> serializer_;
  SteadyTime waits_since_{};
};

}  // namespace dti

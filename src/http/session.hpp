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
  /// What all sessions of a server share; outlives them.
  struct Shared {
    HttpLimits limits;
    /// Gives a request to its route.
    std::function<void(const HttpRequest&, HttpReply)> answer;
    /// Nothing follows on this connection. Does not throw.
    std::function<void(HttpSession&, HttpCloseReason)> on_end;
    /// The connection failed by a fault of this process, such as no memory, and is to be ended. Does not throw.
    std::function<void(HttpSession&, const std::exception&)> on_fault;
    /// Makes of a function that sends a response, on the server's thread, the reply that a route gets.
    std::function<HttpReply(HttpReply)> once_from_any_thread;
  };

  HttpSession(boost::asio::ip::tcp::socket socket, const Shared& shared);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void start();
  /// Closes the connection at once.
  void close();
  /// Since when it has waited for its client; the clock's end: it waits for a route.
  [[nodiscard]] SteadyTime waits_since() const { return waits_since_; }

 private:
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  /// Makes of a member the handler of an operation. What it throws ends this connection, and no other.
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
  /// @param when_late  the reason if its time was over
  void end(boost::system::error_code error, HttpCloseReason when_late);
  void end(HttpCloseReason reason) { shared_.on_end(*this, is_refused_ ? HttpCloseReason::kBadRequest : reason); }

  // Fixed after construction.
  const Shared& shared_;

  boost::beast::tcp_stream stream_;
  std::array<char, 4096> chunk_{};
  std::string received_;  // and not used yet: at most a head and a chunk
  RequestHeadReader head_;
  bool is_idle_ = false;  // between two requests, with nothing received of the next one
  bool keeps_alive_ = false;
  bool is_head_ = false;     // the request's method is HEAD
  bool is_refused_ = false;  // a request, and everything behind it
  std::size_t discarded_ = 0;
  std::shared_ptr<const std::string> body_;  // of the response that is being sent
  Response response_;
  std::unique_ptr<boost::beast::http::response_serializer<boost::beast::http::span_body<const char>>> serializer_;
  SteadyTime waits_since_{};
};

}  // namespace dti

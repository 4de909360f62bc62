#include "dti/http/http_server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dti/base/log_limit.hpp"
#include "http/characters.hpp"
#include "http/session.hpp"

namespace dti {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error: accepting may fail again at once
constexpr std::chrono::seconds kLogInterval{10};
constexpr int kNiceness = 10;  // on a busy machine, the threads that serve programs and faculties run first

/// Lowers the limits, so that HTTP does not use the descriptors that the process needs for its work.
HttpLimits within_descriptors(HttpLimits limits) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return limits;
  limits.connections_max = std::clamp<std::size_t>(descriptors.rlim_cur / 8, 1, limits.connections_max);
  return limits;
}

bool is_lack(const error_code& error) {
  return error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system ||
         error == asio::error::no_buffer_space || error == asio::error::no_memory;
}

/// @param host  the value of a field Host that is_host_field() accepts
bool is_address_or_localhost(std::string_view host) {
  const bool is_bracketed = host.starts_with('[');
  const auto name = is_bracketed ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  error_code not_an_address;
  asio::ip::make_address(std::string{name}, not_an_address);
  return name.empty() || !not_an_address || lower_case(name) == "localhost";
}

tcp::acceptor listen(asio::io_context& context, const std::string& text, std::uint16_t port) {
  const auto bracketed = text.starts_with('[') && text.ends_with(']');
  error_code error;
  const auto address = asio::ip::make_address(bracketed ? text.substr(1, text.size() - 2) : text, error);
  const auto shown =
      (text.find(':') != std::string::npos && !bracketed ? "[" + text + "]" : text) + ":" + std::to_string(port);
  if (error) throw std::runtime_error("cannot listen for HTTP on " + shown + ": it is not an IP address");
  const tcp::endpoint endpoint{address, port};
  tcp::acceptor acceptor{context};
  const auto done = [&] { return !error; };
  acceptor.open(endpoint.protocol(), error);
  if (done()) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (done()) acceptor.bind(endpoint, error);
  if (done()) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return acceptor;
  std::string hint;
  if (error == asio::error::address_in_use) hint = " (another process listens there: stop it, or choose another port)";
  if (error == boost::system::errc::address_not_available) hint = " (it is not an address of this machine)";
  throw std::runtime_error("cannot listen for HTTP on " + shown + ": " + error.message() + hint);
}

}  // namespace

/// The listener and its connections. The server owns it, and for a moment a reply from another thread.
class HttpServer::State : public std::enable_shared_from_this<State> {
 public:
  State(const std::string& address, std::uint16_t port, std::vector<HttpRoute> routes, LogSink log, HttpLimits limits,
        std::shared_ptr<HttpCounts> counts)
      : routes_(std::move(routes)),
        log_(std::move(log)),
        counts_(std::move(counts)),
        shared_{.limits = within_descriptors(limits),
                .answer = [this](const HttpRequest& request, HttpReply reply) { answer(request, std::move(reply)); },
                .on_end = [this](HttpSession& session, HttpCloseReason reason) { remove(session, reason); },
                .on_fault =
                    [this](HttpSession& session, const std::exception& error) {
                      session.close();
                      remove(session, HttpCloseReason::kFault);
                      log_fault(LogLevel::kError, "http-connection-failed", error);
                    },
                .once_from_any_thread =
                    [this](HttpReply send) {
                      const auto reply = std::make_shared<Reply>(weak_from_this(), std::move(send));
                      return [reply](HttpResponse response) { reply->send(std::move(response)); };
                    }},
        acceptor_(listen(context_, address, port)),
        is_loopback_(acceptor_.local_endpoint().address().is_loopback()),
        pause_(context_) {}

  [[nodiscard]] std::string url() const {
    const auto endpoint = acceptor_.local_endpoint();
    const auto address = endpoint.address().to_string();
    return "http://" + (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
           std::to_string(endpoint.port());
  }

  void run() {
    setpriority(PRIO_PROCESS, 0, kNiceness);  // of this thread only, in Linux
    while (!context_.stopped()) {
      try {
        if (!accepts_) accept();
        context_.run();
      } catch (const std::exception& error) {  // such as no memory for a new connection
        log_fault(LogLevel::kError, "http-connection-failed", error);
      }
    }
  }

  void stop() { context_.stop(); }

 private:
  /// The reply to one request. Only its first use counts, because a route may reply and then fail. If it is destroyed
  /// unused, the client gets 500, so that its connection does not wait forever. Thread: any.
  class Reply {
   public:
    Reply(std::weak_ptr<State> state, HttpReply send) : state_(std::move(state)), send_(std::move(send)) {}
    ~Reply() {
      try {
        send(text_response(500, "the server dropped the request\n"));
      } catch (const std::exception&) {  // no memory for the response: the connection stays until the server stops
      }
    }
    Reply(const Reply&) = delete;
    Reply& operator=(const Reply&) = delete;

    void send(HttpResponse response) {
      if (used_.exchange(true)) return;
      const auto state = state_.lock();
      if (!state) return;
      asio::dispatch(state->context_,
                     [send = send_, response = std::move(response)]() mutable { send(std::move(response)); });
    }

   private:
    const std::weak_ptr<State> state_;
    const HttpReply send_;
    std::atomic<bool> used_ = false;
  };

  void accept() {
    accepts_ = false;  // run() tries again if this throws
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      accepts_ = false;
      if (error) return on_accept_failed(error);
      accept();
      start(std::move(socket));
    });
    accepts_ = true;
  }

  /// @param error  not ECONNABORTED, after which Asio accepts the next connection itself
  void on_accept_failed(const error_code& error) {
    if (is_lack(error) && close_longest_waiting()) {  // one descriptor is enough for a client that behaves
      log_limit("the process has no descriptor left: the HTTP connection that had waited longest was closed");
    } else {
      log_accept_failed(error);
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code) { accept(); });
    accepts_ = true;
  }

  void start(tcp::socket socket) {
    if (sessions_.size() >= shared_.limits.connections_max && !make_place()) return;
    const auto session = std::make_shared<HttpSession>(std::move(socket), shared_);
    sessions_.emplace(session.get(), session);
    counts_->open = sessions_.size();
    session->start();
  }

  /// @return false if there is no place for a new connection
  bool make_place() {
    const bool has_place = close_longest_waiting();
    if (!has_place) count(HttpCloseReason::kLimit);
    log_limit(has_place ? "too many HTTP connections: a new one took the place of the one that had waited longest"
                        : "too many HTTP connections: a new one was refused, because all others wait for a reply");
    return has_place;
  }

  /// @return false if all of them wait for routes
  bool close_longest_waiting() {
    const auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      return a.first->waits_since() < b.first->waits_since();
    });
    if (oldest == sessions_.end() || oldest->first->waits_since() == SteadyTime::max()) return false;
    const auto session = oldest->second;
    session->close();
    remove(*session, HttpCloseReason::kLimit);
    return true;
  }

  /// Has no effect on a connection that was removed before. Closing it ends its operations, and each of them calls this.
  void remove(HttpSession& session, HttpCloseReason reason) {
    if (sessions_.erase(&session) == 0) return;
    counts_->open = sessions_.size();
    count(reason);
  }

  void count(HttpCloseReason reason) { ++counts_->closed[static_cast<std::size_t>(reason)]; }

  void answer(const HttpRequest& request, HttpReply reply) {
    // A web page may give its own name an address of this machine (DNS rebinding), to read what is for this machine only.
    if (is_loopback_ && !is_address_or_localhost(request.field("host"))) {
      return reply(text_response(421, "on a loopback address, Host must be an IP address or localhost\n"));
    }
    const auto route = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const HttpRoute& candidate) { return candidate.path == request.path; });
    if (route == routes_.end() && request.path != "*")
      return reply(text_response(404, "there is nothing at this path\n"));
    if (request.method == "GET" || request.method == "HEAD") return answer(*route, request, reply);
    static constexpr std::array kMethods{"POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    const bool is_known = std::find(kMethods.begin(), kMethods.end(), request.method) != kMethods.end();
    auto response = is_known ? text_response(405, "this path answers GET and HEAD only\n")
                             : text_response(501, "this method is not known\n");
    response.fields.emplace_back("Allow", "GET, HEAD");
    reply(std::move(response));
  }

  void answer(const HttpRoute& route, const HttpRequest& request, const HttpReply& reply) {
    try {
      route.get(request, reply);
    } catch (const std::exception& error) {
      log_fault(LogLevel::kError, "http-request-failed", error, {{"path", route.path}});
      reply(text_response(500, "the request failed; the log of the server has the reason\n"));
    }
  }

  /// Logs at a limited rate, because clients can reach the limit as often as they like.
  void log_limit(const char* message) noexcept {
    try {
      const auto closed = limit_log_.pass(std::chrono::steady_clock::now());
      if (!closed) return;
      const auto connections_max = std::to_string(shared_.limits.connections_max);
      log_({LogLevel::kWarning,
            "http-limit-reached",
            message,
            {{"closed", std::to_string(*closed)}, {"connections-max", connections_max}}});
    } catch (const std::exception&) {  // as below
    }
  }

  void log_accept_failed(const error_code& error) noexcept {
    try {
      const auto failures = accept_log_.pass(std::chrono::steady_clock::now());
      if (!failures) return;
      log_({LogLevel::kWarning,
            "http-accept-failed",
            "no connection can be accepted over HTTP: " + error.message(),
            {{"failures", std::to_string(*failures)}}});
    } catch (const std::exception&) {  // as below
    }
  }

  /// Drops an event that cannot be logged: this thread must not end the process.
  void log_fault(LogLevel level, const char* event, const std::exception& error,
                 std::vector<std::pair<std::string, std::string>> fields = {}) noexcept {
    try {
      log_({level, event, error.what(), std::move(fields)});
    } catch (const std::exception&) {
    }
  }

  // Fixed after construction.
  const std::vector<HttpRoute> routes_;
  const LogSink log_;
  const std::shared_ptr<HttpCounts> counts_;  // only the server's thread reads and writes the counts
  const HttpSession::Shared shared_;
  // The server's thread only.
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  const bool is_loopback_;
  asio::steady_timer pause_;
  bool accepts_ = false;  // it waits for a new connection, or for the end of the pause
  std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions_;
  LogLimit limit_log_{kLogInterval};
  LogLimit accept_log_{kLogInterval};
};

HttpServer::HttpServer(const std::string& address, std::uint16_t port, std::vector<HttpRoute> routes, LogSink log,
                       HttpLimits limits, std::shared_ptr<HttpCounts> counts)
    : state_(std::make_shared<State>(address, port, std::move(routes), std::move(log), limits, std::move(counts))),
      url_(state_->url()),
      thread_([state = state_.get()] { state->run(); }) {}

HttpServer::~HttpServer() { state_->stop(); }

}  // namespace dti

#include "dti/transport/server/proxy_registration.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "dti/base/flag.hpp"
#include "dti/transport/zeromq/host_port.hpp"
#include "dti/transport/zeromq/lookups.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTryInterval = std::chrono::seconds{1};
constexpr auto kTryTime = std::chrono::seconds{1};  // for a whole try, even if the proxy replies slowly

/// The reason why a wait ended.
enum class Wake { kReady, kTimeout, kStop };

std::string system_text(int error) { return std::system_category().message(error); }

class Registrar {
 public:
  Registrar(std::string host, std::uint16_t port, std::string hello, const std::stop_token& stop)
      : host_(std::move(host)), port_(port), hello_(std::move(hello)), on_stop_(stop, Raise{stopped_}) {}

  /// Tries once. It ends within kTryTime, and at once when a stop is requested.
  /// @return the reason why it failed; none if it succeeded
  std::optional<std::string> try_once() {
    const auto deadline = Clock::now() + kTryTime;
    // The proxy connects to the address from which the server registered, and supports IPv4 only.
    if (!lookup_) lookup_ = Lookup::start(host_, port_, AF_INET);
    if (wait(lookup_->descriptor(), POLLIN, deadline) != Wake::kReady || !lookup_->is_done()) {
      return "its name was not found within 1 s";
    }
    const auto lookup = std::exchange(lookup_, nullptr);  // the next try starts another lookup
    std::optional<std::string> fault;
    if (lookup->fault()) fault = "no IPv4 address was found for it: " + *lookup->fault();
    const auto& addresses = lookup->addresses();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const Descriptor socket{::socket(addresses[i].bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
      if (socket.get() < 0) return system_text(errno);
      // The time is divided, so that an address that does not respond leaves time for the others.
      const auto share = (deadline - Clock::now()) / static_cast<int>(addresses.size() - i);
      fault = connect_to(socket, addresses[i], Clock::now() + share);
      if (!fault) return say_hello(socket, deadline);
    }
    return fault;
  }

 private:
  struct Raise {
    const Flag& flag;
    void operator()() const { flag.raise(); }
  };

  Wake wait(int descriptor, short events, Clock::time_point until) const {
    for (;;) {
      std::array<pollfd, 2> items = {{{stopped_.descriptor(), POLLIN, 0}, {descriptor, events, 0}}};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
      const int count = poll(items.data(), items.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
      if (items[0].revents != 0) return Wake::kStop;
      if (count > 0) return Wake::kReady;
      if (left <= 0) return Wake::kTimeout;
    }
  }

  std::optional<std::string> connect_to(const Descriptor& socket, const Address& address,
                                        Clock::time_point until) const {
    if (connect(socket.get(), address.get(), address.size) == 0) return std::nullopt;
    if (errno != EINPROGRESS) return system_text(errno);
    if (wait(socket.get(), POLLOUT, until) != Wake::kReady) return "no answer within 1 s";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::nullopt : std::optional{system_text(error)};
  }

  std::optional<std::string> say_hello(const Descriptor& socket, Clock::time_point until) const {
    if (send(socket.get(), hello_.data(), hello_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(hello_.size())) {
      return system_text(errno);
    }
    constexpr std::string_view kOk = "OK\n";
    std::string answer;
    while (answer.size() < kOk.size()) {
      std::array<char, 16> piece{};
      if (wait(socket.get(), POLLIN, until) != Wake::kReady) return "it did not answer OK within 1 s";
      const auto size = recv(socket.get(), piece.data(), piece.size(), 0);
      if (size <= 0) return size == 0 ? "it closed the connection without OK" : system_text(errno);
      answer.append(piece.data(), static_cast<std::size_t>(size));
      if (!answer.starts_with(kOk.substr(0, answer.size()))) return "it did not answer OK";
    }
    return std::nullopt;
  }

  const std::string host_;
  const std::uint16_t port_;
  const std::string hello_;
  const Flag stopped_;
  std::shared_ptr<Lookup> lookup_;  // a lookup that is not done; the next try uses it
  std::stop_callback<Raise> on_stop_;
};

/// Waits between two tries, or until a stop is requested. Needs no descriptor.
void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, kTryInterval, [] { return false; });
}

void register_until_ok(const std::stop_token& stop, const std::string& host, std::uint16_t port,
                       const std::string& hello, const LogSink& log) {
  const auto proxy = host + ":" + std::to_string(port);
  std::optional<Registrar> registrar;
  const auto try_once = [&]() -> std::optional<std::string> {
    try {
      if (!registrar) registrar.emplace(host, port, hello, stop);
      return registrar->try_once();
    } catch (const std::exception& error) {  // no descriptor, or no thread, is left
      return error.what();
    }
  };
  std::string last_fault;
  while (!stop.stop_requested()) {
    const auto fault = try_once();
    if (!fault) {
      return log({LogLevel::kInfo, "proxy-registered", "the proxy forwards to this server", {{"proxy", proxy}}});
    }
    if (stop.stop_requested()) return;
    if (*fault != last_fault) {  // the same line is not logged each second
      log({LogLevel::kWarning,
           "proxy-unreachable",
           *fault + "; the server tries again each second",
           {{"proxy", proxy}}});
      last_fault = *fault;
    }
    pause(stop);
  }
}

}  // namespace

ProxyRegistration::ProxyRegistration(std::string host, std::uint16_t port, const std::string& endpoint, LogSink log)
    : thread_([host = std::move(host), port, hello = std::to_string(port_of(endpoint)) + "\n", log = std::move(log)](
                  const std::stop_token& stop) { register_until_ok(stop, host, port, hello, log); }) {}

}  // namespace dti

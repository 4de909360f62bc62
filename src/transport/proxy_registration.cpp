#include "dti/transport/proxy_registration.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "transport/sockets.hpp"

namespace dti {
namespace {

constexpr auto kTryInterval = std::chrono::seconds{1};
constexpr int kStepMs = 1'000;  // for connecting, and for each answer

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

std::string system_text(int error) { return std::system_category().message(error); }

bool is_ready(int descriptor, short events) {
  pollfd item{descriptor, events, 0};
  return poll(&item, 1, kStepMs) == 1;
}

/// @return what went wrong, or nothing once connected
std::optional<std::string> connect_to(const Descriptor& socket, const addrinfo& address) {
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return std::nullopt;
  if (errno != EINPROGRESS) return system_text(errno);
  if (!is_ready(socket.get(), POLLOUT)) return "no answer within 1 s";
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::nullopt : std::optional{system_text(error)};
}

std::optional<std::string> say_hello(const Descriptor& socket, const std::string& hello) {
  if (send(socket.get(), hello.data(), hello.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(hello.size())) {
    return system_text(errno);
  }
  std::string answer;
  while (answer.size() < 3) {
    std::array<char, 16> piece{};
    if (!is_ready(socket.get(), POLLIN)) return "it did not answer OK within 1 s";
    const auto size = recv(socket.get(), piece.data(), piece.size(), 0);
    if (size <= 0) return size == 0 ? "it closed the connection without OK" : system_text(errno);
    answer.append(piece.data(), static_cast<std::size_t>(size));
  }
  return answer.starts_with("OK\n") ? std::nullopt : std::optional<std::string>{"it did not answer OK"};
}

/// One try. @return what went wrong, or nothing
std::optional<std::string> register_once(const std::string& host, std::uint16_t port, const std::string& hello) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    return std::string{gai_strerror(error)};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses{found, &freeaddrinfo};
  std::optional<std::string> fault = "it has no address";
  for (const auto* address = found; address != nullptr; address = address->ai_next) {
    const Descriptor socket{::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0) return system_text(errno);
    fault = connect_to(socket, *address);
    if (!fault) return say_hello(socket, hello);
  }
  return fault;
}

void register_until_ok(const std::stop_token& stop, const std::string& host, std::uint16_t port,
                       const std::string& hello, const LogSink& log) {
  const auto proxy = host + ":" + std::to_string(port);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::string last_fault;
  while (!stop.stop_requested()) {
    const auto fault = register_once(host, port, hello);
    if (!fault) return log({LogLevel::kInfo, "proxy-registered", "the proxy forwards to this server", {{"proxy", proxy}}});
    if (*fault != last_fault) {  // not the same line each second
      log({LogLevel::kWarning, "proxy-unreachable", *fault + "; tried again each second", {{"proxy", proxy}}});
      last_fault = *fault;
    }
    std::unique_lock lock{mutex};
    stopped.wait_for(lock, stop, kTryInterval, [] { return false; });
  }
}

}  // namespace

ProxyRegistration::ProxyRegistration(std::string host, std::uint16_t port, const std::string& endpoint, LogSink log)
    : thread_([host = std::move(host), port, hello = std::to_string(port_of(endpoint)) + "\n",
               log = std::move(log)](const std::stop_token& stop) { register_until_ok(stop, host, port, hello, log); }) {}

}  // namespace dti

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "dti/base/descriptor.hpp"
#include "dti/http/http_server.hpp"

namespace dti {

inline constexpr std::chrono::seconds kForever{60};

inline std::uint16_t port_of(const HttpServer& server) {
  const auto& url = server.url();
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

/// A client that sends and reads bytes as they are.
class Connection {
 public:
  explicit Connection(const HttpServer& server, int receive_bytes = 0) : Connection(port_of(server), receive_bytes) {}
  explicit Connection(std::uint16_t port, int receive_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    const timeval bound{.tv_sec = kForever.count(), .tv_usec = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void send_no_more() { ::shutdown(socket_.get(), SHUT_WR); }

  /// Sends a few bytes again and again, and reads nothing. @return does the server close the connection at some time?
  bool is_cut_off() {
    const auto give_up_at = std::chrono::steady_clock::now() + kForever;
    while (send("X: y\r\n")) {
      if (std::chrono::steady_clock::now() >= give_up_at) return false;
      ::poll(nullptr, 0, 20);
    }
    return true;
  }

  /// Everything until the server closes the connection.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(received_, {});
  }
  /// The next response, its head in lower case.
  std::pair<std::string, std::string> read_response(bool has_body = true) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return {};
    }
    auto head = received_.substr(0, end + 2);
    for (auto& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    received_.erase(0, end + 4);
    const auto size = has_body ? std::stoul(head.substr(head.find("content-length: ") + 16)) : 0;
    while (received_.size() < size) {
      if (!read_some()) return {};
    }
    auto body = received_.substr(0, size);
    received_.erase(0, size);
    return {head, body};
  }
  bool read_some() {
    char part[4096];
    const auto count = ::recv(socket_.get(), part, sizeof part, 0);
    if (count <= 0) return false;
    received_.append(part, static_cast<std::size_t>(count));
    return true;
  }

 private:
  Descriptor socket_;
  std::string received_;
};

inline std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

inline int status_of(const std::string& head) { return head.size() < 12 ? 0 : std::stoi(head.substr(9, 3)); }

}  // namespace dti

#include "dti/http/http_probe.hpp"

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace dti {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kStatusLineMax = 1024;  // that of HttpServer has less than 60 bytes

/// One request on one connection. run() returns when the status line is there, at the first error, or after the time.
class Probe {
 public:
  Probe(const tcp::endpoint& endpoint, std::string request) : request_{std::move(request)} {
    socket_.async_connect(endpoint, [this](error_code error) {
      if (!has_failed(error)) send();
    });
  }

  std::string status_line(std::chrono::milliseconds time) {
    context_.run_for(time);
    if (!error_.empty()) throw std::runtime_error{error_};
    if (!is_complete_) throw std::runtime_error{"no response within " + std::to_string(time.count()) + " ms"};
    return line_;
  }

 private:
  void send() {
    asio::async_write(socket_, asio::buffer(request_), [this](error_code error, std::size_t) {
      if (!has_failed(error)) receive();
    });
  }
  void receive() {
    asio::async_read_until(socket_, asio::dynamic_buffer(line_, kStatusLineMax), '\n',
                           [this](error_code error, std::size_t size) {
                             if (has_failed(error)) return;
                             line_.resize(size);
                             is_complete_ = true;
                           });
  }
  bool has_failed(error_code error) {
    if (error) error_ = error.message();
    return static_cast<bool>(error);
  }

  const std::string request_;
  std::string line_;
  std::string error_;
  bool is_complete_ = false;
  asio::io_context context_;
  tcp::socket socket_{context_};
};

}  // namespace

int http_status_of(const std::string& address, std::uint16_t port, const std::string& path,
                   std::chrono::milliseconds time) {
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']');
  const auto ip = asio::ip::make_address(is_bracketed ? address.substr(1, address.size() - 2) : address);
  Probe probe{{ip, port}, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"};
  const auto line = probe.status_line(time);
  constexpr std::string_view kStart = "HTTP/1.1 ";
  int status = 0;
  const auto* const digits = line.data() + kStart.size();
  if (!line.starts_with(kStart) || std::from_chars(digits, line.data() + line.size(), status).ec != std::errc{}) {
    throw std::runtime_error{"the response is not HTTP/1.1"};
  }
  return status;
}

}  // namespace dti

#include "http/session.hpp"

#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/write.hpp>

#include "http/http_date.hpp"

namespace dti {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// After the last response, the server reads and drops the bytes that the client still sends, for a moment. If it closed the
// connection with unread bytes, the system would reset it, and the client could lose the response (RFC 9112, 9.6).
constexpr std::chrono::seconds kDrainTime{1};
constexpr std::size_t kDrainBytesMax = 256 * 1024;

}  // namespace

template <typename... Arguments>
auto HttpSession::handler(void (HttpSession::*member)(Arguments...)) {
  return [self = shared_from_this(), member](Arguments... arguments) {
    try {
      (self.get()->*member)(std::move(arguments)...);
    } catch (const std::exception& error) {
      self->shared_.on_fault(*self, error);
    }
  };
}

HttpSession::HttpSession(asio::ip::tcp::socket socket, const Shared& shared)
    : shared_(shared), stream_(std::move(socket)) {}

void HttpSession::start() {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
  wait_for_client(shared_.limits.request_time);
  read();
}

void HttpSession::close() { stream_.close(); }

void HttpSession::wait_for_client(std::chrono::milliseconds time) {
  waits_since_ = std::chrono::steady_clock::now();
  stream_.expires_after(time);  // also of the operations that follow
}

void HttpSession::read() { stream_.async_read_some(asio::buffer(chunk_), handler(&HttpSession::on_read)); }

void HttpSession::on_read(error_code error, std::size_t size) {
  if (error) return end(error, is_idle_ ? HttpCloseReason::kIdle : HttpCloseReason::kTooSlow);
  if (std::exchange(is_idle_, false)) wait_for_client(shared_.limits.request_time);
  received_.append(chunk_.data(), size);
  handle_head();
}

void HttpSession::handle_head() {
  auto parsed = head_.read(received_);
  if (std::holds_alternative<HeadIncomplete>(parsed)) return read();
  head_ = {};
  if (auto* refused = std::get_if<HeadRefused>(&parsed)) {
    keeps_alive_ = false;
    is_refused_ = true;
    is_head_ = refused->is_head;
    return respond(text_response(refused->status, refused->reason + "\n"));
  }
  handle(std::get<RequestHead>(std::move(parsed)));
}

void HttpSession::handle(RequestHead head) {
  received_.erase(0, head.bytes);
  is_head_ = head.request.method == "HEAD";
  // The server does not read a body, so it does not know where the next request begins.
  keeps_alive_ = head.keep_alive && !head.has_body;
  is_refused_ = head.has_body;
  if (head.has_body && (is_head_ || head.request.method == "GET")) {
    return respond(text_response(413, "a request for this path has no body\n"));
  }
  waits_since_ = SteadyTime::max();
  stream_.expires_never();
  const auto respond = [weak = weak_from_this()](HttpResponse response) {
    if (const auto self = weak.lock()) self->handler (&HttpSession::respond)(std::move(response));
  };
  shared_.answer(head.request, shared_.once_from_any_thread(respond));
}

void HttpSession::respond(HttpResponse response) {
  body_ = response.body ? std::move(response.body) : std::make_shared<const std::string>();
  response_ = Response{static_cast<http::status>(response.status), 11};
  for (const auto& [name, value] : response.fields) response_.insert(name, value);
  response_.set(http::field::date, http_date(std::chrono::system_clock::now()));
  response_.set(http::field::content_type, response.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  response_.set(http::field::connection, keeps_alive_ ? "keep-alive" : "close");
  response_.content_length(body_->size());
  response_.body() = {body_->data(), body_->size()};
  serializer_ = std::make_unique<http::response_serializer<http::span_body<const char>>>(response_);
  wait_for_client(shared_.limits.reply_time);
  if (is_head_) {
    http::async_write_header(stream_, *serializer_, handler(&HttpSession::on_written));
  } else {
    http::async_write(stream_, *serializer_, handler(&HttpSession::on_written));
  }
}

void HttpSession::on_written(error_code error, std::size_t /*size*/) {
  if (error) return end(error, HttpCloseReason::kTooSlow);
  serializer_.reset();
  body_.reset();
  if (!keeps_alive_) return drain();
  is_idle_ = received_.empty();
  wait_for_client(is_idle_ ? shared_.limits.idle_time : shared_.limits.request_time);
  if (is_idle_) {
    read();
  } else {
    handle_head();  // of a request that arrived together with the previous one
  }
}

void HttpSession::drain() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  wait_for_client(kDrainTime);
  discard();
}

void HttpSession::discard() { stream_.async_read_some(asio::buffer(chunk_), handler(&HttpSession::on_discarded)); }

void HttpSession::on_discarded(error_code error, std::size_t size) {
  discarded_ += size;
  if (error || discarded_ >= kDrainBytesMax) return end(HttpCloseReason::kClient);
  discard();
}

void HttpSession::end(error_code error, HttpCloseReason when_late) {
  end(error == beast::error::timeout ? when_late : HttpCloseReason::kClient);
}

}  // namespace dti

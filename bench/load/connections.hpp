#pragma once

#include <poll.h>
#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/keys/key.hpp"

namespace dti::bench {

/// What a connection to a secured endpoint needs.
struct CurveKeys {
  KeyPair own;
  PublicKey server;
};

/// DEALER sockets to one server. libzmq's C interface: one layer less on the path of each message.
/// Thread: one.
class Connections {
 public:
  /// @param keys       none: the endpoint is plain
  /// @param in_flight  how many messages may wait in each socket
  /// @throws std::runtime_error  if the address cannot be one
  Connections(const std::string& server, const std::optional<CurveKeys>& keys, std::size_t count,
              std::size_t in_flight);

  /// Waits until every connection is established, so that the latency of the first requests does not include it.
  /// @throws std::runtime_error  with a sentence, if one does not within the time
  void wait_until_connected(double seconds);

  enum class Bytes { kStay, kCopy };  // kStay: they outlive this object, and are not copied
  /// Sends ["", body] on the next connection in turn. @return false if its queue is full
  [[nodiscard]] bool send(std::string_view body, Bytes bytes);

  /// Calls on_body(std::string_view) for each message that is there, at most about `most` of them: with its last frame.
  /// @return how many there were
  template <typename Function>
  std::size_t receive(std::size_t most, Function&& on_body) {
    std::size_t count = 0;
    for (const auto& socket : sockets_) {
      while (count < most && zmq_msg_recv(&message_, socket.get(), ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_more(&message_)) continue;
        on_body(std::string_view{static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)});
        ++count;
      }
    }
    return count;
  }

  /// Waits until a message is there or the time has come. May return early.
  /// @param until  nanoseconds of the steady clock
  void wait(std::int64_t until);

  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

 private:
  struct CloseSocket {
    void operator()(void* socket) const { zmq_close(socket); }
  };
  struct EndContext {
    void operator()(void* context) const { zmq_ctx_term(context); }
  };
  using Socket = std::unique_ptr<void, CloseSocket>;

  const std::string server_;
  std::unique_ptr<void, EndContext> context_;
  std::vector<Socket> sockets_;
  std::vector<Socket> monitors_;  // until connected; each says when its connection stands
  std::vector<pollfd> poll_items_;
  std::size_t turn_ = 0;
  zmq_msg_t message_;
};

}  // namespace dti::bench

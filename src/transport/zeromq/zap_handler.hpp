#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "dti/base/time.hpp"
#include "dti/keys/key_ring.hpp"

namespace dti {

/// Decides for libzmq which connections of a context may be made. Without it, libzmq makes every connection (its option
/// that forbids this is not in Debian's build); RouterPort therefore drops each message without the mark of the
/// KeyRing. A key that is not listed is refused. A connection with a key gets an unguessable routing id in place of the
/// one that the peer has chosen, so that no peer can get the replies of another one. It has a thread, which ends with
/// the context; an error in it ends the process.
class ZapHandler {
 public:
  /// libzmq uses the routing id of an answer only if the answer comes after it has looked for one once, immediately
  /// after its question. An earlier answer, which only a thread that the system suspends between these two steps can
  /// meet, makes the connection useless: RouterPort drops its messages, and the client connects again.
  static constexpr std::chrono::milliseconds kAnswerDelay{50};

  /// Called when a key was refused, with the key and the address of the peer. Thread: the handler's.
  using OnRefused = std::function<void(const PublicKey& key, const std::string& address)>;

  /// @param context  libzmq asks about the connections of its sockets; no other handler may exist in it
  ZapHandler(zmq::context_t& context, std::shared_ptr<KeyRing> keys, OnRefused on_refused);
  /// Shuts the context down, which ends the thread, and waits for it.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

 private:
  struct Answer {
    SteadyTime at{};
    std::vector<zmq::message_t> frames;
  };

  void run();
  void take_questions();
  void send_answers();

  // Fixed after construction.
  zmq::context_t& context_;
  const std::shared_ptr<KeyRing> keys_;
  const OnRefused on_refused_;
  // The handler's thread only, once it runs.
  zmq::socket_t socket_;
  std::deque<Answer> answers_;  // that wait for their time; at most one for each connection without a handshake
  std::thread thread_;
};

}  // namespace dti

// dti_echo: replies to each message at once, with a given number of bytes. It measures the limit that libzmq sets for a
// server that decides and stores nothing. Messages pass through no code of dti.

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/command_line.hpp"

namespace {

constexpr int kBurstMax = 512;  // messages between two looks at the signals
constexpr std::size_t kFramesMax = 8;

struct EchoOptions {
  int port = 6000;
  std::size_t reply_bytes = 1'019;
};

struct CloseSocket {
  void operator()(void* socket) const { zmq_close(socket); }
};
struct EndContext {
  void operator()(void* context) const { zmq_ctx_term(context); }
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{what + ": " + zmq_strerror(zmq_errno())}; }

template <typename Value>
void set(void* socket, int option, Value value) {
  if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) fail("a socket option is refused");
}

// The options of the server's own ROUTER (src/transport/zeromq/sockets.cpp).
void bind_like_the_server(void* router, int port) {
  set(router, ZMQ_ROUTER_MANDATORY, 1);
  set(router, ZMQ_ROUTER_HANDOVER, 1);
  set(router, ZMQ_MAXMSGSIZE, std::int64_t{1024 * 1024});
  set(router, ZMQ_SNDHWM, 0);  // but this one: it has nowhere to keep a reply, and must lose none
  set(router, ZMQ_RCVHWM, 4'096);
  set(router, ZMQ_HANDSHAKE_IVL, 5'000);
  set(router, ZMQ_LINGER, 200);
  set(router, ZMQ_TCP_KEEPALIVE, 1);
  set(router, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(router, ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(router, ZMQ_TCP_KEEPALIVE_CNT, 3);
  const auto endpoint = "tcp://127.0.0.1:" + (port == 0 ? "*" : std::to_string(port));
  if (zmq_bind(router, endpoint.c_str()) != 0) fail("cannot listen on " + endpoint);
}

int open_signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor < 0) throw std::runtime_error{"cannot watch SIGTERM and SIGINT"};
  return descriptor;
}

// The reply's bytes: spaces, which JSON allows in front, then the end of the request, where its request-id stands.
void init_reply(zmq_msg_t* reply, zmq_msg_t* request, std::size_t size) {
  if (zmq_msg_init_size(reply, size) != 0) fail("no memory for a reply");
  const auto copied = std::min(size, zmq_msg_size(request));
  auto* bytes = static_cast<char*>(zmq_msg_data(reply));
  std::memset(bytes, ' ', size - copied);
  std::memcpy(bytes + size - copied, static_cast<char*>(zmq_msg_data(request)) + zmq_msg_size(request) - copied,
              copied);
}

// Answers one message: the frames before its last one as they came, and the reply for that.
// @return false if there was none
bool echo_one(void* router, std::size_t reply_bytes, std::array<zmq_msg_t, kFramesMax>& frames) {
  std::size_t last = 0;
  if (zmq_msg_recv(&frames[0], router, ZMQ_DONTWAIT) < 0) return false;
  while (zmq_msg_more(&frames[last])) {
    last = std::min(last + 1, kFramesMax - 1);  // of more frames, those between are lost
    zmq_msg_recv(&frames[last], router, ZMQ_DONTWAIT);
  }
  for (std::size_t i = 0; i < last; ++i) {
    // To a peer that is gone or does not read: dropped, as from any ROUTER.
    if (zmq_msg_send(&frames[i], router, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) return true;
  }
  zmq_msg_t reply;
  init_reply(&reply, &frames[last], reply_bytes);
  if (zmq_msg_send(&reply, router, ZMQ_DONTWAIT) < 0) zmq_msg_close(&reply);
  return true;
}

bool has_messages(void* router) {
  int events = 0;
  std::size_t size = sizeof events;
  zmq_getsockopt(router, ZMQ_EVENTS, &events, &size);
  return (events & ZMQ_POLLIN) != 0;
}

void serve(const EchoOptions& options) {
  const int signals = open_signal_descriptor();  // before any thread exists
  const std::unique_ptr<void, EndContext> context{zmq_ctx_new()};
  const std::unique_ptr<void, CloseSocket> router{zmq_socket(context.get(), ZMQ_ROUTER)};
  bind_like_the_server(router.get(), options.port);
  std::array<char, 256> endpoint{};
  std::size_t size = endpoint.size();
  zmq_getsockopt(router.get(), ZMQ_LAST_ENDPOINT, endpoint.data(), &size);
  std::cout << "READY " << endpoint.data() << std::endl;
  if (!std::cout) throw std::runtime_error{"the READY line could not be written to stdout"};

  int descriptor = 0;
  size = sizeof descriptor;
  zmq_getsockopt(router.get(), ZMQ_FD, &descriptor, &size);
  std::array<zmq_msg_t, kFramesMax> frames;
  for (auto& frame : frames) zmq_msg_init(&frame);
  std::array<pollfd, 2> items{{{descriptor, POLLIN, 0}, {signals, POLLIN, 0}}};
  while ((items[1].revents & POLLIN) == 0) {
    int count = 0;
    while (count < kBurstMax && echo_one(router.get(), options.reply_bytes, frames)) ++count;
    // libzmq's descriptor tells of news only once, and a send may have taken them: so its state is asked for first.
    const bool wait = !has_messages(router.get());
    if (poll(items.data(), items.size(), wait ? -1 : 0) < 0 && errno != EINTR) {
      throw std::runtime_error{std::string{"cannot wait for messages: "} + std::strerror(errno)};
    }
  }
  for (auto& frame : frames) zmq_msg_close(&frame);
  close(signals);
}

}  // namespace

int main(int argc, char** argv) {
  EchoOptions options;
  CLI::App app{
      "dti_echo answers each message at once, in one thread, with --reply-bytes bytes that end with the request: the "
      "bound that libzmq sets for any such server. It prints \"READY tcp://127.0.0.1:PORT\" and ends on SIGTERM and "
      "SIGINT. The frames before the last one go back unchanged.",
      "dti_echo"};
  app.footer(R"(Examples:
  # an echo, and load on it
  dti_echo --port=6001
  dti_load --server=127.0.0.1:6001 --any-reply --faculties=1000 --programs=1000 --seconds=3

Exit codes:
  0  stopped on request
  1  could not start or continue; stderr states the cause
  2  incorrect usage)");
  const auto* group = "Echo";
  dti::bench::add_flag(app, group, "--port=N", options.port, "TCP port to listen on, at 127.0.0.1; 0 is any free one.")
      ->check(CLI::Range(0, 65'535));
  dti::bench::add_flag(app, group, "--reply-bytes=N", options.reply_bytes,
                       "Size of each reply. The default is about that of a server's reply to five programs.")
      ->check(CLI::Range(1, 4 * 1024 * 1024));
  if (const auto code = dti::bench::read_command_line(app, argc, argv)) return *code;
  try {
    serve(options);
  } catch (const std::exception& error) {
    std::cerr << "dti_echo: " << error.what() << std::endl;
    return 1;
  }
  return 0;
}

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "dti/transport/zeromq/router_port.hpp"
#include "dti/transport/zeromq/server_connection.hpp"
#include "transport/zeromq/sockets.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using peers::Frames;

constexpr std::size_t kFrameBytesMax = 1'000;

class SecuredPort : public testing::Test {
 protected:
  static ListedKey listed(const std::string& name, const KeyPair& key) {
    return {name, {KeyRole::Kind::kFaculty, name}, key.public_key};
  }
  std::string address_of(std::size_t endpoint) const {
    const auto& name = port_.addresses().at(endpoint);
    return name.substr(name.find("://") + 3);
  }
  /// A peer of the secured endpoint.
  zmq::socket_t connect(const KeyPair& key, const std::string& routing_id = "") {
    const ClientLock lock{key, server_.public_key};
    auto peer = make_dealer(context_, kFrameBytesMax, &lock);
    peer.set(zmq::sockopt::reconnect_ivl, 10);
    peer.set(zmq::sockopt::rcvtimeo, 10'000);
    if (!routing_id.empty()) peer.set(zmq::sockopt::routing_id, routing_id);
    peer.connect("tcp://" + address_of(1));
    return peer;
  }
  zmq::socket_t connect_plain(const std::string& routing_id = "") {
    auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
    if (!routing_id.empty()) peer.set(zmq::sockopt::routing_id, routing_id);
    peer.connect("tcp://" + address_of(0));
    return peer;
  }
  /// A socket that gets a message when the connection of a peer ends.
  zmq::socket_t watch_end(zmq::socket_t& peer) {
    const auto* const address = "inproc://end";
    EXPECT_EQ(zmq_socket_monitor(peer.handle(), address, ZMQ_EVENT_DISCONNECTED), 0);
    auto watch = peers::make_peer(context_, zmq::socket_type::pair);
    watch.connect(address);
    return watch;
  }
  /// What a turn of a loop does besides handling messages.
  void turn() {
    port_.retry(Clock::now());
    if (!port_.is_bound()) port_.listen_again(Clock::now());
  }
  /// The next message; none if none comes in time.
  std::optional<PeerMessage> receive(std::chrono::milliseconds time = 10s) {
    const auto until = Clock::now() + time;
    while (Clock::now() < until) {
      turn();
      if (!port_.is_bound()) continue;
      if (auto message = port_.receive()) return message;
      PollItem items[] = {port_.poll_item()};
      wait_for(items, std::min(until, Clock::now() + 10ms));
    }
    return std::nullopt;
  }
  /// The key of the peer that asks, which gets an answer.
  KeyNumber serve(zmq::socket_t& peer) {
    peers::send(peer, {"ask"});
    const auto message = receive();
    if (!message) return ~KeyNumber{0};
    const auto key = message->key;
    port_.reply(message->token, "answer", Clock::now());
    EXPECT_EQ(peers::receive(peer), (Frames{"answer"}));
    return key;
  }
  /// Waits for a log event while the port turns.
  bool logs(const std::string& event) {
    const auto until = Clock::now() + 10s;
    while (Clock::now() < until) {
      turn();
      if (log_count(event) > 0) return true;
      std::this_thread::yield();
    }
    return false;
  }
  std::size_t log_count(const std::string& event) {
    const std::lock_guard lock{log_mutex_};
    return log_counts_[event];
  }

  static constexpr auto kSilence = 300ms;
  const KeyPair server_ = make_key_pair();
  const KeyPair derecho_ = make_key_pair();
  const KeyPair office_ = make_key_pair();
  std::mutex log_mutex_;
  std::map<std::string, std::size_t> log_counts_;
  zmq::context_t context_;
  std::shared_ptr<KeyRing> keys_ =
      std::make_shared<KeyRing>(KeyList{listed("derecho", derecho_), listed("office", office_)});
  RouterPort port_{{.listen_at = {{"127.0.0.1", 0, false}, {"127.0.0.1", 0, true}},
                    .frame_bytes_max = kFrameBytesMax,
                    .counts_peers = true,
                    .dropped = {LogLevel::kWarning, "reply-dropped", "", {}},
                    .lock = PortLock{server_.secret_key, keys_}},
                   [this](const LogEvent& event) {
                     const std::lock_guard lock{log_mutex_};
                     ++log_counts_[event.event];
                   }};
};

TEST_F(SecuredPort, NamesItsEndpointsInTheirOrder) {
  EXPECT_TRUE(port_.address().starts_with("tcp://127.0.0.1:"));
  EXPECT_TRUE(port_.addresses().at(1).starts_with("curve://127.0.0.1:"));
}

TEST_F(SecuredPort, AMessageHasTheKeyOfItsConnectionAndAPlainOneHasNone) {
  auto derecho = connect(derecho_);
  auto office = connect(office_);
  auto plain = connect_plain();
  EXPECT_EQ(keys_->find(serve(derecho))->name, "derecho");
  EXPECT_EQ(keys_->find(serve(office))->name, "office");
  EXPECT_EQ(serve(plain), 0U);
  EXPECT_EQ(keys_->find(serve(derecho))->name, "derecho");
  EXPECT_EQ(port_.refusals(), Refusals{});
}

TEST_F(SecuredPort, AnUnlistedKeyIsRefusedCountedAndLogged) {
  auto stranger = connect(make_key_pair());
  peers::send(stranger, {"ask"});
  EXPECT_FALSE(receive(kSilence));
  EXPECT_TRUE(logs("key-refused"));
  EXPECT_GE(port_.refusals()[static_cast<std::size_t>(Refusal::kKey)], 1U);
  auto derecho = connect(derecho_);
  EXPECT_EQ(keys_->find(serve(derecho))->name, "derecho");
}

TEST_F(SecuredPort, APlainPeerAtTheSecuredEndpointIsRefusedCountedAndLogged) {
  // The peer may see the other mechanism first and close: then the port knows only that the handshake failed.
  const auto is_counted = [this] { return port_.refusals()[static_cast<std::size_t>(Refusal::kMechanism)] > 0; };
  for (int tries = 0; tries < 50 && !is_counted(); ++tries) {
    auto plain = peers::make_peer(context_, zmq::socket_type::dealer);
    plain.connect("tcp://" + address_of(1));
    peers::send(plain, {"ask"});
    EXPECT_FALSE(receive(kSilence));
  }
  EXPECT_TRUE(is_counted());
  EXPECT_TRUE(logs("handshake-refused"));
}

TEST_F(SecuredPort, ASecuredPeerAtThePlainEndpointIsRefused) {
  const ClientLock lock{derecho_, server_.public_key};
  auto peer = make_dealer(context_, kFrameBytesMax, &lock);
  connect_dealer(peer, address_of(0));
  peers::send(peer, {"ask"});
  EXPECT_FALSE(receive(kSilence));
  EXPECT_TRUE(logs("handshake-refused"));
}

TEST_F(SecuredPort, NoPeerChoosesItsRoutingIdThereAndNoneGetsTheRepliesOfAnother) {
  auto victim = connect(office_);
  peers::send(victim, {"ask"});
  const auto asked = receive();
  ASSERT_TRUE(asked);
  const std::string id{asked->peer};
  ASSERT_EQ(id.size(), 33U);
  for (const auto& forged : {id, std::string{"chosen"}, std::string("\0\0\0\0\1", 5)}) {
    auto attacker = connect(derecho_, forged);
    peers::send(attacker, {"attack"});
    const auto attack = receive();
    ASSERT_TRUE(attack);
    EXPECT_EQ(keys_->find(attack->key)->name, "derecho");
    EXPECT_NE(attack->peer, forged);
    port_.reply(attack->token, "its own", Clock::now());
    EXPECT_EQ(peers::receive(attacker), (Frames{"its own"}));
  }
  port_.reply(asked->token, "for the office", Clock::now());
  EXPECT_EQ(peers::receive(victim), (Frames{"for the office"}));
}

TEST_F(SecuredPort, OldPeersOfThePlainEndpointComeBackUnderTheirIds) {
  auto secured = connect(derecho_);
  EXPECT_NE(serve(secured), 0U);
  for (int times = 0; times < 2; ++times) {
    auto old = connect_plain("old");
    EXPECT_EQ(serve(old), 0U);
  }
  EXPECT_NE(serve(secured), 0U);
}

TEST_F(SecuredPort, ARemovedKeyGetsNothingMoreAndEverySecuredConnectionIsClosed) {
  auto derecho = connect(derecho_);
  auto office = connect(office_);
  auto plain = connect_plain();
  EXPECT_EQ(serve(plain), 0U);
  EXPECT_NE(serve(derecho), 0U);
  EXPECT_NE(serve(office), 0U);
  peers::send(plain, {"a program that asks once"});
  const auto asked_once = receive();
  ASSERT_TRUE(asked_once);
  peers::send(derecho, {"ask"});
  const auto asked = receive();
  ASSERT_TRUE(asked);
  auto watch = watch_end(derecho);
  port_.change_keys({listed("office", office_)});
  EXPECT_EQ(log_count("key-removed"), 1U);
  EXPECT_EQ(log_count("connections-closed"), 1U);
  port_.reply(asked->token, "too late", Clock::now());
  EXPECT_EQ(port_.drops(), (Drops{0, 0, 1}));
  zmq::message_t event;
  EXPECT_TRUE(watch.recv(event));
  EXPECT_EQ(keys_->find(serve(office))->name, "office");
  port_.reply(asked_once->token, "answer", Clock::now());
  EXPECT_EQ(peers::receive(plain), (Frames{"answer"}));
  EXPECT_EQ(serve(plain), 0U);
  // Its socket may have no connection in which the message could wait.
  static_cast<void>(derecho.send(zmq::str_buffer("ask again"), zmq::send_flags::dontwait));
  EXPECT_FALSE(receive(kSilence));
}

TEST_F(SecuredPort, AnotherChangeOfTheListClosesNoConnection) {
  auto office = connect(office_);
  const auto number = serve(office);
  auto changed = listed("office", office_);
  changed.role = {KeyRole::Kind::kOffice, {}};
  port_.change_keys({changed, listed("new", make_key_pair())});
  EXPECT_TRUE(port_.is_bound());
  EXPECT_EQ(port_.times_closed(), 0U);
  EXPECT_EQ(log_count("key-removed") + log_count("key-changed") + log_count("key-added"), 3U);
  EXPECT_EQ(serve(office), number);
  EXPECT_EQ(keys_->find(number)->role.kind, KeyRole::Kind::kOffice);
}

TEST_F(SecuredPort, IsSecuredAgainAfterItWasClosedOrParked) {
  for (int times = 0; times < 2; ++times) {
    if (times == 0) {
      port_.close(Clock::now());
    } else {
      port_.park();
      port_.listen(Clock::now());
    }
    auto derecho = connect(derecho_);
    EXPECT_EQ(keys_->find(serve(derecho))->name, "derecho");
    auto stranger = connect(make_key_pair());
    peers::send(stranger, {"ask"});
    auto plain = peers::make_peer(context_, zmq::socket_type::dealer);
    plain.connect("tcp://" + address_of(1));
    peers::send(plain, {"ask"});
    EXPECT_FALSE(receive(kSilence));
  }
}

TEST_F(SecuredPort, ManyClientsAtOnceGetTheirOwnReplies) {
  constexpr int kPeers = 50;
  std::vector<zmq::socket_t> all;
  for (int i = 0; i < kPeers; ++i) {
    all.push_back(connect(i % 2 == 0 ? derecho_ : office_));
    peers::send(all.back(), {std::to_string(i)});
  }
  for (int i = 0; i < kPeers; ++i) {
    const auto message = receive();
    ASSERT_TRUE(message);
    const std::string body{message->body};
    EXPECT_EQ(keys_->find(message->key)->name, std::stoi(body) % 2 == 0 ? "derecho" : "office");
    port_.reply(message->token, body, Clock::now());
  }
  for (int i = 0; i < kPeers; ++i)
    EXPECT_EQ(peers::receive(all[static_cast<std::size_t>(i)]), (Frames{std::to_string(i)}));
}

// What a connection reports that cannot be made.
std::string reason_of_loss(ServerConnection& connection, const std::function<void()>& turn) {
  connection.connect(Clock::now());
  const auto until = Clock::now() + 30s;
  while (Clock::now() < until) {
    turn();
    if (auto change = connection.update(Clock::now())) {
      const auto* lost = std::get_if<ServerConnection::Lost>(&*change);
      return lost == nullptr ? "it is connected" : lost->reason;
    }
    std::this_thread::yield();
  }
  return "nothing happened";
}

TEST_F(SecuredPort, AClientIsToldWhyItCannotConnect) {
  const auto stranger = make_key_pair();
  const struct {
    std::size_t endpoint;
    std::optional<ClientLock> lock;
    const char* part;
  } cases[] = {
      {1, ClientLock{derecho_, server_.public_key}, "it is connected"},
      {0, std::nullopt, "it is connected"},
      {1, std::nullopt, "is a secured endpoint"},
      {1, ClientLock{derecho_, stranger.public_key}, "did not prove the server key"},
      {1, ClientLock{stranger, server_.public_key}, "refused the key of this client"},
      {0, ClientLock{derecho_, server_.public_key}, "did not prove the server key"},
  };
  for (const auto& c : cases) {
    ServerConnection connection{context_, address_of(c.endpoint), 2s, kFrameBytesMax, c.lock};
    const auto reason = reason_of_loss(connection, [this] { turn(); });
    EXPECT_NE(reason.find(c.part), std::string::npos) << reason;
  }
}

}  // namespace
}  // namespace dti

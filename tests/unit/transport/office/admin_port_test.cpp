#include "dti/transport/zeromq/admin_port.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <zmq.hpp>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBytesMax = 1'000;

class AdminPortTest : public testing::Test {
 protected:
  AdminPortTest() {
    std::string pattern = "/tmp/dti.XXXXXX";  // short, because a socket's path has at most 107 bytes
    place_ = ::mkdtemp(pattern.data());
    folder_ = place_ / "admin.d";
  }
  ~AdminPortTest() override { std::filesystem::remove_all(place_); }

  static PeerMessage receive(AdminPort& port) {
    std::vector<PollItem> items{port.poll_item()};
    for (int i = 0; i < 100; ++i) {
      if (const auto message = port.receive()) return *message;
      wait_for(items, std::chrono::steady_clock::now() + 100ms);
    }
    throw std::runtime_error{"no message"};
  }

  std::filesystem::path place_;
  std::string folder_;
};

TEST_F(AdminPortTest, AMessageOfThisMachineGetsItsReply) {
  AdminPort port{folder_, kBytesMax};
  EXPECT_EQ(port.address(), "ipc://" + folder_ + "/admin");
  zmq::context_t context;
  zmq::socket_t dealer{context, zmq::socket_type::dealer};
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::rcvtimeo, 10'000);
  dealer.connect(port.address());
  dealer.send(zmq::message_t{}, zmq::send_flags::sndmore);
  dealer.send(zmq::buffer(std::string{"question"}));
  const auto message = receive(port);
  EXPECT_EQ(message.body, "question");
  EXPECT_EQ(message.key, 0U);
  EXPECT_GE(message.token, AdminPort::kFirstToken);
  EXPECT_GT(port.waiting_bytes(), 0U);
  port.reply(message.token, "answer", std::chrono::steady_clock::now());
  EXPECT_EQ(port.waiting_bytes(), 0U);
  zmq::message_t frame;
  ASSERT_TRUE(dealer.recv(frame));
  EXPECT_EQ(frame.size(), 0U) << "the envelope of a REQ";
  ASSERT_TRUE(dealer.recv(frame));
  EXPECT_EQ(frame.to_string(), "answer");
}

TEST_F(AdminPortTest, ALivingOneIsNotReplacedAndADeadOneIs) {
  {
    AdminPort living{folder_, kBytesMax};
    EXPECT_THROW((AdminPort{folder_, kBytesMax}), std::runtime_error);
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/admin"));
  }
  std::filesystem::remove(folder_ + "/admin");
  {
    zmq::context_t context;
    zmq::socket_t other{context, zmq::socket_type::router};
    other.bind("ipc://" + folder_ + "/other");
    std::filesystem::rename(folder_ + "/other", folder_ + "/admin");
  }
  ASSERT_TRUE(std::filesystem::exists(folder_ + "/admin")) << "as a process leaves it that was killed";
  EXPECT_NO_THROW((AdminPort{folder_, kBytesMax}));
}

TEST_F(AdminPortTest, APathThatIsTooLongIsNamedWithItsLength) {
  const std::string folder = "/tmp/" + std::string(200, 'x');
  try {
    AdminPort port{folder, kBytesMax};
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("has 211 bytes, and may have 107"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace dti

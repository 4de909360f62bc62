#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dti/base/time.hpp"
#include "dti/transport/zeromq/message_port.hpp"
#include "dti/transport/zeromq/poll.hpp"

namespace dti {

/// The address of the socket file in a folder, `ipc://FOLDER/admin`.
/// @throws std::runtime_error  with a sentence for people, if the path is longer than the system accepts (107 bytes)
[[nodiscard]] std::string admin_address(const std::string& folder);

/// A socket file at which processes of this machine send messages. Only the user of this process and root can reach it,
/// because no one else may enter its folder. A file that a dead process has left is replaced.
/// Thread: one.
class AdminPort final : public MessagePort {
 public:
  /// The first token. Those of a RouterPort are smaller, so that one pipeline can serve both.
  static constexpr Token kFirstToken = Token{1} << 63;

  /// Begins to listen. Makes the folder if there is none.
  /// @param frame_bytes_max  libzmq closes a connection that sends a larger frame
  /// @throws std::runtime_error  with a sentence for people, also if another process listens there
  AdminPort(const std::string& folder, std::size_t frame_bytes_max);
  ~AdminPort() override;
  AdminPort(const AdminPort&) = delete;
  AdminPort& operator=(const AdminPort&) = delete;

  [[nodiscard]] std::optional<PeerMessage> receive() override;
  void reply(Token token, std::string_view body, SteadyTime now) override;
  void forget(Token token) override;
  [[nodiscard]] std::size_t waiting_bytes() const override;

  /// Sends the replies that are kept for slow peers. Call it at wake_at().
  void retry(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// An item that is ready when there is a message.
  [[nodiscard]] PollItem poll_item();
  [[nodiscard]] const std::string& address() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace dti

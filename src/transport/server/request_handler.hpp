#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/keys/key_ring.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "dti/transport/server/server_figures.hpp"
#include "dti/transport/zeromq/message_port.hpp"
#include "transport/server/office_desk.hpp"

namespace dti {

/// The part of a server between its port and its pipeline: it reads messages, gives requests to the pipeline, rejects
/// malformed ones, replies to health checks, and sends the replies of the pipeline. It has no socket and no clock, so
/// that the simulation runs it as well.
/// Thread: one.
class RequestHandler {
 public:
  /// Messages to read before the actions that they caused are performed: a batch's worth, under a few ms.
  static constexpr int kMessagesPerTurn = 512;

  /// @param port, pipeline  must outlive the handler
  /// @param keeps_health_checks  a health check that comes while the server is not ready gets its reply later, in
  ///   answer_health_checks(); otherwise it gets none
  /// @param keys  the roles of the keys of messages, which outlive the handler; null: no message has a key
  /// @param programs_max  in a request of a peer whose role is not the office's
  /// @param log  of the changes that the office makes; may be empty
  RequestHandler(MessagePort& port, CommitPipeline& pipeline, bool keeps_health_checks, const KeyRing* keys = nullptr,
                 std::size_t programs_max = kProgramsMax, LogSink log = {})
      : port_(port),
        pipeline_(pipeline),
        keeps_health_checks_(keeps_health_checks),
        keys_(keys),
        programs_max_(programs_max),
        office_(pipeline, keys, std::move(log)) {}

  /// From the next request on.
  void change_programs_max(std::size_t programs_max) { programs_max_ = programs_max; }

  /// Handles the next message. @return false if there is none
  bool handle_next(const Now& now);
  /// Handles the next message of the socket file, which takes nothing but commands of the office.
  /// @param port  must outlive the replies  @return false if there is none
  bool handle_next_command(MessagePort& port, const Now& now);
  /// Perform actions of the pipeline.
  void send(const SendReply& reply, SteadyTime now);
  void send(const SendOfficeReply& reply, SteadyTime now) { office_.send(reply, now); }
  void note(const NoteOfficeChange& change) const { office_.note(change); }
  void send(const SendOpenSemesterReply& reply, SteadyTime now) { office_.send(reply, now); }

  /// Replies to the health checks that were kept, if the server is ready.
  void answer_health_checks(const Now& now);
  /// The health checks that were kept get no reply.
  void forget_health_checks();
  [[nodiscard]] std::size_t health_check_count() const { return health_checks_.size(); }
  [[nodiscard]] const RequestFigures& figures() const { return figures_; }
  [[nodiscard]] const OfficeFigures& office_figures() const { return office_.figures(); }

 private:
  /// Decodes a message. A command of the office goes to its desk. @return none if it did
  [[nodiscard]] std::optional<DecodedRequest> decode(const PeerMessage& message, const Now& now);
  void refuse(Token token, const MalformedRequest& malformed, SteadyTime now);
  /// Why the peer of a message may not make this request; none: it may.
  [[nodiscard]] std::optional<RequestError> why_not(const PeerMessage& message, const AllocationRequest& request) const;
  void reply(Token token, const AllocationRequest& request, const Outcome& outcome, SteadyTime now);

  // Fixed after construction.
  MessagePort& port_;
  CommitPipeline& pipeline_;
  const bool keeps_health_checks_;
  const KeyRing* const keys_;

  std::size_t programs_max_;
  std::vector<Token> health_checks_;
  AllocationRequestDecoder decoder_;
  std::string body_;  // of the current reply
  RequestFigures figures_;
  OfficeDesk office_;
};

}  // namespace dti

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/keys/key_ring.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "dti/transport/server/server_figures.hpp"
#include "dti/transport/zeromq/message_port.hpp"
#include "transport/server/office_sender.hpp"

namespace dti {

/// Takes the commands of the office from the ports of a server to its pipeline, and the replies back. It has no socket
/// and no clock.
/// Thread: one.
class OfficeDesk {
 public:
  using Decoded = std::variant<OfficeMessage, MalformedCommand>;

  /// @param pipeline, keys  must outlive the desk; keys may be null: no message has a key
  /// @param log  may be empty
  OfficeDesk(CommitPipeline& pipeline, const KeyRing* keys, LogSink log)
      : pipeline_(pipeline), keys_(keys), log_(std::move(log)) {}

  /// Gives a command to the pipeline, or replies at once that it may not be sent.
  /// @param port  of the message; must outlive the reply
  void take(MessagePort& port, const PeerMessage& message, OfficeDoor door, Decoded decoded, const Now& now);
  /// Perform actions of the pipeline.
  void send(const SendOfficeReply& answer, SteadyTime now);
  void send(const SendOpenSemesterReply& answer, SteadyTime now);
  void note(const NoteOfficeChange& change) const;

  [[nodiscard]] const OfficeFigures& figures() const { return figures_; }

 private:
  struct Waiting {
    MessagePort* port = nullptr;
    OfficeMessage message;
    KeyNumber faculty = 0;  // the key of a faculty; 0: the office sent it
  };

  [[nodiscard]] std::variant<std::string, RequestError> actor(const PeerMessage& message, OfficeDoor door,
                                                              const OfficeMessage& sent) const;
  /// Why a faculty must wait with its next command; none: it need not, or the key is not a faculty's.
  [[nodiscard]] std::optional<RequestError> why_busy(const PeerMessage& message, OfficeDoor door) const;
  [[nodiscard]] const ListedKey* key_of(KeyNumber number) const;
  [[nodiscard]] OfficeOutcome facts_of(const OpenSemester& opened) const;
  void refuse(MessagePort& port, Token token, const OfficeMessage& message, RequestError error, SteadyTime now);
  void answer(Token token, const OfficeOutcome& outcome, SteadyTime now);
  void reply(MessagePort& port, Token token, const OfficeMessage& message, const OfficeOutcome& outcome,
             SteadyTime now);
  void log_change(const OfficeMessage& message, Seq seq, std::int64_t programs_added) const;

  CommitPipeline& pipeline_;
  const KeyRing* const keys_;
  const LogSink log_;
  std::unordered_map<Token, Waiting> waiting_;  // that the pipeline has; without the programs of the catalogue
  OfficeFigures figures_;
};

}  // namespace dti

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/status.hpp"

namespace dti {

/// The part of one program in a faculty's request.
struct ProgramRequest {
  std::string correlation_id;  // `program-id` on the wire: chosen by the faculty and returned; it identifies no program
  std::string name;            // in the spelling of the faculty
  Want want;

  friend bool operator==(const ProgramRequest&, const ProgramRequest&) = default;
};

/// A faculty's request to a server: the requests of its programs for one semester. They take effect together, in order.
struct AllocationRequest {
  std::string semester;
  std::string faculty_name;
  std::vector<ProgramRequest> programs;
  std::optional<std::string> request_id;
  std::int64_t hold_seconds = 0;  // 1 to kHoldMax: new grants are holds, which end after that time; 0: they are firm

  friend bool operator==(const AllocationRequest&, const AllocationRequest&) = default;
};

/// The part of one program in an outcome.
struct ProgramOutcome {
  Status status = Status::kOk;
  Grant grant;
  std::int64_t expires_at = 0;  // of a hold: its end, in microseconds since 1970, UTC; 0: the grant is firm

  friend bool operator==(const ProgramOutcome&, const ProgramOutcome&) = default;
};

/// The error of a request that failed as a whole, with the facts that a client needs to try again.
struct RequestError {
  Status status = Status::kInvalidRequest;               // is_whole_request(status)
  std::string detail;                                    // a sentence for people, or empty
  std::optional<std::chrono::milliseconds> retry_after;  // how long the client should wait
  std::string leader;                                    // kNotLeader: host:port of the leader, if known

  friend bool operator==(const RequestError&, const RequestError&) = default;
};

/// An explanation of the outcome of one program, in addition to its status.
struct ProgramDetail {
  std::size_t index = 0;  // of the program in the request
  std::string text;       // a sentence of at most 1 KiB

  friend bool operator==(const ProgramDetail&, const ProgramDetail&) = default;
};

/// The outcome of a request: either an error of the whole request, or an outcome for each program.
struct Outcome {
  std::optional<RequestError> error;
  std::vector<ProgramOutcome> programs;     // one for each program, in the order of the request; none with an error
  std::vector<ProgramDetail> details = {};  // in the order of index; only the programs that need an explanation

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// One program of a server's reply. The faculty finds the program by the correlation id alone.
struct RepliedProgram {
  std::string correlation_id;
  Status status = Status::kUnavailable;
  Grant grant;
  std::string detail = {};      // a sentence, or empty
  std::string expires_at = {};  // of a hold: time_text() of its end; empty: the grant is firm

  friend bool operator==(const RepliedProgram&, const RepliedProgram&) = default;
};

/// A server's reply to a faculty.
struct AllocationReply {
  std::optional<RequestError> error;  // an unknown code is read as kUnavailable
  std::optional<std::string> request_id;
  std::vector<RepliedProgram> programs;
  std::optional<std::string> semester = std::nullopt;

  friend bool operator==(const AllocationReply&, const AllocationReply&) = default;
};

/// A program's request to its faculty.
struct RoomRequest {
  std::string program_name;
  std::string semester;
  Want want;
  std::optional<std::string> client_id;
  std::int64_t hold_seconds = 0;  // as in AllocationRequest

  friend bool operator==(const RoomRequest&, const RoomRequest&) = default;
};

/// A faculty's reply to a program.
struct RoomAnswer {
  Status status = Status::kUnavailable;
  Grant grant;
  std::string detail;           // a sentence, or empty
  std::string expires_at = {};  // as in RepliedProgram

  friend bool operator==(const RoomAnswer&, const RoomAnswer&) = default;
};

}  // namespace dti

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/status.hpp"

namespace dti {

/// One program's wish inside a faculty's request.
struct ProgramRequest {
  std::string correlation_id;  // the wire's program-id: the faculty's own, echoed; never an identity
  std::string name;            // as spelled by the faculty
  Want want;

  friend bool operator==(const ProgramRequest&, const ProgramRequest&) = default;
};

/// What a faculty asks of a server: its programs' wishes for one semester, which take effect together, in order.
struct AllocationRequest {
  std::string semester;
  std::string faculty_name;
  std::vector<ProgramRequest> programs;
  std::optional<std::string> request_id;

  friend bool operator==(const AllocationRequest&, const AllocationRequest&) = default;
};

/// One program's part of an outcome.
struct ProgramOutcome {
  Status status = Status::kOk;
  Grant grant;

  friend bool operator==(const ProgramOutcome&, const ProgramOutcome&) = default;
};

/// A request that failed as a whole: what people are told, and what a client needs to try again.
struct RequestError {
  Status status = Status::kInvalidRequest;  // is_whole_request(status)
  std::string detail;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string leader;  // kNotLeader: host:port of the leader, if known

  friend bool operator==(const RequestError&, const RequestError&) = default;
};

/// What people are told about one program's part, beyond its status.
struct ProgramDetail {
  std::size_t index = 0;  // of the program in the request
  std::string text;       // a sentence of at most 1 KiB

  friend bool operator==(const ProgramDetail&, const ProgramDetail&) = default;
};

/// How a request was answered: either an error of the whole, or an outcome for each program in the request's order.
struct Outcome {
  std::optional<RequestError> error;
  std::vector<ProgramOutcome> programs;     // as many as the request has; none with an error
  std::vector<ProgramDetail> details = {};  // in order of index; for few programs

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// One entry of a server's reply as a faculty reads it: matched by correlation id, whatever else it says.
struct RepliedProgram {
  std::string correlation_id;
  Status status = Status::kUnavailable;
  Grant grant;
  std::string detail = {};  // a sentence, or empty

  friend bool operator==(const RepliedProgram&, const RepliedProgram&) = default;
};

/// A server's reply as a faculty reads it.
struct AllocationReply {
  std::optional<RequestError> error;  // a code that is not known reads as kUnavailable
  std::optional<std::string> request_id;
  std::vector<RepliedProgram> programs;
  std::optional<std::string> semester = std::nullopt;

  friend bool operator==(const AllocationReply&, const AllocationReply&) = default;
};

/// What a program asks of its faculty.
struct RoomRequest {
  std::string program_name;
  std::string semester;
  Want want;
  std::optional<std::string> client_id;

  friend bool operator==(const RoomRequest&, const RoomRequest&) = default;
};

/// What a faculty tells its program.
struct RoomAnswer {
  Status status = Status::kUnavailable;
  Grant grant;
  std::string detail;  // a sentence, or empty

  friend bool operator==(const RoomAnswer&, const RoomAnswer&) = default;
};

}  // namespace dti

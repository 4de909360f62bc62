#pragma once

#include <array>
#include <string_view>

namespace dti {

/// The warnings and errors of a faculty that dti_events_total counts: all of docs/operations.md, Log events, apart from
/// those with which the process ends and the lines that the log itself writes. tests_py/project/test_docs.py compares
/// them.
inline constexpr auto kFacultyEvents = std::to_array<std::string_view>({
    "try-lost",
    "address-skipped",
    "try-refused",
    "batch-given-up",
    "command-given-up",
    "request-dropped",
    "request-malformed",
    "reply-skipped",
    "answer-dropped",
    "endpoint-closed",
    "memory-max-too-low",
    "descriptors-exhausted",
    "stopped",
    "restart-needed",
    "reload-refused",
    "connections-refused",
    "messages-refused",
    "flood-closed",
    "plaintext-endpoint",
    "key-refused",
    "handshake-refused",
    "peer-unidentified",
    "no-keys",
    "http-not-loopback",
    "http-limit-reached",
    "http-accept-failed",
    "http-request-failed",
    "http-connection-failed",
});

}  // namespace dti

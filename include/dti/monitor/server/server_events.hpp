#pragma once

#include <array>
#include <string_view>

namespace dti {

/// The warnings and errors of a dti_server that dti_events_total counts: all of docs/operations.md, Log events, apart
/// from those with which the process ends and the lines that the log itself writes. tests_py/project/test_docs.py
/// compares them.
inline constexpr auto kServerEvents = std::to_array<std::string_view>({
    "command-rejected-by-store",
    "top-up-rejected-by-store",
    "expiry-rejected-by-store",
    "clocks-differ",
    "replaced",
    "lease-not-released",
    "taking-over-anew",
    "store-unavailable",
    "store-warned",
    "store-silent",
    "requests-expired",
    "store-history-changed",
    "store-lost-entries",
    "state-differs-from-store",
    "batch-refused",
    "requests-refused-by-store",
    "store-at-risk",
    "store-is-a-copy",
    "log-grows",
    "reply-dropped",
    "endpoint-closed",
    "memory-max-too-low",
    "descriptors-exhausted",
    "no-open-semester",
    "semester-is-closed",
    "proxy-unreachable",
    "semesters-look-alike",
    "http-not-loopback",
    "http-limit-reached",
    "http-accept-failed",
    "http-request-failed",
    "http-connection-failed",
    "memory-store",
    "admin-off",
    "password-exposed",
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
});

}  // namespace dti

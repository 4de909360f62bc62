#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "core/load_catalog.hpp"
#include "dti/domain/pool.hpp"
#include "load/connections.hpp"

namespace dti::bench {

struct LoadOptions {
  std::string server = "127.0.0.1:6000";
  std::string key;         // a key file's path; empty: the endpoint is plain
  std::string server_key;  // 64 hexadecimal digits
  std::size_t connections = 1;
  double timeout = 10;  // seconds

  std::vector<std::string> semesters{"2025-10"};
  std::string catalog;          // a file's path; empty: made, or the default catalogue
  std::uint32_t faculties = 0;  // made, if not 0
  std::uint32_t programs = 0;   // of each
  std::string write_catalog;    // a file's path; empty: ask a server
  std::size_t programs_per_request = 5;
  Quantity classrooms = 1;  // wanted, each program
  Quantity labs = 1;

  std::size_t in_flight = 64;
  double rate = 0;             // requests a second; 0: closed loop
  double seconds = 0;          // 0: until the requests are used up
  double warm_up = 0;          // seconds
  std::uint64_t requests = 0;  // 0: no bound
  int repeats = 0;             // per cent
  std::uint64_t first = 0;
  std::string order = "random";
  std::uint64_t seed = 1;

  bool any_reply = false;
  std::string format = "text";
};

/// @return the options; or how to end at once: 0 after --help, 2 after incorrect usage, with an error on stderr
[[nodiscard]] std::variant<LoadOptions, int> read_load_options(int argc, char** argv);

/// What was asked for cannot be done, as the catalogue shows: exit code 2.
class BadUse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The catalogue that the options name.
/// @throws BadUse  with a sentence, if its file cannot be used
[[nodiscard]] LoadCatalog catalog_of(const LoadOptions& options);

/// The keys that the options name; none for a plain endpoint.
/// @throws BadUse  with a sentence, if one of them cannot be used
[[nodiscard]] std::optional<CurveKeys> keys_of(const LoadOptions& options);

}  // namespace dti::bench

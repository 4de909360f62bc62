#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/domain/ask.hpp"
#include "dti/domain/catalog.hpp"

namespace dti {

/// The requests of a file, and which optional columns it has.
struct RequestFile {
  std::vector<Ask> asks;           // in the order of the file; arrival and lot are the position, from 1
  std::vector<std::size_t> lines;  // of each ask
  bool has_weights = false;
  bool has_classes = false;
  bool has_floors = false;
  bool is_windows_1252 = false;  // the bytes are not Unicode and were read as Windows-1252
};

/// An error in a file of requests.
struct RequestFault {
  std::size_t line = 0;  // from 1
  std::string column;    // the word in the header of the file; empty: the error is not in one cell
  std::string value;     // of the cell
  std::string reason;    // the rest of a sentence that begins with the value; without column, a sentence

  friend bool operator==(const RequestFault&, const RequestFault&) = default;
};

/// All errors of a file, in the order of the lines; at least one.
using RequestFaults = std::vector<RequestFault>;

/// Reads a file of requests that a spreadsheet or a student system wrote: CSV with a header that names the columns, in
/// any order and in English or Spanish. Needed are faculty, program, classrooms and labs; weight, class and floor may be
/// there. Source: docs/what-if.md, Files of requests.
/// @param catalog  has the programs that may request
/// @return the requests, each program once; or all errors of the file
[[nodiscard]] std::variant<RequestFile, RequestFaults> parse_requests(std::string_view bytes, const Catalog& catalog);

}  // namespace dti

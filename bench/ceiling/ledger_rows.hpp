#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.hpp"
#include "core/request_maker.hpp"

namespace dti::bench {

/// Some rows of one semester, next to each other in its ledger: each of another program, which wanted one classroom and
/// one lab and was granted them.
struct LedgerBatch {
  std::int32_t semester = 1;
  std::int64_t first_seq = 2;
  std::int64_t at_us = 0;  // since 1970
  std::span<const std::int32_t> programs;
  std::span<const std::string> request_ids;  // as many, or none at all: NULL

  [[nodiscard]] std::size_t size() const { return programs.size(); }
  [[nodiscard]] std::int64_t seq(std::size_t row) const { return first_seq + static_cast<std::int64_t>(row); }
  [[nodiscard]] std::optional<std::string_view> request_id(std::size_t row) const {
    return request_ids.empty() ? std::nullopt : std::optional<std::string_view>{request_ids[row]};
  }
};

struct LedgerRowsOptions {
  std::int32_t semesters = 1;
  std::int32_t programs = 1;
  bool random = true;
  std::uint64_t seed = 1;
  std::int64_t first_seq = 2;
  bool has_request_id = true;
};

/// The rows that fill semester 1, 2, … one after the other: each program once, in one order.
class LedgerRows {
 public:
  explicit LedgerRows(const LedgerRowsOptions& options)
      : options_(options), programs_(static_cast<std::size_t>(options.programs)) {
    std::iota(programs_.begin(), programs_.end(), 1);
    Random random{options.seed};
    if (options.random) shuffle(std::span{programs_}, random);
  }

  [[nodiscard]] bool is_used_up() const { return semester_ > options_.semesters; }

  /// The next rows, at least one and at most `most`. A batch ends with its semester. The rows are valid until the next
  /// call.
  [[nodiscard]] LedgerBatch next(std::size_t most, std::int64_t at_us) {
    const auto count = std::min(most, programs_.size() - done_);
    request_ids_.resize(options_.has_request_id ? count : 0);
    for (auto& id : request_ids_) id = request_id(rows_++);
    const LedgerBatch batch{semester_, options_.first_seq + static_cast<std::int64_t>(done_), at_us,
                            std::span{programs_}.subspan(done_, count), request_ids_};
    done_ += count;
    if (done_ == programs_.size()) {
      done_ = 0;
      ++semester_;
    }
    return batch;
  }

 private:
  const LedgerRowsOptions options_;
  std::vector<std::int32_t> programs_;
  std::vector<std::string> request_ids_;
  std::int32_t semester_ = 1;
  std::size_t done_ = 0;  // of its programs
  std::uint64_t rows_ = 0;
};

}  // namespace dti::bench

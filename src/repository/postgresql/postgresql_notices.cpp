#include "repository/postgresql/postgresql_notices.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <exception>
#include <utility>

#include "repository/postgresql/postgresql_errors.hpp"

namespace dti {
namespace {

constexpr std::chrono::minutes kLogInterval{1};
constexpr std::size_t kKindsMax = 100;  // of warnings; PostgreSQL has some hundreds of places that warn

/// Of an error that no statement brought about, such as the end of an idle session, libpq makes a notice.
bool is_worth_a_line(const std::string& severity) {
  return severity == "WARNING" || severity == "ERROR" || severity == "FATAL" || severity == "PANIC";
}

std::string field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

}  // namespace

PostgresqlNotice read_notice(const PGresult* result) {
  PostgresqlNotice notice{.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                          .sqlstate = field(result, PG_DIAG_SQLSTATE),
                          .text = field(result, PG_DIAG_MESSAGE_PRIMARY),
                          .source_file = field(result, PG_DIAG_SOURCE_FILE),
                          .source_line = field(result, PG_DIAG_SOURCE_LINE)};
  if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) notice.text += "; " + detail;
  notice.text = one_line(notice.text);
  return notice;
}

bool casts_doubt_on_a_commit(const PostgresqlNotice& notice) {
  // PostgreSQL sends all of these fields. A notice without one is from another engine or from libpq.
  if (notice.severity.empty() || notice.sqlstate.empty() || notice.source_file.empty()) return true;
  if (notice.severity != "WARNING") return false;
  // syncrep.c: the wait for a synchronous standby. 57: the session or PostgreSQL is being shut down; 58: a system error,
  // such as a disk's; XX: damaged data.
  return notice.source_file == "syncrep.c" || notice.sqlstate.starts_with("57") || notice.sqlstate.starts_with("58") ||
         notice.sqlstate.starts_with("XX");
}

void PostgresqlWarningLog::add(const PostgresqlNotice& notice, SteadyTime now) {
  if (!is_worth_a_line(notice.severity) && !casts_doubt_on_a_commit(notice)) return;
  const auto state = notice.sqlstate.empty() ? std::string{} : " [" + notice.sqlstate + "]";
  add(notice.source_file + ":" + notice.source_line, notice.text + state, now);
}

void PostgresqlWarningLog::add(std::string kind, const std::string& text, SteadyTime now) {
  if (!log_) return;
  if (limits_.size() >= kKindsMax && !limits_.contains(kind)) kind.clear();  // all others together
  const auto count = limits_.try_emplace(std::move(kind), kLogInterval).first->second.pass(now);
  if (!count) return;
  const auto times = *count > 1 ? " (" + std::to_string(*count) + " times)" : std::string{};
  log_({LogLevel::kWarning, "store-warned", "PostgreSQL: " + text + times, {}});
}

void PostgresqlNotices::receive_from(PGconn* connection) {
  PQsetNoticeReceiver(
      connection, [](void* notices, const PGresult* result) { static_cast<PostgresqlNotices*>(notices)->add(result); },
      this);
}

void PostgresqlNotices::add(const PGresult* result) noexcept {
  try {
    const auto notice = read_notice(result);
    if (casts_doubt_on_a_commit(notice)) {
      ++doubt_count_;
      last_doubt_ = notice.text;
    }
    warnings_.add(notice, std::chrono::steady_clock::now());
  } catch (const std::exception&) {
    ++doubt_count_;  // out of memory: the notice may have been one of those
  }
}

}  // namespace dti

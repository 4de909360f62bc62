#include "repository/postgresql_notices.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <exception>
#include <utility>

namespace dti {
namespace {

constexpr std::chrono::minutes kLogInterval{1};
constexpr std::size_t kKindsMax = 100;  // of warnings; PostgreSQL has some hundreds of places that warn

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
  return notice;
}

bool casts_doubt_on_a_commit(const PostgresqlNotice& notice) {
  // PostgreSQL says all of these. Whatever leaves one out is not PostgreSQL, and its warnings are not known.
  if (notice.severity.empty() || notice.sqlstate.empty() || notice.source_file.empty()) return true;
  if (notice.severity != "WARNING") return false;
  // syncrep.c is the wait for a synchronous standby. 57: the session or the server is being ended; 58: the system
  // failed, as a disk does; XX: data is damaged.
  return notice.source_file == "syncrep.c" || notice.sqlstate.starts_with("57") || notice.sqlstate.starts_with("58") ||
         notice.sqlstate.starts_with("XX");
}

void PostgresqlWarningLog::add(const PostgresqlNotice& notice, LogLimit::Time now) {
  if (!log_ || (notice.severity != "WARNING" && !casts_doubt_on_a_commit(notice))) return;
  auto kind = notice.source_file + ":" + notice.source_line;
  if (limits_.size() >= kKindsMax && !limits_.contains(kind)) kind.clear();  // all others together
  const auto count = limits_.try_emplace(std::move(kind), kLogInterval).first->second.pass(now);
  if (!count) return;
  const auto times = *count > 1 ? " (" + std::to_string(*count) + " times)" : std::string{};
  const auto state = notice.sqlstate.empty() ? std::string{} : " [" + notice.sqlstate + "]";
  log_({LogLevel::kWarning, "store-warned", "PostgreSQL: " + notice.text + state + times, {}});
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
    ++doubt_count_;  // no memory to read it: it may have been one of those
  }
}

}  // namespace dti

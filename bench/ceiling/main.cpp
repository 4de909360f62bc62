// ledger_ceiling: how many rows PostgreSQL takes into the ledger when nothing else is to be done: the bound that the
// table sets for a server.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "ceiling/ledger_rows.hpp"
#include "ceiling/ledger_writer.hpp"
#include "core/clock.hpp"
#include "core/command_line.hpp"
#include "core/latencies.hpp"

namespace {

using namespace dti::bench;
using Json = nlohmann::ordered_json;

struct CeilingOptions {
  std::string conninfo;
  std::string method = "unnest";
  std::size_t batch = 0;  // 0: not given
  std::uint64_t rows = 0;
  double seconds = 0;
  std::uint64_t report_every = 0;
  std::string order = "random";
  bool no_request_id = false;
  LedgerRowsOptions content;
};

std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

double per_second(std::uint64_t rows, std::int64_t ns) {
  return rounded_to_tenths(static_cast<double>(rows) / to_seconds(std::max<std::int64_t>(ns, 1)));
}

Json measure(const CeilingOptions& options) {
  LedgerRows content{options.content};
  const auto connection = connect(options.conninfo);
  const auto writer = make_writer(options.method, connection.get());
  Latencies latencies{1'000'000};
  Json intervals = Json::array();
  std::uint64_t rows = 0;
  std::uint64_t rows_reported = 0;
  const auto start = now_ns();
  const auto end = options.seconds > 0 ? start + to_ns(options.seconds) : std::numeric_limits<std::int64_t>::max();
  auto now = start;
  std::int64_t writing = 0;  // so long has this taken; the table's rate counts nothing else
  std::int64_t encoding = 0;
  std::int64_t writing_reported = 0;
  const bool shows_progress = isatty(STDERR_FILENO) != 0;
  auto progress_at = start + 1'000'000'000;
  while (!content.is_used_up() && now < end && (options.rows == 0 || rows < options.rows)) {
    const auto most = options.rows == 0 ? options.batch : std::min<std::uint64_t>(options.batch, options.rows - rows);
    const auto begun = now_ns();
    const auto batch = content.next(most, wall_us());
    writer->encode(batch);
    const auto sent = now_ns();
    encoding += sent - begun;
    writer->write();
    now = now_ns();
    writing += now - sent;
    latencies.add(std::chrono::nanoseconds{now - sent});
    rows += batch.size();
    if (shows_progress && now >= progress_at) {
      progress_at = now + 1'000'000'000;
      std::cerr << '\r' << rows << " rows   " << std::flush;
    }
    if (options.report_every > 0 && rows - rows_reported >= options.report_every) {
      intervals.push_back(
          {{"rows", rows}, {"rows_per_second", per_second(rows - rows_reported, writing - writing_reported)}});
      rows_reported = rows;
      writing_reported = writing;
    }
  }
  if (shows_progress) std::cerr << '\n';
  const auto latency = latencies.summary();
  return {{"method", options.method},
          {"batch", options.batch},
          {"rows", rows},
          {"seconds", to_seconds(now - start)},
          {"write_seconds", to_seconds(writing)},
          {"encode_seconds", to_seconds(encoding)},
          {"rows_per_second", per_second(rows, writing)},
          {"batches", latency.count},
          {"latency_us", {{"p50", latency.p50}, {"p99", latency.p99}, {"max", latency.max}}},
          {"semesters", options.content.semesters},
          {"programs", options.content.programs},
          {"order", options.order},
          {"seed", options.content.seed},
          {"request_id", options.content.has_request_id},
          {"intervals", intervals}};
}

void add_flags(CLI::App& app, CeilingOptions& options) {
  const auto* group = "Database";
  add_flag(app, group, "--conninfo=TEXT", options.conninfo,
           "What libpq takes: \"host=... dbname=...\" or a URI. The database has the tables of "
           "sql/postgresql/0001_ledger.up.sql, and no rows that these would repeat.")
      ->required();
  add_flag(
      app, group, "--method=METHOD", options.method,
      "insert: one row a statement. unnest: one statement a batch, with arrays that are unnested as in the server's "
      "statement, without its guard. copy, copy-binary: one COPY a batch. Statements are prepared, parameters "
      "binary, and each commits. The rate counts the time of writing only.")
      ->check(CLI::IsMember({"insert", "unnest", "copy", "copy-binary"}));
  add_flag(app, group, "--batch=N", options.batch, "Rows in one batch; the last one of a semester has what is left.")
      ->check(CLI::Range(1, 10'000'000))
      ->default_str("1000; always 1 with insert");
  group = "Rows";
  add_flag(app, group, "--semesters=N", options.content.semesters, "Semesters to fill, one after the other.")
      ->check(CLI::Range(1, 1'000'000));
  add_flag(app, group, "--programs=N", options.content.programs, "Programs of each; every one gets one row.")
      ->check(CLI::Range(1, 100'000'000))
      ->required()
      ->default_str("");
  add_flag(app, group, "--order=ORDER", options.order,
           "The order of the programs, which one of the two indexes is kept in.")
      ->check(CLI::IsMember({"random", "sequential"}));
  add_flag(app, group, "--seed=N", options.content.seed, "Decides the random order.");
  add_flag(app, group, "--first-seq=N", options.content.first_seq, "The first row's seq in each semester.")
      ->check(CLI::Range(2, std::numeric_limits<int>::max()));
  app.add_flag("--no-request-id", options.no_request_id, "NULL instead of a request_id of 36 characters.")
      ->group(group);
  group = "Measuring";
  add_flag(app, group, "--rows=N", options.rows, "Stops after N rows.")->check(CLI::PositiveNumber)->default_str("all");
  add_flag(app, group, "--seconds=SECONDS", options.seconds, "Stops after this time.")
      ->check(CLI::Range(0.001, 1'000'000.0))
      ->default_str("no bound");
  add_flag(app, group, "--report-every=N", options.report_every,
           "Prints the rate after every N rows, to show whether it falls as the table grows.")
      ->check(CLI::PositiveNumber)
      ->default_str("no report");
}

}  // namespace

int main(int argc, char** argv) {
  CeilingOptions options;
  CLI::App app{
      "ledger_ceiling writes valid rows into the ledger's table over one connection, as fast as PostgreSQL takes them, "
      "and prints the number of rows as a JSON object: the bound that the table sets for a server.",
      "ledger_ceiling"};
  app.footer(R"(Example:
  # a million rows in random order, in batches of 5,000
  ledger_ceiling --conninfo=dbname=scratch --programs=1000000 --batch=5000

Exit codes:
  0  done
  1  the database refused a statement; stderr states the cause
  2  incorrect usage)");
  add_flags(app, options);
  app.callback([&] {
    if (options.method == "insert" && options.batch > 1) {
      throw CLI::ValidationError{"--method=insert writes one row at a time: --batch must be 1"};
    }
  });
  if (const auto code = read_command_line(app, argc, argv)) return *code;
  if (options.batch == 0) options.batch = options.method == "insert" ? 1 : 1'000;
  options.content.random = options.order == "random";
  options.content.has_request_id = !options.no_request_id;
  try {
    std::cout << measure(options).dump() << std::endl;
    if (!std::cout) throw std::runtime_error{"the result could not be written to stdout"};
  } catch (const std::exception& error) {
    std::string text = error.what();  // libpq's end with a line feed
    text.erase(text.find_last_not_of('\n') + 1);
    std::cerr << "ledger_ceiling: " << text << std::endl;
    return 1;
  }
  return 0;
}

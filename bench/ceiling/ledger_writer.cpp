#include "ceiling/ledger_writer.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <vector>

#include "ceiling/binary_format.hpp"

namespace dti::bench {
namespace {

#define DTI_LEDGER_COLUMNS                                                                                   \
  "(semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted," \
  " labs_granted, mobile_labs_granted, status, request_id)"

constexpr std::int16_t kColumns = 13;
constexpr std::int64_t kEpochSeconds = 946'684'800;  // 2000-01-01, from which PostgreSQL's binary times count
constexpr std::int16_t kGranted = 0;                 // kind
constexpr std::int16_t kOk = 0;                      // status
constexpr std::int32_t kGeneration = 1;
// What each program wanted and was granted: classrooms, labs; classrooms, labs, mobile labs.
constexpr std::array<std::int32_t, 5> kRooms{1, 1, 1, 1, 0};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

void check(PGconn* connection, const Result& result, ExecStatusType expected) {
  if (PQresultStatus(result.get()) != expected) throw std::runtime_error{PQerrorMessage(connection)};
}

std::int64_t binary_time(std::int64_t at_us) { return at_us - kEpochSeconds * 1'000'000; }

std::string text_time(std::int64_t at_us) {
  const auto seconds = static_cast<std::time_t>(at_us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  const auto fraction = std::to_string(1'000'000 + at_us % 1'000'000).substr(1);
  return std::string{text.data(), size} + '.' + fraction + "+00";
}

// A prepared statement whose parameters are binary.
class Prepared {
 public:
  Prepared(PGconn* connection, const char* statement, const std::vector<Oid>& types) : connection_(connection) {
    const Result result{PQprepare(connection, "ledger", statement, static_cast<int>(types.size()), types.data())};
    check(connection, result, PGRES_COMMAND_OK);
    parameters_.resize(types.size());
    is_null_.resize(types.size());
  }

  /// The place for the bytes of a parameter, made empty.
  std::string& parameter(std::size_t index) {
    parameters_[index].clear();
    is_null_[index] = false;
    return parameters_[index];
  }
  void set_null(std::size_t index) { is_null_[index] = true; }

  void execute() {
    values_.clear();
    lengths_.clear();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      values_.push_back(is_null_[i] ? nullptr : parameters_[i].data());
      lengths_.push_back(static_cast<int>(parameters_[i].size()));
    }
    const std::vector<int> binary(parameters_.size(), 1);
    const Result result{PQexecPrepared(connection_, "ledger", static_cast<int>(parameters_.size()), values_.data(),
                                       lengths_.data(), binary.data(), 1)};
    check(connection_, result, PGRES_COMMAND_OK);
  }

 private:
  PGconn* connection_;
  std::vector<std::string> parameters_;
  std::vector<bool> is_null_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
};

class InsertWriter : public LedgerWriter {
 public:
  explicit InsertWriter(PGconn* connection)
      : statement_(connection,
                   "INSERT INTO ledger " DTI_LEDGER_COLUMNS
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                   {kInt4Oid, kInt8Oid, kTimestamptzOid, kInt2Oid, kInt4Oid, kInt4Oid, kInt4Oid, kInt4Oid, kInt4Oid,
                    kInt4Oid, kInt4Oid, kInt2Oid, kTextOid}) {}

  void encode(const LedgerBatch& batch) override {
    put_integer(statement_.parameter(0), batch.semester);
    put_integer(statement_.parameter(1), batch.first_seq);
    put_integer(statement_.parameter(2), binary_time(batch.at_us));
    put_integer(statement_.parameter(3), kGranted);
    put_integer(statement_.parameter(4), batch.programs.front());
    put_integer(statement_.parameter(5), kGeneration);
    for (std::size_t i = 0; i < kRooms.size(); ++i) put_integer(statement_.parameter(6 + i), kRooms[i]);
    put_integer(statement_.parameter(11), kOk);
    if (const auto id = batch.request_id(0)) {
      statement_.parameter(12) = *id;
    } else {
      statement_.set_null(12);
    }
  }

  void write() override { statement_.execute(); }

 private:
  Prepared statement_;
};

// The list of what is selected is that of the server's own statement (src/repository/postgresql/postgresql_commits.cpp),
// without the guard: what is the same for a whole batch is a scalar; the rest is arrays, unnested element by element.
class UnnestWriter : public LedgerWriter {
 public:
  explicit UnnestWriter(PGconn* connection)
      : statement_(connection,
                   "INSERT INTO ledger " DTI_LEDGER_COLUMNS
                   " SELECT $1, generate_series($2 + 1, $3), $4, 0, unnest($5), unnest($6), unnest($7), unnest($8),"
                   " unnest($9), unnest($10), unnest($11), unnest($12), unnest($13)",
                   {kInt4Oid, kInt8Oid, kInt8Oid, kTimestamptzOid, kInt4ArrayOid, kInt4ArrayOid, kInt4ArrayOid,
                    kInt4ArrayOid, kInt4ArrayOid, kInt4ArrayOid, kInt4ArrayOid, kInt2ArrayOid, kTextArrayOid}) {}

  void encode(const LedgerBatch& batch) override {
    put_integer(statement_.parameter(0), batch.semester);
    put_integer(statement_.parameter(1), batch.first_seq - 1);
    put_integer(statement_.parameter(2), batch.first_seq - 1 + static_cast<std::int64_t>(batch.size()));
    put_integer(statement_.parameter(3), binary_time(batch.at_us));
    auto& programs = statement_.parameter(4);
    put_array_start(programs, batch.size(), kInt4Oid);
    for (const auto program : batch.programs) put_field(programs, program);
    put_same(5, batch.size(), kInt4Oid, kGeneration);
    for (std::size_t i = 0; i < kRooms.size(); ++i) put_same(6 + i, batch.size(), kInt4Oid, kRooms[i]);
    put_same(11, batch.size(), kInt2Oid, kOk);
    auto& ids = statement_.parameter(12);
    put_array_start(ids, batch.size(), kTextOid, batch.request_ids.empty());
    for (std::size_t row = 0; row < batch.size(); ++row) put_field(ids, batch.request_id(row));
  }

  void write() override { statement_.execute(); }

 private:
  template <typename Value>
  void put_same(std::size_t index, std::size_t count, unsigned element_oid, Value value) {
    auto& array = statement_.parameter(index);
    put_array_start(array, count, element_oid);
    for (std::size_t i = 0; i < count; ++i) put_field(array, value);
  }

  Prepared statement_;
};

class CopyWriter : public LedgerWriter {
 public:
  CopyWriter(PGconn* connection, bool is_binary) : connection_(connection), is_binary_(is_binary) {}

  void encode(const LedgerBatch& batch) override {
    bytes_.clear();
    if (is_binary_) {
      encode_binary(batch);
    } else {
      encode_text(batch);
    }
  }

  void write() override {
    const auto* statement = is_binary_ ? "COPY ledger " DTI_LEDGER_COLUMNS " FROM STDIN (FORMAT binary)"
                                       : "COPY ledger " DTI_LEDGER_COLUMNS " FROM STDIN";
    check(connection_, Result{PQexec(connection_, statement)}, PGRES_COPY_IN);
    if (PQputCopyData(connection_, bytes_.data(), static_cast<int>(bytes_.size())) != 1 ||
        PQputCopyEnd(connection_, nullptr) != 1) {
      throw std::runtime_error{PQerrorMessage(connection_)};
    }
    check(connection_, Result{PQgetResult(connection_)}, PGRES_COMMAND_OK);
    while (const Result rest{PQgetResult(connection_)}) continue;
  }

 private:
  void encode_binary(const LedgerBatch& batch) {
    bytes_ += kCopyStart;
    for (std::size_t row = 0; row < batch.size(); ++row) {
      put_integer(bytes_, kColumns);
      put_field(bytes_, batch.semester);
      put_field(bytes_, batch.seq(row));
      put_field(bytes_, binary_time(batch.at_us));
      put_field(bytes_, kGranted);
      put_field(bytes_, batch.programs[row]);
      put_field(bytes_, kGeneration);
      for (const auto rooms : kRooms) put_field(bytes_, rooms);
      put_field(bytes_, kOk);
      put_field(bytes_, batch.request_id(row));
    }
    bytes_ += kCopyEnd;
  }

  void encode_text(const LedgerBatch& batch) {
    const auto semester = std::to_string(batch.semester) + '\t';
    const auto at_and_kind = '\t' + text_time(batch.at_us) + '\t' + std::to_string(kGranted) + '\t';
    auto constants = '\t' + std::to_string(kGeneration);
    for (const auto rooms : kRooms) constants += '\t' + std::to_string(rooms);
    constants += '\t' + std::to_string(kOk) + '\t';
    for (std::size_t row = 0; row < batch.size(); ++row) {
      bytes_.append(semester).append(std::to_string(batch.seq(row))).append(at_and_kind);
      bytes_.append(std::to_string(batch.programs[row])).append(constants);
      bytes_.append(batch.request_id(row).value_or("\\N")) += '\n';
    }
  }

  PGconn* connection_;
  const bool is_binary_;
  std::string bytes_;
};

}  // namespace

Connection connect(const std::string& conninfo) {
  Connection connection{PQconnectdb(conninfo.c_str())};
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(connection.get())};
  return connection;
}

std::unique_ptr<LedgerWriter> make_writer(std::string_view method, PGconn* connection) {
  if (method == "insert") return std::make_unique<InsertWriter>(connection);
  if (method == "unnest") return std::make_unique<UnnestWriter>(connection);
  return std::make_unique<CopyWriter>(connection, method == "copy-binary");
}

}  // namespace dti::bench

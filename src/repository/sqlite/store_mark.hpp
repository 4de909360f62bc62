#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"
#include "repository/sqlite/sqlite_files.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/store_lock.hpp"

namespace dti {

/// The mark of a database file that a server uses, in its `user_version`; 0: no server uses it, or the last one stopped
/// in order.
/// It goes with the file and not with its write-ahead log: a take-over brings it into the file before anything is
/// granted. The epoch is part of it, so that one of an older version of the server ends it.
/// @return 1 to 2^31 - 1
[[nodiscard]] std::int64_t mark_of(const FileFacts& database, Epoch epoch);

/// The note about that file.
[[nodiscard]] StoreNote note_of(const FileFacts& database, std::int64_t entries);

/// The number of entries in the note; none if the note is about another file.
[[nodiscard]] std::optional<std::int64_t> entries_noted(const std::optional<StoreNote>& note,
                                                        const FileFacts& database);

/// Facts about an opened database: its own, those of the file system, and those of the lock file.
struct MarkFacts {
  std::int64_t mark = 0;                      // the stored mark
  std::int64_t mark_of_file = 0;              // the mark that a server stores in this file
  bool may_have_log = true;                   // false: no write-ahead log belongs to it, as after VACUUM INTO
  std::int64_t entries = 0;                   // of all ledgers
  std::optional<std::int64_t> entries_noted;  // about this file; none: no server left its write-ahead log here
};

enum class MarkVerdict {
  kWhole,
  kCopy,         // of a file that a server was using: entries that were only in its write-ahead log are missing
  kCopyWithLog,  // and the log was beside it: it may be that one's, or that of the file which this one replaced
  kLogMissing,   // answered grants are missing
};

/// Decides what the facts mean. Pure. Source: docs/adr/0009-sqlite-store.md
[[nodiscard]] MarkVerdict judge(const MarkFacts& facts);

/// Reads the facts that the database holds about itself. Its schema must exist.
/// @param noted  as entries_noted() gave it before the database was read
[[nodiscard]] MarkFacts read_mark(SqliteConnection& connection, const std::filesystem::path& path,
                                  std::optional<std::int64_t> noted);

/// Tells whether there is a write-ahead log that cannot belong to the database. Call it before the connection reads.
/// The log may belong to a file that a backup replaced, and SQLite would mix the two.
[[nodiscard]] bool has_foreign_log(SqliteConnection& connection, const FileFacts& log);
[[nodiscard]] std::string describe_foreign_log(const std::filesystem::path& path);

/// For kCopy.
inline constexpr std::string_view kCopyWarning =
    "the database is a copy of one that a server was using: if the file alone was copied, it lacks the"
    " entries that were only in the write-ahead log of that one; a copy by SQLite's .backup has all entries";

/// For kLogMissing: the entries that are missing, and the remedy.
[[nodiscard]] std::string describe_missing_log(const std::filesystem::path& path, const MarkFacts& facts);

}  // namespace dti

#include "repository/sqlite/store_mark.hpp"

#include <string>

namespace dti {
namespace {

/// FNV-1a: the same number in every build of the program.
void mix(std::uint32_t& hash, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    hash = (hash ^ static_cast<std::uint8_t>(value >> shift)) * 16777619U;
  }
}

}  // namespace

std::int64_t mark_of(const FileFacts& database, Epoch epoch) {
  std::uint32_t hash = 2166136261U;
  mix(hash, database.id.inode);
  mix(hash, static_cast<std::uint64_t>(database.born));
  mix(hash, static_cast<std::uint64_t>(epoch));
  const std::int64_t positive = hash & 0x7FFFFFFFU;
  return positive == 0 ? 1 : positive;
}

StoreNote note_of(const FileFacts& database, std::int64_t entries) {
  return {database.id.inode, database.born, entries};
}

std::optional<std::int64_t> entries_noted(const std::optional<StoreNote>& note, const FileFacts& database) {
  return note && note->inode == database.id.inode && note->born == database.born ? std::optional{note->entries}
                                                                                 : std::nullopt;
}

MarkVerdict judge(const MarkFacts& facts) {
  if (facts.mark == 0 || !facts.may_have_log) {
    return MarkVerdict::kWhole;
  }
  if (facts.mark != facts.mark_of_file) {
    return facts.entries_noted ? MarkVerdict::kCopyWithLog : MarkVerdict::kCopy;
  }
  // Another program that closed the file may have copied the log into it and removed it: nothing is missing then.
  return facts.entries_noted && facts.entries >= *facts.entries_noted ? MarkVerdict::kWhole : MarkVerdict::kLogMissing;
}

MarkFacts read_mark(SqliteConnection& connection, const std::filesystem::path& path,
                    std::optional<std::int64_t> noted) {
  MarkFacts facts;
  facts.entries_noted = noted;
  facts.mark = connection.query_integer("PRAGMA user_version").value_or(0);
  facts.entries = connection.query_integer("SELECT sum(head) FROM semester").value_or(0);
  if (facts.mark == 0) {
    return facts;
  }
  facts.may_have_log = connection.has_log_format();
  facts.mark_of_file =
      mark_of(look_at_file(path), connection.query_integer("SELECT max(epoch) FROM leadership").value_or(0));
  return facts;
}

bool has_foreign_log(SqliteConnection& connection, const FileFacts& log) {
  return log.size > 0 && !connection.has_log_format();
}

std::string describe_foreign_log(const std::filesystem::path& path) {
  return "the database " + path.string() + ": the write-ahead log " + path.string() +
         "-wal belongs to another database, most likely to the one that a backup replaced: move it and " +
         path.string() + "-shm away";
}

std::string describe_missing_log(const std::filesystem::path& path, const MarkFacts& facts) {
  const std::string missing = facts.entries_noted
                                  ? "it has " + std::to_string(facts.entries) + " entries, and had at least " +
                                        std::to_string(*facts.entries_noted) +
                                        " when a server used it last: its write-ahead log " + path.string() +
                                        "-wal is missing or belongs to another database"
                                  : "a server uses it or did not stop in order, and its write-ahead log " +
                                        path.string() + "-wal is not beside it";
  return "the database " + path.string() + ": " + missing +
         ". Answered grants are in that log. Bring it back beside the database, under the name that the server was"
         " given. If it is lost, restore a backup, or go on without those grants: replace the database by a copy of"
         " itself (cp FILE COPY; mv COPY FILE), which the server takes as it takes a restored backup";
}

}  // namespace dti

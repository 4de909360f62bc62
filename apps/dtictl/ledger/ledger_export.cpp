#include "dtictl/ledger/ledger_export.hpp"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/descriptor.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/cli/temporary_file.hpp"
#include "dti/repository/file/ledger_file_writer.hpp"
#include "dti/service/ledger/catalog_check.hpp"
#include "dti/service/office/store_names.hpp"
#include "dtictl/counted.hpp"
#include "dtictl/ledger/ledger_options.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/progress.hpp"

namespace dti {
namespace {

constexpr int kInterrupted = 130;

struct Interrupted {};

/// Where the lines go: to a file that gets its name when it is complete, to what is there, such as a FIFO, or to stdout.
class Output {
 public:
  /// @param path  empty: stdout
  explicit Output(std::filesystem::path path) : path_(std::move(path)) {
    if (path_.empty()) return;
    const auto regular = regular_file_at(path_);
    if (!regular) {
      stream_.emplace(open_for_writing(path_));
      return;
    }
    path_ = *regular;
    StopSignals::block();
    file_.emplace(directory_of(path_), mode_t{0600});  // the notes name persons
  }

  void write(std::string_view text) {
    if (stream_) return write_all(*stream_, path_, text);
    if (!file_) {
      std::cout << text << std::flush;
      if (!std::cout) throw std::runtime_error{"the output could not be written to stdout"};
      return;
    }
    if (StopSignals::is_pending()) throw Interrupted{};
    file_->write(text);
  }

  [[nodiscard]] bool is_file() const { return file_.has_value(); }

  void finish() {
    if (!file_) return;
    file_->rename_to(path_);
    sync_directory(directory_of(path_));
  }

 private:
  std::filesystem::path path_;  // a regular file, if file_ is there
  std::optional<TemporaryFile> file_;
  std::optional<Descriptor> stream_;
};

/// What the file has of the store at one moment, without the entries and notes of semesters. Entries never change, so
/// they can be read later.
struct Moment {
  LedgerFileHeader header;
  StoreSurvey survey;
  ChainHeads heads;
  std::vector<RegistryEntry> registry;
  Notes registry_notes;
};

Moment read_moment(LedgerSnapshot& snapshot) {
  Moment moment;
  moment.survey = snapshot.survey();
  moment.heads = snapshot.read_chain_heads().value_or(ChainHeads{});
  moment.header.store = moment.heads.store;
  moment.header.schema = snapshot.read_schema_version();
  moment.header.exported_at =
      time_text(std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()));
  snapshot.read_registry([&](std::vector<RegistryEntry> entries) {
    moment.registry.insert(moment.registry.end(), std::make_move_iterator(entries.begin()),
                           std::make_move_iterator(entries.end()));
  });
  moment.registry_notes = snapshot.read_notes(kRegistryId, 1, std::numeric_limits<Seq>::max());
  return moment;
}

/// Leaves only the semester that the options name. @throws Unanswerable
void choose_semester(const OfficeOptions& options, Moment& moment) {
  if (!options.settings.has("only-semester")) return;
  const auto found = StoreNames{moment.survey}.find_semester(options.text("only-semester"));
  if (const auto* const fault = std::get_if<NameFault>(&found)) {
    throw Unanswerable{options.settings.bad("only-semester", fault->reason)};
  }
  const auto& semester = std::get<StoredSemester>(found);
  moment.survey.semesters = {semester};
  moment.header.semester = semester.name;
  std::erase_if(moment.heads.ends,
                [&](const auto& end) { return end.first != kRegistryId && end.first != semester.id; });
}

/// Writes the entries of the semester, and then its notes.
void write_semester(const OfficeStore& store, const StoredSemester& semester, LedgerFileWriter& writer,
                    const ProgressLine& line) {
  Notes all_notes;
  writer.add_semester(semester);
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& notes) {
    writer.add_entries(entries);
    all_notes.insert(notes.begin(), notes.end());
    line.show("exporting", {semester.name, entries.back().row.seq, semester.head});
  });
  writer.add_notes(all_notes);
}

LedgerFileCounts write_ledger(const ReadCommand& command, const OfficeOptions& options, Output& output) {
  const OfficeStore store{command, options};
  auto snapshot = store.open();
  if (const auto warning = snapshot->warning()) say(command, "WARNING: " + *warning);
  auto moment = read_moment(*snapshot);
  if (const auto found = check_catalog(moment.survey.catalog).difference) {
    throw std::runtime_error{"the catalogue is damaged, so no file could be imported again: " + to_string(*found)};
  }
  snapshot.reset();  // a long transaction would keep a SQLite file's log from starting again
  choose_semester(options, moment);
  LedgerFileWriter writer{[&](std::string_view lines) { output.write(lines); }};
  const ProgressLine line{std::chrono::seconds{2}};
  writer.begin(moment.header);
  writer.add_catalog(moment.survey.catalog);
  writer.add_registry(moment.registry);
  writer.add_notes(moment.registry_notes);
  for (const auto& semester : moment.survey.semesters) write_semester(store, semester, writer, line);
  writer.finish(moment.heads);
  return writer.counts();
}

int export_ledger(const ReadCommand& command, const OfficeOptions& options) {
  const auto path = options.text("output").value_or(std::string{});
  try {
    Output output{path};
    const auto counts = write_ledger(command, options, output);
    output.finish();
    if (output.is_file()) {
      std::cout << "wrote " << counted(counts.entries, "entry", "entries") << " of "
                << counted(counts.semesters, "semester", "semesters") << " to " << printable(path) << '\n';
    }
  } catch (const Interrupted&) {
    say(command, "interrupted; nothing was written");
    return kInterrupted;
  }
  return 0;
}

}  // namespace

int run_ledger_export(std::span<const std::string> args) {
  const ReadCommand command{.name = "dtictl ledger export", .purpose = {}, .columns = {}, .examples = {}};
  return run_office(command, parse_ledger_export_options(args, process_surroundings()),
                    [&](const OfficeOptions& options) { return export_ledger(command, options); });
}

}  // namespace dti

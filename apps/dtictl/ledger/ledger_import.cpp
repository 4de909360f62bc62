#include "dtictl/ledger/ledger_import.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "dti/base/descriptor.hpp"
#include "dti/cli/escape.hpp"
#include "dti/repository/file/ledger_file.hpp"
#include "dtictl/copy/store_filling.hpp"
#include "dtictl/ledger/ledger_options.hpp"
#include "dtictl/progress.hpp"

namespace dti {
namespace {

/// The file cannot be opened. The text is a clause.
class UnreadableFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// FILE has errors, which are on stderr.
struct FaultyFile {};

std::string last_error() { return std::generic_category().message(errno); }

/// A failure after the file was opened is one of the store that the file stands for: it may come after the commit.
[[noreturn]] void fail_to_read() {
  throw StorageError{StorageError::Kind::kUnavailable, "the file cannot be read: " + last_error()};
}

/// A file whose bytes can be read in any order.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (file_.get() < 0) throw UnreadableFile{last_error()};
    status_ = status();
    if (!S_ISREG(status_.st_mode)) {
      throw UnreadableFile{"it is not a regular file, and the command reads it several times"};
    }
  }

  std::size_t read(std::uint64_t offset, char* to, std::size_t size) const {
    while (true) {
      const auto count = ::pread(file_.get(), to, size, static_cast<off_t>(offset));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail_to_read();
    }
  }

  /// @throws std::runtime_error  the file was changed since it was opened
  void check_unchanged() const {
    const auto now = status();
    if (now.st_size == status_.st_size && now.st_mtim.tv_sec == status_.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == status_.st_mtim.tv_nsec) {
      return;
    }
    throw std::runtime_error{"the file was changed while it was read, so nothing was stored"};
  }

 private:
  [[nodiscard]] struct stat status() const {
    struct stat found {};
    if (::fstat(file_.get(), &found) != 0) fail_to_read();
    return found;
  }

  const Descriptor file_;
  struct stat status_ {};
};

void print_fault(const std::string& path, std::size_t line, const std::string& reason) {
  std::cerr << printable(path) << ':' << line << ": " << printable(reason) << '\n';
}

void print_faults(const std::string& path, const LedgerFileFaults& faults) {
  for (const auto& [line, reason] : faults.listed) print_fault(path, line, reason);
  if (faults.more > 0) std::cerr << "and " << faults.more << " more errors\n";
}

/// Prints what verify() has found in the file. @return the number of differences
std::size_t print_differences(const std::string& path, const LedgerFile& file, const VerifyReport& report) {
  std::size_t count = 0;
  const auto print = [&](std::size_t line, const std::string& text) {
    print_fault(path, line, text);
    ++count;
  };
  for (const auto& difference : report.differences) print(1, to_string(difference));
  for (const auto& semester : report.semesters) {
    for (const auto* const found : {&semester.difference, &semester.seal_difference, &semester.note_difference}) {
      if (!*found) continue;
      print(file.line_of(semester.semester.id, (*found)->seq.value_or(0)),
            "semester " + quoted_text(semester.semester.name) + ": " + to_string(**found));
    }
  }
  if (report.unreadable) print(1, *report.unreadable);
  return count;
}

/// @throws FaultyFile  if the file is not that of a consistent store
void check_file(const std::string& path, LedgerFile& file) {
  if (file.faults()) {
    print_faults(path, *file.faults());
    throw FaultyFile{};
  }
  if (!file.header().semester.empty()) {
    print_fault(path, 1,
                "the file has only semester " + quoted_text(file.header().semester) +
                    ": export the store without --only-semester");
    throw FaultyFile{};
  }
  const auto differences = print_differences(path, file, look_at(file, "checking the file"));
  if (file.hash_fault()) print_fault(path, file.hash_fault()->line, file.hash_fault()->reason);
  if (differences > 0 || file.hash_fault()) throw FaultyFile{};
}

void import_ledger(const LedgerImportOptions& options) {
  const OpenFile opened{options.file};
  LedgerFile file = [&] {
    const ProgressLine line;
    return LedgerFile{[&](std::uint64_t offset, char* to, std::size_t size) { return opened.read(offset, to, size); },
                      [&](const VerifyProgress& progress) { line.show("reading the file", progress); }};
  }();
  check_file(options.file, file);
  fill_and_compare({options.store, options.store_timeout, "import", "file"}, file, [&] { opened.check_unchanged(); });
}

}  // namespace

int run_ledger_import(std::span<const std::string> args) {
  const auto parsed = parse_ledger_import_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  const auto& options = std::get<LedgerImportOptions>(parsed);
  const std::string prefix = "dtictl ledger import: ";
  try {
    import_ledger(options);
  } catch (const FaultyFile&) {
    std::cerr << prefix << "the file has errors, so nothing was stored" << std::endl;
    return 1;
  } catch (const UnreadableFile& error) {
    std::cerr << prefix << "cannot read " << quoted_text(options.file) << ": " << error.what() << std::endl;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << prefix << printable(error.what()) << std::endl;
    return 1;
  }
  if (!std::cout) {
    std::cerr << prefix << "the import is complete, but the report could not be written to stdout" << std::endl;
    return 1;
  }
  return 0;
}

}  // namespace dti

#include "load/load_options.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "core/command_line.hpp"
#include "dti/keys/key_file.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti::bench {
namespace {

constexpr std::uint32_t kProgramsInAllMax = 100'000'000;
constexpr int kInFlightMax = 1'000'000;

constexpr auto kPurpose =
    "dti_load asks a DTI server for rooms, as many faculties would, and reports how many requests it answered and how "
    "long each took. By default the requests are fresh: each program of the catalogue asks once in each semester. "
    "dti_load keeps a number of requests in flight, or, with --rate, sends a number of requests per second. The result "
    "goes to stdout.";
constexpr auto kFooter = R"(Examples:
  # the programs of a new server, once each
  dti_load --server=127.0.0.1:6000
  # a catalogue for the server, and ten seconds of load with it
  dti_load --faculties=1000 --programs=100 --write-catalog=made.csv
  dti_load --faculties=1000 --programs=100 --seconds=10 --in-flight=1024
  # latency at 2,000 requests per second, half of them repeats
  dti_load --catalog=made.csv --rate=2000 --seconds=30 --warm-up=3 --repeats=50 --format=json

Exit codes:
  0  every request was answered; the result states the statuses
  1  no connection, a reply took longer than --timeout, or no result; stderr states the cause
  2  incorrect usage)";

void add_server_flags(CLI::App& app, LoadOptions& options) {
  const auto* group = "Server";
  add_flag(app, group, "--server=HOST:PORT", options.server, "Address of the server.");
  add_flag(app, group, "--server-key=DIGITS", options.server_key,
           "Public key of the server, for its secured endpoint; needs --key.")
      ->default_str("none: a plain endpoint");
  add_flag(app, group, "--key=FILE", options.key, "Key file of dti_load, as dtictl key new makes it.")
      ->default_str("none");
  add_flag(app, group, "--connections=N", options.connections,
           "Connections (DEALER sockets); requests take turns on them.")
      ->check(CLI::Range(1, 10'000));
  add_flag(app, group, "--timeout=SECONDS", options.timeout,
           "Longest wait for a connection and for each reply. A longer wait ends dti_load with exit code 1.")
      ->check(CLI::Range(0.001, 100'000.0));
}

void add_request_flags(CLI::App& app, LoadOptions& options, std::string& semesters) {
  const auto* group = "Requests";
  add_flag(app, group, "--semesters=A,B,C", semesters,
           "Semesters separated by commas. All must be open; fresh requests fill one after the other.");
  add_flag(app, group, "--catalog=FILE", options.catalog,
           "CSV with the header faculty,program: the programs that ask. Without this and --faculties: those that a new "
           "server has.");
  add_flag(app, group, "--faculties=N", options.faculties,
           "Asks for a made catalogue instead: \"Faculty 0001\", \"Faculty 0002\", ...")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str("none is made");
  add_flag(app, group, "--programs=N", options.programs, "... each with \"Program 0001\", \"Program 0002\", ...")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str("none is made");
  add_flag(app, group, "--write-catalog=FILE", options.write_catalog,
           "Writes the made catalogue as CSV, for dti_server --catalog, and ends.");
  add_flag(app, group, "--programs-per-request=N", options.programs_per_request,
           "Programs in one request, all of one faculty; the last request of a faculty has what is left.")
      ->check(CLI::Range(1, static_cast<int>(kProgramsMax)));
  add_flag(app, group, "--classrooms=N", options.classrooms, "Classrooms that each program wants.")
      ->check(CLI::Range(Quantity{0}, kQuantityMax));
  add_flag(app, group, "--labs=N", options.labs, "Labs that each program wants.")
      ->check(CLI::Range(Quantity{0}, kQuantityMax));
  add_flag(app, group, "--order=ORDER", options.order,
           "random: faculties and programs in an order that --seed decides; sequential: as the catalogue has them.")
      ->check(CLI::IsMember({"random", "sequential"}));
  add_flag(app, group, "--seed=N", options.seed,
           "The same seed gives the same requests, byte for byte, in the same order.");
  add_flag(app, group, "--first=N", options.first,
           "Leaves out the first N requests of the order, to go on after an earlier run: its result has N as "
           "sent_in_all.");
  add_flag(
      app, group, "--repeats=PERCENT", options.repeats,
      "How many of 100 requests repeat one that was granted in full in this run, byte for byte. With 100, all "
      "are taken to have been asked before: it asks again what earlier runs with the same flags asked, the first N "
      "of the order if --first=N is given (else all), from the start, and from the start again after the last.")
      ->check(CLI::Range(0, 100));
}

void add_load_flags(CLI::App& app, LoadOptions& options) {
  const auto* group = "Load";
  add_flag(app, group, "--in-flight=N", options.in_flight, "Requests without a reply at a time; with --rate, at most.")
      ->check(CLI::Range(1, kInFlightMax));
  add_flag(
      app, group, "--rate=R", options.rate,
      "Requests a second, evenly spaced (an open loop). A latency then counts from when its request was due, also "
      "if it could not be sent then; all that was due in the time is sent and counts, however late its answer; and "
      "a refused request is not sent again.")
      ->check(CLI::Range(0.001, 100'000'000.0))
      ->default_str("as fast as answers come");
  add_flag(app, group, "--seconds=SECONDS", options.seconds, "How long to measure.")
      ->check(CLI::Range(0.001, 1'000'000.0))
      ->default_str("until the requests are used up");
  add_flag(app, group, "--warm-up=SECONDS", options.warm_up, "Load before that, which does not count.")
      ->check(CLI::Range(0.0, 1'000'000.0));
  add_flag(app, group, "--requests=N", options.requests, "Stops after N requests, including those of the warm-up.")
      ->check(CLI::PositiveNumber)
      ->default_str("no bound");
}

void add_result_flags(CLI::App& app, LoadOptions& options) {
  const auto* group = "Result";
  app.add_flag("--any-reply", options.any_reply, "Does not look at statuses: for dti_echo, whose replies have none.")
      ->group(group);
  add_flag(app, group, "--format=FORMAT", options.format, "One line for each figure, or one JSON object.")
      ->check(CLI::IsMember({"text", "json"}));
}

// The texts between commas; an empty one stays one.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto comma = text.find(','); comma != std::string::npos; comma = text.find(',', begin)) {
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// Why the options do not go together; empty if they do.
std::string fault_of(const LoadOptions& options) {
  const bool is_made = options.faculties > 0;
  if (is_made != (options.programs > 0)) return "--faculties and --programs go together";
  if (std::uint64_t{options.faculties} * options.programs > kProgramsInAllMax) {
    return "--faculties times --programs is over " + std::to_string(kProgramsInAllMax);
  }
  if (is_made && !options.catalog.empty()) return "--catalog and --faculties exclude each other";
  if (!options.write_catalog.empty() && !is_made) return "--write-catalog needs --faculties and --programs";
  if (options.server.find(':') == std::string::npos) return "--server '" + options.server + "' is not HOST:PORT";
  if (options.key.empty() != options.server_key.empty()) return "--key and --server-key go together";
  for (const auto& semester : options.semesters) {
    if (semester.empty() || semester.size() > kSemesterBytesMax) return "--semesters: each has 1 to 64 bytes";
  }
  if (options.repeats == 100 && options.seconds == 0 && options.requests == 0) {
    return "--repeats=100 would never end: give --seconds or --requests";
  }
  return {};
}

std::string read_text(const std::string& what, const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) throw BadUse{what + ' ' + path + " cannot be read"};
  return text;
}

}  // namespace

std::variant<LoadOptions, int> read_load_options(int argc, char** argv) {
  LoadOptions options;
  CLI::App app{kPurpose, "dti_load"};
  app.footer(kFooter);
  add_server_flags(app, options);
  auto semesters = options.semesters.front();
  add_request_flags(app, options, semesters);
  add_load_flags(app, options);
  add_result_flags(app, options);
  app.callback([&] {
    options.semesters = split(semesters);
    if (const auto fault = fault_of(options); !fault.empty()) throw CLI::ValidationError{fault};
  });
  if (const auto code = read_command_line(app, argc, argv)) return *code;
  return options;
}

LoadCatalog catalog_of(const LoadOptions& options) {
  if (options.faculties > 0) return LoadCatalog::made(options.faculties, options.programs);
  std::string text{default_catalog()};
  if (!options.catalog.empty()) text = read_text("the catalogue", options.catalog);
  const auto parsed = parse_catalog(text);
  if (const auto* faults = std::get_if<CatalogFaults>(&parsed)) {
    const auto& fault = faults->listed.front();
    throw BadUse{"the catalogue " + options.catalog + ", line " + std::to_string(fault.line) + ": " + fault.reason};
  }
  auto catalog = LoadCatalog::of(std::get<CatalogFile>(parsed).rows);
  if (catalog.program_count() == 0) throw BadUse{"the catalogue " + options.catalog + " has no program"};
  return catalog;
}

std::optional<CurveKeys> keys_of(const LoadOptions& options) {
  if (options.key.empty()) return std::nullopt;
  const auto server = parse_public_key(options.server_key);
  if (!server) throw BadUse{"--server-key is not 64 hexadecimal digits"};
  auto file = parse_key_file(read_text("the key file", options.key));
  if (const auto* fault = std::get_if<KeyFault>(&file)) {
    throw BadUse{"the key file " + options.key + ": " + fault->reason};
  }
  return CurveKeys{std::get<KeyFile>(std::move(file)).key, *server};
}

}  // namespace dti::bench

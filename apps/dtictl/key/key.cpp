#include "dtictl/key/key.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <variant>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/cli/guarded_file.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dti/keys/key_file.hpp"
#include "dti/keys/key_list.hpp"
#include "dti/keys/signing_key_file.hpp"
#include "dtictl/commands.hpp"
#include "dtictl/key/key_columns.hpp"
#include "dtictl/key/key_options.hpp"

namespace dti {
namespace {

constexpr std::size_t kPrefixDigitsMin = 8;

/// Does the work of a command, which prints its result. @return the exit code
template <class Options, class Work>
int run(const char* command, const std::variant<Options, UsageExit>& parsed, Work work) {
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    work(std::get<Options>(parsed));
    std::cout << std::flush;
    if (std::cout) return 0;
    std::cerr << command << ": the result could not be written to stdout" << std::endl;
  } catch (const std::exception& error) {
    std::cerr << command << ": " << printable(error.what()) << std::endl;
  }
  return 1;
}

std::string shown(const std::filesystem::path& path) { return path.string(); }

/// What stands between the name of a file and the reason of a fault.
std::string place_of(const KeyFault& fault) { return fault.line == 0 ? " " : ':' + std::to_string(fault.line) + ": "; }

/// The text of a key list, which is valid.
/// @throws std::runtime_error  with the file and the reason
std::string read_list(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_guarded_file(path, FileGuard::kTrusted);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error{"cannot use " + shown(path) + ": " + error.what()};
  }
  const auto list = parse_key_list(text);
  if (const auto* fault = std::get_if<KeyFault>(&list)) {
    throw std::runtime_error{shown(path) + place_of(*fault) + fault->reason};
  }
  return text;
}

KeyList list_of(const std::string& text) { return std::get<KeyList>(parse_key_list(text)); }

/// The key that an operator means.
std::size_t find_key(const KeyList& list, const std::string& which) {
  auto digits = which;
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return 'A' <= c && c <= 'F' ? c + 32 : c; });
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool is_prefix = which.size() >= kPrefixDigitsMin && key_text(list[i].key).starts_with(digits);
    if (list[i].name == which || is_prefix) found.push_back(i);
  }
  if (found.empty()) throw std::runtime_error{"the list has no key " + quoted_text(which)};
  if (found.size() == 1) return found.front();
  std::string keys;
  for (const auto i : found) keys += (keys.empty() ? "" : ", ") + key_prefix(list[i].key);
  throw std::runtime_error{quoted_text(which) + " means several keys (" + keys + "): give the digits of one of them"};
}

/// A new key: the text of its file, and the line to hand over.
struct NewKey {
  std::string secret_text;
  std::string public_text;
};

NewKey make_key_file(const std::string& name) {
  const KeyFile file{name, make_key_pair()};
  return {key_file_text(file), public_line(file.key.public_key, name)};
}

NewKey make_signing_file(const std::string& name) {
  const SigningKeyFile file{name, make_signing_key()};
  return {signing_key_file_text(file), signing_public_line(public_half(file.key), name)};
}

int run_new(std::span<const std::string> args) {
  return run("dtictl key new", parse_key_new(args, process_surroundings()), [](const KeyNewOptions& options) {
    auto made = options.is_signing ? make_signing_file(options.name) : make_key_file(options.name);
    write_new_secret(options.path, made.secret_text);
    wipe(made.secret_text);
    std::cerr << "dtictl key new: " << printable(shown(options.path))
              << " is secret: keep it where the process runs, and hand over only this line:" << std::endl;
    std::cout << made.public_text << '\n';
  });
}

int run_public(std::span<const std::string> args) {
  return run("dtictl key public", parse_key_public(args, process_surroundings()), [](const KeyPublicOptions& options) {
    std::string text;
    try {
      text = process_surroundings().read_file(options.path);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error{"cannot read " + options.path + ": " + error.what()};
    }
    const auto file = parse_key_file(text);
    wipe(text);
    if (const auto* fault = std::get_if<KeyFault>(&file)) {
      throw std::runtime_error{options.path + place_of(*fault) + fault->reason};
    }
    const auto& key = std::get<KeyFile>(file);
    std::cout << public_line(key.key.public_key, key.name) << '\n';
  });
}

int run_add(std::span<const std::string> args) {
  return run("dtictl key add", parse_key_add(args, process_surroundings()), [](const KeyAddOptions& options) {
    change_file(options.keys, [&](bool exists) {
      auto longer = with_key(exists ? read_list(options.keys) : "", options.key);
      if (const auto* fault = std::get_if<std::string>(&longer)) {
        throw std::runtime_error{shown(options.keys) + ": " + *fault};
      }
      return std::get<KeyListText>(std::move(longer)).text;
    });
    std::cout << "added " << key_prefix(options.key.key) << ' ' << printable(options.key.name) << " as "
              << printable(role_text(options.key.role)) << "; reload the process that uses the list\n";
  });
}

int run_remove(std::span<const std::string> args) {
  return run("dtictl key remove", parse_key_remove(args, process_surroundings()), [](const KeyRemoveOptions& options) {
    std::optional<ListedKey> removed;
    change_file(options.keys, [&](bool) {
      const auto text = read_list(options.keys);
      const auto list = list_of(text);
      const auto index = find_key(list, options.which);
      removed = list[index];
      return without_key(text, index).text;
    });
    std::cout << "removed " << key_prefix(removed->key) << ' ' << printable(removed->name)
              << "; reload the process that uses the list\n";
  });
}

int run_list(std::span<const std::string> args) {
  return run("dtictl key list", parse_key_list_options(args, process_surroundings()),
             [](const KeyListOptions& options) {
               const auto list = list_of(read_list(options.keys));
               ListPrinter<ListedKey> printer{std::cout, options.list, key_columns()};
               for (const auto& key : list) printer.add(key);
               printer.finish();
             });
}

}  // namespace

int run_key(std::span<const std::string> args) {
  const CommandSet key{
      .name = "dtictl key",
      .purpose = "dtictl key makes keys, and changes the list of the keys that may connect to a server or a faculty.",
      .commands = {{"new", "makes a key: a secret file, and a public line to hand over", &run_new},
                   {"public", "prints the public line of a key file", &run_public},
                   {"add", "adds a public key and its role to a list", &run_add},
                   {"remove", "removes a key from a list", &run_remove},
                   {"list", "checks a list and prints its keys", &run_list}},
  };
  const auto found = find_command(key, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti

#include "dti/service/ledger/head_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

#include "dti/seals/blake2b.hpp"

namespace dti {
namespace {

constexpr std::string_view kBegin = "dti-head:1;";
constexpr std::string_view kRootTag = "dti-root-1";
constexpr char kEnd = '.';
constexpr std::size_t kFields = 6;

void append(std::string& to, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) to += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
}

std::string text_of(WallTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{seconds - day};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

/// All of a line that its signature covers.
std::string signed_text(const HeadLine& line) {
  std::string text = std::string{kBegin} + hex_text(line.store) + ';' + line.at + ';';
  std::string heads;
  for (const auto& [chain, seq] : line.heads) {
    heads += (heads.empty() ? "" : ",") + std::to_string(chain) + ':' + std::to_string(seq);
  }
  return text + heads + ';' + hex_text(line.root) + ';' + hex_text(line.key);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

std::optional<std::map<SemesterId, Seq>> parse_heads(std::string_view text) {
  std::map<SemesterId, Seq> heads;
  for (const auto part : split(text, ',')) {
    const auto pair = split(part, ':');
    if (pair.size() != 2) return std::nullopt;
    const auto chain = number_of(pair[0]);
    const auto seq = number_of(pair[1]);
    if (!chain || !seq || *chain < 0 || *seq < 1 || !heads.emplace(*chain, *seq).second) return std::nullopt;
  }
  return heads;
}

/// @param text  of a line, after kBegin and before kEnd
std::optional<HeadLine> parse_line(std::string_view text) {
  const auto fields = split(text, ';');
  if (fields.size() != kFields) return std::nullopt;
  const auto store = parse_store_id(fields[0]);
  auto heads = parse_heads(fields[2]);
  const auto root = parse_seal(fields[3]);
  const auto key = parse_signing_public_key(fields[4]);
  const auto signature = parse_signature(fields[5]);
  if (!store || !heads || !root || !key || !signature) return std::nullopt;
  HeadLine line{*store, std::string{fields[1]}, *std::move(heads), *root, *key, *signature};
  // So that each line has one text, which the signature covers.
  if (head_line_text(line) != std::string{kBegin} + std::string{text} + kEnd) return std::nullopt;
  return line;
}

/// The length of a mark of quoted-printable mails at the begin of the text: `=` before the end of a row continues it in
/// the next one, and `=20` there is a space.
std::size_t quoted_printable_mark(std::string_view text) {
  for (const std::string_view mark : {"=", "=20"}) {
    if (!text.starts_with(mark)) continue;
    const auto rest = text.substr(mark.size());
    if (rest.starts_with('\n') || rest.starts_with("\r\n")) return mark.size();
  }
  return 0;
}

/// The text without white space, and without the marks of quoted and of quoted-printable mails.
std::string joined(std::string_view text) {
  std::string out;
  bool at_begin = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (const auto mark = quoted_printable_mark(text.substr(i)); mark > 0) {
      i += mark - 1;
      continue;
    }
    if (!is_space && !(at_begin && c == '>')) out += c;
    if (c == '\n') at_begin = true;
    if (!is_space && c != '>') at_begin = false;
  }
  return out;
}

std::string name_of(const HeadLine& line) { return "the head line of " + line.at; }

std::string chain_text(SemesterId chain) {
  return chain == kRegistryId ? std::string{"the registry"} : "semester number " + std::to_string(chain);
}

/// What is wrong with a line that is signed; none if the store has all that it names.
std::optional<std::string> compare(const HeadLine& line, const SealReader& read) {
  std::map<SemesterId, SealedHead> ends;
  for (const auto& [chain, seq] : line.heads) {
    const auto row = read(chain, seq);
    const auto entry = "entry " + std::to_string(seq) + " of " + chain_text(chain);
    if (!row.is_there) {
      return name_of(line) + " has " + entry +
             ", and the store does not: the end of the ledger was removed, or an older"
             " backup was restored";
    }
    if (!row.seal) return name_of(line) + ": " + entry + " has no seal: history was rewritten";
    ends[chain] = {seq, *row.seal};
  }
  if (root_of(line.store, ends) == line.root) return std::nullopt;
  return name_of(line) + " has other seals than the store: history before it was rewritten";
}

}  // namespace

Seal root_of(const StoreId& store, const std::map<SemesterId, SealedHead>& ends) {
  std::string bytes{kRootTag};
  bytes.append(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  for (const auto& [chain, end] : ends) {
    append(bytes, chain);
    append(bytes, end.seq);
    bytes.append(reinterpret_cast<const char*>(end.seal.bytes.data()), end.seal.bytes.size());
  }
  Blake2b hash;
  hash.add(bytes);
  return hash.finish();
}

HeadLine sign_heads(const ChainHeads& heads, WallTime at, const SigningSecretKey& key) {
  std::map<SemesterId, SealedHead> ends;
  HeadLine line{heads.store, text_of(at), {}, {}, public_half(key), {}};
  for (const auto& [chain, end] : heads.ends) {
    if (end.seq == 0) continue;
    ends[chain] = end;
    line.heads[chain] = end.seq;
  }
  line.root = root_of(heads.store, ends);
  line.signature = sign(key, signed_text(line));
  return line;
}

bool tells_the_same(const HeadLine& first, const HeadLine& second) {
  return first.store == second.store && first.heads == second.heads && first.root == second.root &&
         first.key == second.key;
}

std::string head_line_text(const HeadLine& line) { return signed_text(line) + ';' + hex_text(line.signature) + kEnd; }

WitnessFile parse_witness(std::string_view text) {
  const auto all = joined(text);
  WitnessFile file;
  std::size_t number = 0;
  std::size_t unreadable = 0;
  std::size_t first_unreadable = 0;
  for (auto at = all.find(kBegin); at != std::string::npos;) {
    at += kBegin.size();
    const auto next = all.find(kBegin, at);
    const auto rest = std::string_view{all}.substr(at, next == std::string::npos ? next : next - at);
    const auto end = rest.find(kEnd);
    const auto line = end == std::string_view::npos ? std::nullopt : parse_line(rest.substr(0, end));
    ++number;
    if (line) {
      file.lines.push_back(*line);
    } else if (++unreadable == 1) {
      first_unreadable = number;
    }
    at = next;
  }
  if (unreadable > 0) {
    file.fault = std::to_string(unreadable) + " of " + std::to_string(number) +
                 " head lines in the file cannot be read; the first one is number " + std::to_string(first_unreadable);
  }
  return file;
}

std::vector<std::string> check_witness(const std::vector<HeadLine>& lines, const std::vector<SigningPublicKey>& keys,
                                       const StoreId& store, const SealReader& read) {
  std::vector<std::string> found;
  std::map<std::pair<SemesterId, Seq>, RowSeal> seals;  // most chains do not move between two lines
  const auto read_once = [&](SemesterId chain, Seq seq) {
    const auto [known, is_new] = seals.try_emplace({chain, seq});
    if (is_new) known->second = read(chain, seq);
    return known->second;
  };
  std::map<std::pair<std::array<std::uint8_t, kStoreIdBytes>, std::map<SemesterId, Seq>>, const HeadLine*> first;
  for (const auto& line : lines) {
    if (std::find(keys.begin(), keys.end(), line.key) == keys.end()) {
      found.push_back(name_of(line) + " is signed by a key that is not listed: " + hex_text(line.key));
      continue;
    }
    if (!is_signed_by(line.key, signed_text(line), line.signature)) {
      found.push_back(name_of(line) + " has a signature that does not fit: the line was changed");
      continue;
    }
    const auto [earlier, is_new] = first.try_emplace({line.store.bytes, line.heads}, &line);
    if (!is_new && earlier->second->root != line.root) {
      found.push_back(name_of(line) + " and " + name_of(*earlier->second).substr(4) +
                      " have the same heads and different roots, and both are signed: this proves that the server, or"
                      " the owner of its signing key, has signed two histories");
    }
    if (line.store != store) {
      found.push_back(name_of(line) + " is of another store: " + hex_text(line.store));
    } else if (auto difference = compare(line, read_once)) {
      found.push_back(*std::move(difference));
    }
  }
  return found;
}

}  // namespace dti

#include "dti/service/ledger/round_terms.hpp"

#include <algorithm>
#include <charconv>

namespace dti {
namespace {

/// Reads `key=value key=value …`, in that order.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  /// The value of the next word; empty if its key is another one.
  std::string_view value(std::string_view key) {
    const auto word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
    if (!word.starts_with(key) || word.size() <= key.size() || word[key.size()] != '=') return {};
    return word.substr(key.size() + 1);
  }

  /// The same as a whole number; -1 if it is none.
  std::int64_t number(std::string_view key) {
    const auto text = value(key);
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : -1;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Seal hash_of(const RoundPlan& plan) {
  Blake2b hash;
  hash.add("dti-round-plan-1");
  for (const auto& text : {plan.store, plan.semester, plan.policy}) hash.add('\n' + text);
  for (const auto& ask : plan.asks) {
    std::string numbers;
    for (const std::int64_t number : {std::int64_t{ask.program}, ask.want.classrooms, ask.want.labs,
                                      std::int64_t{ask.priority_class}, ask.weight, ask.floor}) {
      numbers += '\n' + std::to_string(number);
    }
    hash.add(numbers);
  }
  return hash.finish();
}

Seal commitment_of(const RoundSecret& secret, const Seal& plan) {
  Blake2b hash;
  hash.add("dti-round-1");
  hash.add({reinterpret_cast<const char*>(secret.bytes.data()), secret.bytes.size()});
  hash.add({reinterpret_cast<const char*>(plan.bytes.data()), plan.bytes.size()});
  return hash.finish();
}

std::string opening_text(const Seal& commitment) { return "hash=" + hex_text(commitment); }

std::optional<Seal> parse_opening(std::string_view text) {
  const auto commitment = parse_seal(Words{text}.value("hash"));
  return commitment && opening_text(*commitment) == text ? commitment : std::nullopt;
}

std::string text_of(const RoundTerms& terms) {
  return "policy=" + std::string{policy_name(terms.policy)} + " version=" + std::to_string(kPolicyVersion) +
         " opened=" + std::to_string(terms.opened_at) + " grants=" + std::to_string(terms.grants) +
         " secret=" + hex_text(Seal{terms.secret.bytes}) + " plan=" + hex_text(terms.plan) +
         " seal=" + hex_text(terms.seal);
}

std::optional<RoundTerms> parse_round_terms(std::string_view text) {
  Words words{text};
  const auto policy = parse_policy(words.value("policy"));
  static_cast<void>(words.number("version"));  // the comparison below includes it
  const auto opened_at = words.number("opened");
  const auto grants = words.number("grants");
  const auto secret = parse_seal(words.value("secret"));
  const auto plan = parse_seal(words.value("plan"));
  const auto seal = parse_seal(words.value("seal"));
  if (!policy || opened_at < 1 || grants < 1 || !secret || !plan || !seal) return std::nullopt;
  const RoundTerms terms{*policy, opened_at, grants, {secret->bytes}, *plan, *seal};
  return text_of(terms) == text ? std::optional{terms} : std::nullopt;
}

std::string ask_text(const Ask& ask) {
  return "class=" + std::to_string(ask.priority_class) + " weight=" + std::to_string(ask.weight) +
         " floor=" + std::to_string(ask.floor);
}

bool read_ask_text(std::string_view text, Ask& ask) {
  Words words{text};
  auto read = ask;
  const auto priority_class = words.number("class");
  read.weight = words.number("weight");
  read.floor = words.number("floor");
  if (priority_class < 0 || priority_class > kPriorityClassMax || !is_in_range(read)) return false;
  read.priority_class = static_cast<int>(priority_class);
  if (ask_text(read) != text) return false;
  ask = read;
  return true;
}

}  // namespace dti

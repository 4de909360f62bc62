#include "dti/http/accept.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "http/characters.hpp"

namespace dti {
namespace {

constexpr std::size_t kDigitsMax = 3;

/// Removes the first part of a list, and returns it.
std::string_view take(std::string_view& list, char separator) {
  const auto part = list.substr(0, list.find(separator));
  list.remove_prefix(std::min(list.size(), part.size() + 1));
  return trimmed(part);
}

/// Returns a weight from 0 to 1000; 0 if the text is not a weight, because then the client cannot prefer the type.
int weight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  const auto digits = text.size() > 2 ? text.substr(2) : std::string_view{};
  if ((text.size() > 1 && text[1] != '.') || digits.size() > kDigitsMax) return 0;
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return 0;
  int thousandths = text[0] - '0';
  for (std::size_t i = 0; i < kDigitsMax; ++i)
    thousandths = thousandths * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return thousandths <= 1000 ? thousandths : 0;
}

/// Returns the weight of a media type; none if the client does not name it.
std::optional<int> weight_of(std::string_view accept, std::string_view type) {
  std::optional<int> greatest;
  while (!accept.empty()) {
    auto range = take(accept, ',');
    if (take(range, ';') != type) continue;
    int of_range = 1000;
    while (!range.empty()) {
      const auto parameter = take(range, ';');
      if (parameter.starts_with("q=")) of_range = weight(parameter.substr(2));
    }
    greatest = std::max(greatest.value_or(0), of_range);
  }
  return greatest;
}

}  // namespace

bool prefers(std::string_view accept, std::string_view wanted, std::string_view other) {
  const auto lower = lower_case(accept);
  const auto of_wanted = weight_of(lower, wanted).value_or(0);
  return of_wanted > 0 && of_wanted >= weight_of(lower, other).value_or(0);
}

}  // namespace dti

#include "dti/base/time_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace dti {

std::string time_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::optional<WallTime> time_from_text(std::string_view text) {
  // The numbers of the text: where each begins, and how many digits it has.
  constexpr std::array<std::array<std::size_t, 2>, 7> kPlaces = {
      {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 6}}};
  std::array<unsigned, 7> numbers{};
  if (text.size() != 27) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto* const first = text.data() + kPlaces[i][0];
    if (std::from_chars(first, first + kPlaces[i][1], numbers[i]).ptr != first + kPlaces[i][1]) return std::nullopt;
  }
  const auto& [year, month, day, hour, minute, second, microsecond] = numbers;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  const WallTime time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                        std::chrono::seconds{second} + std::chrono::microseconds{microsecond};
  return time_text(time) == text ? std::optional{time} : std::nullopt;  // the rest of the text, and 61 seconds
}

}  // namespace dti

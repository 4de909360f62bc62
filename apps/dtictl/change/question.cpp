#include "dtictl/change/question.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <iostream>

namespace dti {

bool can_ask() { return ::isatty(STDIN_FILENO) != 0; }

std::optional<std::string> ask_person(const std::string& question, StopSignals& stop) {
  std::cerr << question << std::flush;
  std::string line;
  while (true) {
    std::array<pollfd, 2> items{{{STDIN_FILENO, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}}};
    if (::poll(items.data(), items.size(), -1) < 0) continue;
    if (stop.stop_asked()) return std::nullopt;
    if (items[0].revents == 0) continue;
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1) return std::nullopt;
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace dti

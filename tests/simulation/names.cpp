#include "simulation/names.hpp"

#include <cctype>
#include <string_view>

namespace dti::simulation {
namespace {

// Letters outside of ASCII stay as they are; a faculty has the same program names as the next one.
const std::vector<std::string> kFaculties = {"Ingeniería", "Derecho", "Ciencias-Básicas", "Arte y Diseño"};
const std::vector<std::string> kPrograms = {"civil", "derecho-penal", "diseño gráfico", "Física", "obra_pública", "x"};

std::string respelled(const std::string& name, Random& random) {
  std::string spelled;
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '-' || character == '_' || character == ' ') {
      constexpr std::string_view kSeparators = "-_ ";
      const auto which = random.below(kSeparators.size() + 1);
      if (which < kSeparators.size()) spelled += kSeparators[which];
    } else if (byte < 0x80 && random.chance(0.5)) {
      spelled += static_cast<char>(std::toupper(byte));
    } else {
      spelled += character;
    }
  }
  if (random.chance(0.3)) spelled.insert(spelled.begin(), ' ');
  return spelled;
}

}  // namespace

Names::Names(std::size_t faculties, std::size_t programs_each) : faculties_(faculties), programs_each_(programs_each) {
  for (std::size_t faculty = 0; faculty < faculties; ++faculty) {
    faculty_of_.emplace(kFaculties.at(faculty), faculty);
    for (std::size_t program = 0; program < programs_each; ++program) {
      program_of_.emplace(std::pair{faculty, kPrograms.at(program)}, rows_.size());
      rows_.push_back({kFaculties.at(faculty), kPrograms.at(program)});
    }
  }
}

std::string Names::respelled_faculty(std::size_t faculty, Random& random) {
  auto spelled = respelled(kFaculties.at(faculty), random);
  faculty_of_.emplace(spelled, faculty);
  return spelled;
}

std::string Names::respelled_program(std::size_t faculty, std::size_t program, Random& random) {
  auto spelled = respelled(kPrograms.at(program), random);
  program_of_.emplace(std::pair{faculty, spelled}, faculty * programs_each_ + program);
  return spelled;
}

std::string Names::unknown(Random& random) {
  static const std::vector<std::string> kNobody = {"", " - ", "civi1", "Fisica", "diseno grafico", "obra publica!",
                                                   "ß"};
  return random.pick(kNobody);
}

std::optional<std::size_t> Names::find(const std::string& faculty, const std::string& program) const {
  const auto owner = faculty_of_.find(faculty);
  if (owner == faculty_of_.end()) return std::nullopt;
  const auto found = program_of_.find(std::pair{owner->second, program});
  return found == program_of_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace dti::simulation

#include "dti/service/office/store_names.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

StoredSemester semester(SemesterId id, std::string name, bool is_open) {
  return {.id = id, .name = std::move(name), .epoch = 1, .head = 1, .is_open = is_open};
}

std::vector<CatalogProgram> catalog() {
  Catalog sum;
  std::vector<CatalogProgram> programs;
  for (const CatalogRow& row :
       {CatalogRow{"Derecho", "Derecho Civil"}, CatalogRow{"Diseño", "Dibujo"}, CatalogRow{"Artes", "Dibujo"},
        CatalogRow{"Artes", "MATH 1-11"}, CatalogRow{"Artes", "MATH 11-1"}}) {
    auto placed = sum.place(row);
    sum.put(placed.program);
    programs.push_back(std::move(placed.program));
  }
  return programs;
}

StoreNames names_of(std::vector<StoredSemester> semesters) { return StoreNames{{std::move(semesters), catalog()}}; }

/// What was found, as text; or why nothing was.
std::string semester_found(const std::vector<StoredSemester>& semesters, const std::optional<std::string>& name) {
  const auto found = names_of(semesters).find_semester(name);
  if (const auto* fault = std::get_if<NameFault>(&found)) return fault->reason;
  return "id " + std::to_string(std::get<StoredSemester>(found).id);
}

std::string program_found(std::string_view faculty, std::string_view program) {
  const auto names = names_of({});
  FacultyId id = 0;
  if (!faculty.empty()) {
    const auto found = names.find_faculty(faculty);
    if (const auto* fault = std::get_if<NameFault>(&found)) return fault->reason;
    id = std::get<FacultyId>(found);
  }
  const auto found = names.find_program(id, program);
  if (const auto* fault = std::get_if<NameFault>(&found)) return fault->reason;
  const auto name = names.find_name(std::get<ProgramId>(found)).value();
  return name.faculty + ": " + name.program;
}

struct Case {
  const char* name;
  std::string found;
  std::string expected;
};

TEST(StoreNames, ASemesterIsTheNamedOneOrTheOnlyOneThatIsOpen) {
  const std::vector<StoredSemester> one = {semester(1, "2025-04", false), semester(2, "2025-10", true)};
  const std::vector<StoredSemester> two = {semester(1, "2025-10", true), semester(2, "2026-04", true)};
  const std::vector<StoredSemester> closed = {semester(1, "2025-10", false)};
  for (const Case& it : {
           Case{"only open one", semester_found(one, {}), "id 2"},
           Case{"closed", semester_found(one, "2025-04"), "id 1"},
           Case{"several", semester_found(two, {}), R"(2 semesters are open; name one of "2025-10", "2026-04")"},
           Case{"none is open", semester_found(closed, {}), R"(no semester is open; name one of "2025-10")"},
           Case{"none", semester_found({}, {}), "the store has no semester"},
           Case{"unknown", semester_found(two, "2030"), R"(no semester is "2030"; there are "2025-10", "2026-04")"},
           Case{"unknown in an empty store", semester_found({}, "2030"), R"(no semester is "2030")"},
           Case{"other dash", semester_found(one, "2025\u201310"),
                R"(no semester is "2025\u201310", but one is "2025-10")"},
       }) {
    EXPECT_EQ(it.found, it.expected) << it.name;
  }
}

TEST(StoreNames, AProgramIsFoundInEverySpellingAndAnErrorExplains) {
  for (
      const Case& it : {
          Case{"exact", program_found("Derecho", "Derecho Civil"), "Derecho: Derecho Civil"},
          Case{"other spelling", program_found("DERECHO", "derecho_civil"), "Derecho: Derecho Civil"},
          Case{"any faculty", program_found("", "derecho civil"), "Derecho: Derecho Civil"},
          Case{"of several", program_found("", "Dibujo"),
               R"(several faculties have a program "Dibujo": name one of "Diseño", "Artes")"},
          Case{"of one of several", program_found("artes", "Dibujo"), "Artes: Dibujo"},
          Case{"unknown faculty", program_found("Letras", "Dibujo"), R"(faculty "Letras" is unknown)"},
          Case{"no name", program_found("a\tb", "Dibujo"),
               "faculty \"a\tb\" is unknown: the name has a tab (U+0009) as character 2"},
          Case{"unknown program", program_found("Derecho", "Dibujo"), R"(program "Dibujo" of "Derecho" is unknown)"},
          Case{"unknown in all", program_found("", "Latin"), R"(program "Latin" is unknown)"},
          Case{
              "several meanings", program_found("", "MATH 111"),
              R"(program "MATH 111" is unknown: the name could mean each of "MATH 1-11", "MATH 11-1": use one of these spellings)"},
      }) {
    EXPECT_EQ(it.found, it.expected) << it.name;
  }
}

TEST(StoreNames, RefusesACatalogueThatContradictsItself) {
  auto programs = catalog();
  programs[1].id = 7;
  EXPECT_THROW((StoreNames{{{}, programs}}), StorageError);
}

}  // namespace
}  // namespace dti

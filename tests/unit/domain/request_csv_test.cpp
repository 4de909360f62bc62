#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <variant>

#include "dti/domain/request_file.hpp"

namespace dti {

void PrintTo(const Ask& ask, std::ostream* out) {
  *out << "program " << ask.program << ' ' << ask.want.classrooms << '+' << ask.want.labs << " arrival " << ask.arrival
       << " lot " << ask.lot << " class " << ask.priority_class << " weight " << ask.weight << " floor " << ask.floor;
}

void PrintTo(const RequestFault& fault, std::ostream* out) {
  *out << "line " << fault.line << " column \"" << fault.column << "\" value \"" << fault.value << "\" "
       << fault.reason;
}

namespace {

/// Two faculties: Artes has Diseño (1), Música (2); Derecho has Civil 1-1 (3), Civil 11 (4), Penal (5).
Catalog catalog() {
  Catalog made;
  for (const auto* name : {"Artes/Diseño", "Artes/Música", "Derecho/Civil 1-1", "Derecho/Civil 11", "Derecho/Penal"}) {
    const std::string text = name;
    const auto slash = text.find('/');
    const auto placed = made.place({text.substr(0, slash), text.substr(slash + 1)});
    made.put(placed.program);
  }
  return made;
}

Ask ask(ProgramId program, Want want, Seq position) {
  return {.program = program, .want = want, .arrival = position, .lot = static_cast<std::uint64_t>(position)};
}

const std::vector<Ask> kDesign = {ask(1, {10, 4}, 1)};
const std::vector<Ask> kDesignAndMusic = {ask(1, {10, 4}, 1), ask(2, {0, 1}, 2)};

struct Good {
  const char* name;
  std::string text;
  std::vector<Ask> asks;
};

const Good kGood[] = {
    {"needed columns in the usual order", "faculty,program,classrooms,labs\nArtes,Diseño,10,4\nArtes,Música,0,1\n",
     kDesignAndMusic},
    {"another order, other columns and more cells at the end",
     "id;labs;classrooms;program;faculty;;\n1;4;10;Diseño;Artes;;\n2;1;0;Música;Artes;;\n", kDesignAndMusic},
    {"a Spanish header in capitals, with tabs, CRLF and a byte order mark",
     "\xEF\xBB\xBF"
     "FACULTAD\tPrograma\tSALONES\tLaboratorios\r\nArtes\tDiseño\t10\t4\r\n",
     kDesign},
    {"aulas", "facultad;programa;aulas;laboratorios\nArtes;Diseño;10;4\n", kDesign},
    {"the columns of dtictl what-if", "faculty,program,classrooms-wanted,labs-wanted\nArtes,Diseño,10,4\n", kDesign},
    {"Windows-1252",
     "facultad;programa;salones;laboratorios;m\xEDnimo\r\nArtes;Dise\xF1o;10;4;0\r\nArtes;M\xFAsica;0;1;0\r\n",
     kDesignAndMusic},
    {"a line that names the separator", "sep=;\nfaculty;program;classrooms;labs\nArtes;Diseño;10;4\n", kDesign},
    {"quotes, white space and blank rows",
     "faculty,program,classrooms,labs\n\n\" Artes \",\"Diseño\",\"10\", 4 \n,,,\n", kDesign},
    {"other spellings of names, as servers accept them",
     "faculty,program,classrooms,labs\nARTES,DISEÑO,10,4\nartes,mu\u0301sica,0,1\n", kDesignAndMusic},
    {"decimals that are zero", "faculty;program;classrooms;labs\nArtes;Diseño;10.0;4,00\n", kDesign},
    {"zeros before a number", "faculty;program;classrooms;labs\nArtes;Diseño;0010;4\n", kDesign},
    {"the header again on the next page",
     "faculty,program,classrooms,labs\nArtes,Diseño,10,4\nfaculty,program,classrooms,labs\nArtes,Música,0,1\n",
     kDesignAndMusic},
    {"one program name in two faculties is no repeat",
     "faculty,program,classrooms,labs\nArtes,Diseño,10,4\nDerecho,Penal,0,1\n",
     {ask(1, {10, 4}, 1), ask(5, {0, 1}, 2)}},
    {"the largest numbers", "faculty,program,classrooms,labs\nArtes,Diseño,1000000,0\n", {ask(1, {1'000'000, 0}, 1)}},
};

TEST(ParseRequests, ReadsWhatSpreadsheetsWrite) {
  const auto known = catalog();
  for (const auto& [name, text, asks] : kGood) {
    const auto parsed = parse_requests(text, known);
    const auto* file = std::get_if<RequestFile>(&parsed);
    ASSERT_NE(file, nullptr) << name << ": " << std::get<RequestFaults>(parsed).front().reason;
    EXPECT_EQ(file->asks, asks) << name;
    EXPECT_EQ(file->lines.size(), asks.size()) << name;
  }
}

TEST(ParseRequests, ReadsTheColumnsForPoliciesAndTellsWhichAreThere) {
  const auto parsed = parse_requests(
      "faculty,program,classrooms,labs,Peso,PRIORIDAD,mínimo\nArtes,Diseño,10,4,3,2,6\nArtes,Música,0,1,,,\n",
      catalog());
  const auto& file = std::get<RequestFile>(parsed);
  auto first = kDesignAndMusic[0];
  first.weight = 3;
  first.priority_class = 2;
  first.floor = 6;
  EXPECT_EQ(file.asks, (std::vector<Ask>{first, kDesignAndMusic[1]}));
  EXPECT_EQ(file.lines, (std::vector<std::size_t>{2, 3}));
  EXPECT_TRUE(file.has_weights && file.has_classes && file.has_floors);
  const auto plain = parse_requests(kGood[0].text, catalog());
  EXPECT_FALSE(std::get<RequestFile>(plain).has_weights);
}

struct BadCell {
  std::string row;  // of the columns faculty,program,salones,labs,weight,class,floor
  RequestFault fault;
};

const BadCell kBadCells[] = {
    {"Artes,Diseño,,4", {2, "salones", "", "is missing: write 0 if the program wants none"}},
    {"Artes,Diseño", {2, "salones", "", "is missing: write 0 if the program wants none"}},
    {"Artes,Diseño,ten,4", {2, "salones", "ten", "is not a number: write only digits"}},
    {"Artes,Diseño,10 rooms,4", {2, "salones", "10 rooms", "is not a number: write only digits"}},
    {"Artes,Diseño,-1,4", {2, "salones", "-1", "must be between 0 and 1,000,000"}},
    {"Artes,Diseño,1000001,4", {2, "salones", "1000001", "must be between 0 and 1,000,000"}},
    {"Artes,Diseño,99999999999999999999,4", {2, "salones", "99999999999999999999", "must be between 0 and 1,000,000"}},
    {"Artes,Diseño,1.5,4", {2, "salones", "1.5", "is not a whole number"}},
    {"Artes,Diseño,\"1,000\",4", {2, "salones", "1,000", "has a separator between its thousands: write only digits"}},
    {"Artes,Diseño,1.000,4", {2, "salones", "1.000", "has a separator between its thousands: write only digits"}},
    {"Artes,Diseño,1\u00A0000,4", {2, "salones", "1 000", "has a separator between its thousands: write only digits"}},
    {"Artes,Diseño,#REF!,4", {2, "salones", "#REF!", "is an error of the spreadsheet: #REF!"}},
    {"Artes,Diseño,1,x", {2, "labs", "x", "is not a number: write only digits"}},
    {"Artes,Diseño,1,1,0", {2, "weight", "0", "must be between 1 and 1,000"}},
    {"Artes,Diseño,1,1,1,1000001", {2, "class", "1000001", "must be between 0 and 1,000,000"}},
    {"Artes,Diseño,1,1,1,1,2000001", {2, "floor", "2000001", "must be between 0 and 2,000,000"}},
    {"Arte,Diseño,1,1", {2, "faculty", "Arte", "is no faculty of the catalogue"}},
    {",Diseño,1,1", {2, "faculty", "", "is missing"}},
    {"Artes,,1,1", {2, "program", "", "is missing"}},
    {"Artes,Diseno,1,1", {2, "program", "Diseno", "is no program of the faculty Artes"}},
    {"Derecho,Diseño,1,1", {2, "program", "Diseño", "is no program of the faculty Derecho"}},
    {"Derecho,Civil-1-1-,1,1,1,1,1,1",
     {2, "", "1",
      "the row has more cells than the header: a name with a separator in "
      "it needs quotes"}},
};

TEST(ParseRequests, TellsTheLineTheColumnTheValueAndTheReasonOfAFault) {
  const auto known = catalog();
  for (const auto& [row, fault] : kBadCells) {
    const auto parsed = parse_requests("faculty,program,salones,labs,weight,class,floor\n" + row + '\n', known);
    const auto* faults = std::get_if<RequestFaults>(&parsed);
    ASSERT_NE(faults, nullptr) << row;
    EXPECT_EQ(faults->front(), fault) << row;
  }
}

TEST(ParseRequests, ExplainsANameThatCouldMeanSeveralPrograms) {
  const auto parsed = parse_requests("faculty,program,classrooms,labs\nDerecho,Civil111,1,1\n", catalog());
  const auto& fault = std::get<RequestFaults>(parsed).at(0);
  EXPECT_TRUE(fault.reason.starts_with("is no program of the faculty Derecho")) << fault.reason;
}

TEST(ParseRequests, TellsAllFaultsInOneRun) {
  const auto parsed = parse_requests(
      "faculty,program,classrooms,labs\n"
      "Artes,Diseño,x,y\n"
      "Nada,Diseño,1,z\n"
      "Artes,Música,1,1\n"
      "Artes,\"Mú\"sica,1,1\n"
      "Artes,MÚSICA,2,2\n",
      catalog());
  const RequestFaults expected = {
      {2, "classrooms", "x", "is not a number: write only digits"},
      {2, "labs", "y", "is not a number: write only digits"},
      {3, "faculty", "Nada", "is no faculty of the catalogue"},
      {3, "labs", "z", "is not a number: write only digits"},
      {5, "program", "Mú", "text after the closing quote of a cell"},
      {6, "program", "MÚSICA", "is the same program as in line 4"},
  };
  EXPECT_EQ(std::get<RequestFaults>(parsed), expected);
}

TEST(ParseRequests, KeepsEachFaultOfALargeFile) {
  std::string text = "faculty,program,classrooms,labs\n";
  for (int i = 0; i < 5'000; ++i) text += "Artes,Diseño,x,1\n";
  const auto parsed = parse_requests(text, catalog());
  // Each row has a number that is none, and all but the first one repeat the program.
  EXPECT_EQ(std::get<RequestFaults>(parsed).size(), 9'999U);
}

struct BadFile {
  const char* name;
  std::string text;
  std::string reason;  // its beginning
};

const std::string kNeeded = "the first row must name the columns faculty, program, classrooms and labs";

const BadFile kBadFiles[] = {
    {"an empty file", "", "the file is empty; " + kNeeded},
    {"a header alone", "faculty,program,classrooms,labs\n", "the file has no row below its header"},
    {"no header", "Artes,Diseño,1,2\n", kNeeded},
    {"two columns are missing", "faculty,program\nA,b\n", kNeeded},
    {"a column twice", "faculty,program,salones,labs,aulas\nA,b,1,2,3\n", "the header has two columns aulas"},
};

TEST(ParseRequests, RefusesAFileWithoutTheNeededColumns) {
  for (const auto& [name, text, reason] : kBadFiles) {
    const auto parsed = parse_requests(text, catalog());
    const auto* faults = std::get_if<RequestFaults>(&parsed);
    ASSERT_NE(faults, nullptr) << name;
    EXPECT_TRUE(faults->front().reason.starts_with(reason)) << name << ": " << faults->front().reason;
  }
}

TEST(ParseRequests, NamesTheMissingColumns) {
  const auto parsed = parse_requests("faculty,program\nA,b\n", catalog());
  const auto& reason = std::get<RequestFaults>(parsed).front().reason;
  EXPECT_NE(reason.find(", and has no classrooms and no labs; it is: faculty,program"), reason.npos) << reason;
}

}  // namespace
}  // namespace dti

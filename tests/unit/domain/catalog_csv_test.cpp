#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dti/domain/catalog.hpp"

namespace dti {
namespace {

using namespace std::string_literals;
using Rows = std::vector<CatalogRow>;

/// ASCII text in UTF-16. @param low  the index of the low byte in each pair
std::string utf16(std::string_view text, std::size_t low, std::string_view mark) {
  std::string bytes{mark};
  for (const char c : text) bytes.append(low == 0 ? std::string{c, '\0'} : std::string{'\0', c});
  return bytes;
}

struct Good {
  const char* name;
  std::string text;
  Rows rows;
};

const Rows kAB = {{"A", "b"}};

const Good kGood[] = {
    {"a header alone", "faculty,program\n", {}},
    {"no newline at the end", "faculty,program\nA,b", kAB},
    {"lines that end in CRLF", "faculty,program\r\nA,b\r\nA,c\r\n", {{"A", "b"}, {"A", "c"}}},
    {"lines that end in CR", "faculty,program\rA,b\rA,c\r", {{"A", "b"}, {"A", "c"}}},
    {"quoted cells", "faculty,program\n\"Arts, fine\",\"the \"\"new\"\" one\"\n", {{"Arts, fine", "the \"new\" one"}}},
    {"cells that a list in CSV has marked",
     "faculty,program\n'@A,'+b\n\"'@A\",\"'-b, c\"\n'@A,''+d\nL'@A,'e\n",
     {{"@A", "+b"}, {"@A", "-b, c"}, {"@A", "'+d"}, {"L'@A", "'e"}}},
    {"a pair that repeats", "faculty,program\nA,b\nA,b\n", kAB},
    {"one program name in two faculties", "faculty,program\nA,b\nC,b\n", {{"A", "b"}, {"C", "b"}}},
    {"a byte order mark",
     "\xEF\xBB\xBF"
     "faculty,program\nA,b\n",
     kAB},
    {"two byte order marks, and one in the next cell of the header",
     "\xEF\xBB\xBF\xEF\xBB\xBF"
     "faculty,\uFEFFprogram\u200B\nA,b\n",
     kAB},
    {"UTF-16, little endian", utf16("faculty,program\r\nA,b\r\n", 0, "\xFF\xFE"), kAB},
    {"UTF-16, big endian", utf16("faculty,program\r\nA,b\r\n", 1, "\xFE\xFF"), kAB},
    {"UTF-16 beyond the basic plane",
     utf16("faculty\tprogram\nA\t", 0, "\xFF\xFE") + "\x3C\xD8\xA8\xDF"s,
     {{"A", "\U0001F3A8"}}},
    {"semicolons", "faculty;program\nA, fine;b\n", {{"A, fine", "b"}}},
    {"tabs", "faculty\tprogram\nA\tb\n", kAB},
    {"bars", "faculty|program\nA|b\n", kAB},
    {"a line that names the separator", "sep=;\r\nfaculty;program\r\nA;b\r\n", kAB},
    {"the same with a separator for each column", "sep=;;\r\nfaculty;program\r\nA;b\r\n", kAB},
    {"the same for commas, in quotes", "\"SEP=,\"\nfaculty,program\nA,b\n", kAB},
    {"a header of any case, quoted, with spaces", " \"Faculty\" , PROGRAM \nA,b\n", kAB},
    {"a Spanish header", "FACULTAD;Programa\nA;b\n", kAB},
    {"other columns and another order", "id,program,seats,faculty\n1,b,30,A\n2,c,,A\n", {{"A", "b"}, {"A", "c"}}},
    {"blank rows anywhere", "\n\nfaculty,program\n\nA,b\n \t\n\r\n", kAB},
    {"the header again, in other words",
     "faculty,program\nA,b\nFacultad,PROGRAMA,seats\nA,c\n",
     {{"A", "b"}, {"A", "c"}}},
    {"rows of separators only", "faculty,program,\n,,\nA,b,\n,\n,,,,\n", kAB},
    {"cells with white space around", "faculty,program\n A\t, \u00A0b \n\"A \",\" c\"\n", {{"A", "b"}, {"A", "c"}}},
    {"white space within", "faculty,program\nA,\"b\n  c\u00A0\u2003d\"\n", {{"A", "b c d"}}},
    {"Excel's way to keep text",
     "faculty,program\n=\"A\",\"=\"\"007\"\"\"\n=\"A\",=\"8 \"\"x\"\"\"\n",
     {{"A", "007"}, {"A", "8 \"x\""}}},
    {"names that only look like faults",
     "faculty,program\nA,2E10\nA,E+1\nA,I&D; x\nA,Nullplan\nS\u00C3O PAULO,C#\nMA\u00C7\u00C3,#1\nFaculty,program x\n",
     {{"A", "2E10"},
      {"A", "E+1"},
      {"A", "I&D; x"},
      {"A", "Nullplan"},
      {"S\u00C3O PAULO", "C#"},
      {"MA\u00C7\u00C3", "#1"},
      {"Faculty", "program x"}}},
    {"a Ctrl-Z at the end", "faculty,program\r\nA,b\r\n\x1A", kAB},
    {"a Ctrl-Z on a line of its own", "faculty,program\r\nA,b\r\n\x1A\r\n", kAB},
    {"an accent as a character of its own", "faculty,program\nA,Disen\u0303o\n", {{"A", "Dise\u00F1o"}}},
    {"codes that differ in their separators", "faculty,program\nM,1-11\nM,11-1\n", {{"M", "1-11"}, {"M", "11-1"}}},
    {"a no-break space in one of two rows", "faculty,program\nA,b c\nA,b\u00A0c\n", {{"A", "b c"}}},
    {"Windows-1252",
     "faculty;program\nIngenier\xED"
     "a;Dise\xF1o 1\xBA\nDI\xD1"
     "O;\xC9tica\n",
     {{"Ingenier\u00EDa", "Dise\u00F1o 1\u00BA"}, {"DI\u00D1O", "\u00C9tica"}}},
    {"Windows-1252 with punctuation",
     "faculty;program\nA;\xBFQu\xE9 es? \xA1Hola!\nA;Norte \x96 Sur\nA;\x93"
     "Arte\x94 y m\xE1s\n",
     {{"A", "\u00BFQu\u00E9 es? \u00A1Hola!"},
      {"A", "Norte \u2013 Sur"},
      {"A",
       "\u201C"
       "Arte\u201D y m\u00E1s"}}},
};

TEST(ParseCatalog, ReadsWhatSpreadsheetsWrite) {
  for (const auto& c : kGood) {
    SCOPED_TRACE(c.name);
    const auto parsed = parse_catalog(c.text);
    if (const auto* faults = std::get_if<CatalogFaults>(&parsed)) {
      ADD_FAILURE() << faults->listed.front().line << ": " << faults->listed.front().reason;
      continue;
    }
    EXPECT_EQ(std::get<CatalogFile>(parsed).rows, c.rows);
    EXPECT_EQ(std::get<CatalogFile>(parsed).is_windows_1252, std::string_view{c.name}.starts_with("Windows-1252"));
  }
}

struct Expected {
  std::size_t line;
  std::size_t column;
  const char* reason;
};
struct Bad {
  const char* name;
  std::string text;
  std::vector<Expected> faults;
};

const Bad kBad[] = {
    {"an empty file", "", {{1, 0, "the file is empty"}}},
    {"blank lines only", "\n,,\n", {{1, 0, "the file is empty"}}},
    {"no header", "A,b\n", {{1, 0, "must name the columns faculty and program"}}},
    {"a header without program", "faculty;name\nA;b\n", {{1, 0, "has no program; it is: faculty;name"}}},
    {"a header with a column twice", "faculty,program,Programa\n", {{1, 0, "two columns Programa"}}},
    {"another separator than sep= says", "sep=;\nfaculty,program\n", {{2, 0, "must name the columns"}}},
    {"a separator that is none", "sep=x\nfaculty,program\n", {{1, 0, "names none of the separators"}}},
    {"one cell", "faculty,program\nA\n", {{2, 2, "the program is missing"}}},
    {"a name with a comma and no quotes", "faculty,program\nA,b,c\n", {{2, 3, "needs quotes"}}},
    {"a name of separators", "faculty,program\n - ,b\n", {{2, 1, "the faculty has no character but"}}},
    {"a control character",
     "faculty,program\nA,b\x01\n",
     {{2, 2, "the program has a control character (U+0001) at its end"}}},
    {"an invisible character", "faculty,program\nA,b\u200Bc\n", {{2, 2, "zero-width space"}}},
    {"a quote that is never closed", "faculty,program\nA,b\nA,\"c\n\n", {{3, 2, "never closed"}}},
    {"a quote inside a plain cell", "faculty,program\nA,b\"c\nA,\n", {{2, 2, "not quoted"}, {3, 2, "is missing"}}},
    {"text after a closing quote", "faculty,program\nA,\"b\nb\"c\n", {{3, 2, "that was opened in line 2"}}},
    {"a program spelled twice", "faculty,program\nA,b c\n\nA,B-C\n", {{4, 2, "the same name as \"b c\" in line 2"}}},
    {"a program with and without a space", "faculty,program\nA,b c\nA,bc\n", {{3, 2, "use one spelling"}}},
    {"a faculty spelled twice", "faculty,program\nA b,c\na-b,d\n", {{3, 1, "the same name as \"A b\" in line 2"}}},
    {"a dash that looks like another",
     "faculty,program\nA,b-c\nA,b\u2013c\n",
     {{3, 2, "\"b\\u2013c\" is the same name"}}},
    {"a letter that looks like another",
     "faculty,program\nA,PACO\nA,\u0420\u0410\u0421\u041E\n",
     {{3, 2, "looks like \"PACO\" in line 2"}}},
    {"one in a name whose other words are Latin", "faculty,program\nA,x \u0410\n", {{2, 2, "among Latin words"}}},
    {"a name that is too long", "faculty,program\nA," + std::string(201, 'x') + "\n", {{2, 2, "has 201 bytes"}}},
    {"several faults",
     "faculty,program\n,b\nA,\nA,b\x02\n",
     {{2, 1, "faculty is missing"}, {3, 2, "program is missing"}, {4, 2, "control"}}},
    {"UTF-16 without a mark", utf16("faculty,program\n", 0, ""), {{1, 0, "UTF-16 without byte order mark"}}},
    {"half a UTF-16 unit",
     "\xFF\xFE"
     "f",
     {{1, 0, "is not valid: save it"}}},
    {"a lone surrogate", "\xFF\xFE\x3C\xD8", {{1, 0, "is not valid: save it"}}},
    {"a workbook", "PK\x03\x04...", {{1, 0, "a workbook, not CSV"}}},
    {"a mark of UTF-8 before other bytes",
     "\xEF\xBB\xBF"
     "faculty,program\nA,b\xF1\n",
     {{1, 0, "begins as UTF-8"}}},
    {"DOS (an o with an accent)", "faculty,program\nA,b\nA,Administraci\xA2n\n", {{3, 0, "byte 0xA2"}}},
    {"DOS (an a with an accent)", "faculty,program\nA,Matem\xA0ticas\n", {{2, 0, "CSV UTF-8"}}},
    {"DOS (capitals)",
     "faculty,program\nA,ADMINISTRACI\xE0"
     "N\n",
     {{2, 0, "CSV UTF-8"}}},
    {"Macintosh",
     "faculty,program\rA,b\rA,Dise\x96"
     "o\r",
     {{3, 0, "CSV UTF-8"}}},
    {"DOS (a capital that is another one)",
     "faculty,program\nINGENIER\xD6"
     "A,b\n",
     {{2, 0, "byte 0xD6"}}},
    {"Macintosh (a capital that begins a word)", "faculty,program\rA,\xEEptica\r", {{2, 0, "byte 0xEE"}}},
    {"errors of a spreadsheet",
     "faculty,program\nA,#N/A\n#\u00A1REF!,b\nA,####\n",
     {{2, 2, "the program is an error of the spreadsheet: #N/A"}, {3, 1, "the faculty is an"}, {4, 2, "####"}}},
    {"missing values of a database",
     "faculty,program\nA,NULL\n\\N,b\nA,n/a\nA,(null)\n",
     {{2, 2, "is not a name but a missing value: NULL"}, {3, 1, "missing"}, {4, 2, "n/a"}, {5, 2, "(null)"}}},
    {"numbers that a spreadsheet has shortened",
     "faculty;program\nA;1,23E+11\nA;2.00E+05\n",
     {{2, 2, "has shortened (1,23E+11): make the column text"}, {3, 2, "2.00E+05"}}},
    {"characters as web pages write them",
     "faculty,program\nA,Dise&ntilde;o\nA,I&amp;D\nA,O&#39;Higgins\n",
     {{2, 2, "has \"&ntilde;\""}, {3, 2, "&amp;"}, {4, 2, "&#39;"}}},
    {"a compressed file", "\x1F\x8B\x08", {{1, 0, "compressed"}}},
    {"two encodings in one file",
     "faculty,program\nA,M\xC3\xBAsica\nA,F\xED"
     "sica\n",
     {{2, 2, "Windows-1252"}}},
    {"letters of DOS and the Macintosh where Windows-1252 has punctuation",
     "faculty,program\nA,Ingenier\xA1"
     "a\n",
     {{2, 0, "(byte 0xA1)"}}},
    {"another of them", "faculty,program\nA,Dise\x96o\n", {{2, 0, "(byte 0x96)"}}},
    {"a file of other columns behind it",
     "faculty,program\nA,b\nprogram,faculty\nc,A\n",
     {{3, 0, "split the file here"}}},
    {"UTF-8 that was read as Windows-1252",
     "faculty,program\nA,Dise\u00C3\u00B1o\n1\u00C2\u00BA,b\nA,DISE\u00C3\u2018O\nA,F\u00C3\u00ADsica\n",
     {{2, 2, "has \"\u00C3\u00B1\", which"}, {3, 1, "\u00C2\u00BA"}, {4, 2, "\u00C3\u2018"}, {5, 2, "Windows-1252"}}},
    {"Cyrillic", "faculty,program\nA,\xCF\xF0\xE0\xE2\xEE\n", {{2, 0, "CSV UTF-8"}}},
};

TEST(ParseCatalog, NamesLineColumnAndReasonOfEveryFault) {
  for (const auto& c : kBad) {
    SCOPED_TRACE(c.name);
    const auto parsed = parse_catalog(c.text);
    const auto* faults = std::get_if<CatalogFaults>(&parsed);
    ASSERT_NE(faults, nullptr);
    ASSERT_EQ(faults->listed.size(), c.faults.size());
    for (std::size_t i = 0; i < c.faults.size(); ++i) {
      EXPECT_EQ(faults->listed[i].line, c.faults[i].line);
      EXPECT_EQ(faults->listed[i].column, c.faults[i].column);
      EXPECT_NE(faults->listed[i].reason.find(c.faults[i].reason), std::string::npos) << faults->listed[i].reason;
    }
  }
}

TEST(ParseCatalog, ListsSomeFaultsAndCountsTheOthers) {
  std::string text = "faculty,program\n";
  for (int i = 0; i < 1'000; ++i) text += "A,\n";
  const auto parsed = parse_catalog(text);
  const auto& faults = std::get<CatalogFaults>(parsed);
  EXPECT_EQ(faults.listed.size(), 50U);
  EXPECT_EQ(faults.more, 950U);
}

}  // namespace
}  // namespace dti

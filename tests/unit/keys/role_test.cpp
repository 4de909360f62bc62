#include "dti/keys/role.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

KeyRole role(const std::string& text) { return std::get<KeyRole>(parse_role(text)); }

TEST(Role, ItsTextReadsBack) {
  for (const auto* text : {"faculty:Derecho", "faculty:office", "program:Derecho Civil", "office", "auditor"}) {
    EXPECT_EQ(role_text(role(text)), text);
  }
}

TEST(Role, AnythingElseIsNone) {
  for (const auto* text : {"", "Office", "office ", "faculty", "faculty:", "faculty: Derecho", "faculty:\xff",
                           "program", "program:", "program:\xff", "gateway:office", "admin", "faculty:---"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_role(text))) << text;
  }
}

TEST(Role, AFacultyMayAskInItsOwnNameOnly) {
  const struct {
    const char* role;
    const char* faculty;
    bool may;
  } cases[] = {
      {"faculty:Derecho Civil", "Derecho Civil", true},
      {"faculty:Derecho Civil", "derecho-civil", true},
      {"faculty:Derecho Civil", "DERECHO_CIVIL", true},
      {"faculty:Derecho Civil", "DerechoCivil", true},
      {"faculty:Derecho Civil", "Derecho Penal", false},
      {"faculty:Derecho Civil", "Derecho", false},
      {"faculty:Derecho Civil", "", false},
      {"faculty:Derecho Civil", "\xff", false},
      {"faculty:diseño", "diseno", false},
      {"faculty:diseño", "disen\u0303o", true},
      {"faculty:MATH 1-11", "MATH 11-1", false},
      {"faculty:MATH 1-11", "math 1 11", true},
      {"faculty:1-11", "111", false},
      {"office", "Derecho", true},
      {"office", "", true},
      {"auditor", "Derecho", false},
      {"program:Derecho", "Derecho", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(!why_not_ask(role(c.role), c.faculty), c.may) << c.role << ", " << c.faculty;
  }
}

TEST(Role, AReasonNamesNoOtherFaculty) {
  EXPECT_EQ(why_not_ask(role("faculty:Derecho"), "Medicina"),
            "the key of this connection may request rooms for another faculty only");
}

TEST(Role, AKeyChangesAtAServerTheGrantsOfItsFacultyAndAtAFacultyOnlyThatOfItsProgram) {
  const struct {
    const char* role;
    const char* faculty;
    const char* program;
    bool may_at_server;
    bool may_at_faculty;
    bool may_ask_faculty;  // of Derecho
  } cases[] = {
      {"faculty:Derecho", "derecho", "Civil", true, false, true},
      {"faculty:Derecho", "Medicina", "Civil", false, false, true},
      {"faculty:Derecho", "", "", false, false, true},
      {"faculty:Medicina", "Derecho", "Civil", false, false, false},
      {"program:Civil", "Derecho", "CIVIL", false, true, true},
      {"program:Civil", "Derecho", "Penal", false, false, false},
      {"program:Civil", "Derecho", "", false, false, false},
      {"program:MATH 1-11", "Derecho", "MATH 11-1", false, false, false},
      {"office", "Derecho", "Civil", true, false, true},
      {"auditor", "Derecho", "Civil", false, false, false},
  };
  for (const auto& c : cases) {
    const auto shown = std::string{c.role} + ", " + c.faculty + ", " + c.program;
    EXPECT_EQ(!why_not_change(role(c.role), c.faculty), c.may_at_server) << shown;
    EXPECT_EQ(!why_not_change_at_faculty(role(c.role), c.program), c.may_at_faculty) << shown;
    EXPECT_EQ(!why_not_ask_faculty(role(c.role), "Derecho", c.program), c.may_ask_faculty) << shown;
  }
}

TEST(KeyName, HasNoSlashAndIsOneThatPeopleCanRead) {
  for (const auto* name : {"derecho", "Derecho Civil", "dti-1.example.org", "ñ"}) EXPECT_FALSE(key_name_fault(name));
  for (const auto& name : {std::string{}, std::string{"a/b"}, std::string{"/"}, std::string{" a"}, std::string{"a\n"},
                           std::string{"\xff"}, std::string(65, 'a'), std::string{"--"}}) {
    EXPECT_TRUE(key_name_fault(name)) << name;
  }
}

}  // namespace
}  // namespace dti

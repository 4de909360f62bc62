#include "transport/server/office_sender.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace dti {
namespace {

using Kind = KeyRole::Kind;

ListedKey key(Kind kind) {
  ListedKey listed;
  listed.name = "ana";
  listed.role = {kind, kind == Kind::kFaculty ? "Derecho" : "", kind == Kind::kProgram ? "Derecho Civil" : ""};
  return listed;
}

OfficeMessage release_of(const std::string& faculty, const std::string& claimed) {
  OfficeMessage message;
  message.command.actor = claimed;
  message.command.change = ReleaseGrant{{faculty, "Derecho Civil"}};
  return message;
}

TEST(OfficeSender, TheKeyOfAFacultyMayChangeTheGrantsOfItsOwnProgramsAndNothingElse) {
  const auto faculty = key(Kind::kFaculty);
  const ProgramName own{"derecho", "Derecho Civil"};
  const ProgramName other{"Medicina", "Derecho Civil"};
  using Change = OfficeCommand::Change;
  const std::pair<Change, bool> kChanges[] = {
      {ReleaseGrant{own}, true},
      {AmendGrant{own, {1, 1}, false}, true},
      {ConfirmHold{own}, true},
      {CancelHold{own}, true},
      {ReleaseGrant{other}, false},
      {AmendGrant{other, {1, 1}, true}, false},
      {ConfirmHold{other}, false},
      {CancelHold{other}, false},
      {ExtendHold{own, 60}, false},
      {LeaveWaitList{own}, false},
      {SetQuota{"Derecho", {}}, false},
      {ResizeSemester{{9, 9, 9}}, false},
      {CloseSemester{}, false},
      {ReopenSemester{}, false},
      {SetWaitList{true}, false},
      {OpenRound{}, false},
      {RunRound{}, false},
  };
  for (const auto& [change, may] : kChanges) {
    OfficeMessage message;
    message.command.change = change;
    for (const bool is_dry_run : {true, false}) {
      message.command.is_dry_run = is_dry_run;
      const auto actor = actor_of(OfficeDoor::kSecured, &faculty, message);
      const auto* const error = std::get_if<RequestError>(&actor);
      EXPECT_EQ(error == nullptr, may) << wire_text(verb_of(message));
      EXPECT_EQ(error == nullptr ? Status::kUnauthorized : error->status, Status::kUnauthorized);
    }
    message.command.is_dry_run = false;
    EXPECT_TRUE(std::holds_alternative<RequestError>(actor_of(OfficeDoor::kPlain, nullptr, message)));
    message.opens = Capacity{9, 9, 9};
    EXPECT_TRUE(std::holds_alternative<RequestError>(actor_of(OfficeDoor::kSecured, &faculty, message)));
    message.opens.reset();
    message.command.catalog = ChangeCatalog{"store", {{"Derecho", "Derecho Civil"}}};
    EXPECT_TRUE(std::holds_alternative<RequestError>(actor_of(OfficeDoor::kSecured, &faculty, message)));
  }
}

TEST(OfficeSender, TheDoorAndTheKeyDecideWhoMaySendAndInWhoseName) {
  const auto office = key(Kind::kOffice);
  const auto faculty = key(Kind::kFaculty);
  const auto auditor = key(Kind::kAuditor);
  const auto program = key(Kind::kProgram);
  const struct {
    OfficeDoor door;
    const ListedKey* key;
    std::string claimed;
    std::string actor;  // empty: the peer may not send it
  } kCases[] = {
      {OfficeDoor::kSocketFile, nullptr, "local/1000", "local/1000"},
      {OfficeDoor::kSocketFile, nullptr, "local/0", "local/0"},
      {OfficeDoor::kSocketFile, nullptr, "local/4294967295", "local/4294967295"},
      {OfficeDoor::kSocketFile, nullptr, "", ""},
      {OfficeDoor::kSocketFile, nullptr, "local/", ""},
      {OfficeDoor::kSocketFile, nullptr, "local/1a", ""},
      {OfficeDoor::kSocketFile, nullptr, "local/10000000000", ""},
      {OfficeDoor::kSocketFile, nullptr, "key/ana", ""},
      {OfficeDoor::kPlain, nullptr, "", ""},
      {OfficeDoor::kPlain, nullptr, "local/1000", ""},
      {OfficeDoor::kSecured, nullptr, "", ""},
      {OfficeDoor::kSecured, &office, "", "key/ana"},
      {OfficeDoor::kSecured, &office, "local/1000", ""},
      {OfficeDoor::kSecured, &office, "key/ana", ""},
      {OfficeDoor::kSecured, &faculty, "", "key/ana"},
      {OfficeDoor::kSecured, &faculty, "program/civil", "key/ana/civil"},
      {OfficeDoor::kSecured, &faculty, "program/", ""},
      {OfficeDoor::kSecured, &faculty, "program/a/b", ""},
      {OfficeDoor::kSecured, &faculty, "key/ana", ""},
      {OfficeDoor::kSecured, &faculty, "local/1000", ""},
      {OfficeDoor::kSecured, &office, "program/civil", ""},
      {OfficeDoor::kSecured, &program, "", ""},
      {OfficeDoor::kSecured, &program, "program/civil", ""},
      {OfficeDoor::kSecured, &auditor, "", ""},
  };
  for (const auto& c : kCases) {
    const auto actor = actor_of(c.door, c.key, release_of("Derecho", c.claimed));
    const auto* const error = std::get_if<RequestError>(&actor);
    const auto shown = c.claimed + (c.key == nullptr ? "" : " " + role_text(c.key->role));
    ASSERT_EQ(error == nullptr, !c.actor.empty()) << shown;
    if (error == nullptr) {
      EXPECT_EQ(std::get<std::string>(actor), c.actor) << shown;
    } else {
      EXPECT_EQ(error->status, Status::kUnauthorized) << shown;
      EXPECT_FALSE(error->detail.empty()) << shown;
    }
  }
}

}  // namespace
}  // namespace dti

#include "transport/server/office_sender.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

using Kind = KeyRole::Kind;

ListedKey key(Kind kind) {
  ListedKey listed;
  listed.name = "ana";
  listed.role = {kind, kind == Kind::kFaculty ? "Derecho" : ""};
  return listed;
}

TEST(OfficeSender, TheDoorAndTheKeyDecideWhoMaySendAndInWhoseName) {
  const auto office = key(Kind::kOffice);
  const auto faculty = key(Kind::kFaculty);
  const auto auditor = key(Kind::kAuditor);
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
      {OfficeDoor::kSecured, &faculty, "", ""},
      {OfficeDoor::kSecured, &auditor, "", ""},
  };
  for (const auto& c : kCases) {
    const auto actor = actor_of(c.door, c.key, c.claimed);
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

#include "dti/keys/key_list.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

const std::string kPublic = key_text(make_key_pair().public_key);

std::string table(const std::string& name, const std::string& role, const std::string& key) {
  return "[[key]]\nname = \"" + name + "\"\nrole = \"" + role + "\"\npublic = \"" + key + "\"\n";
}

std::string new_key() { return key_text(make_key_pair().public_key); }

std::string fault_of(const std::string& text) {
  const auto list = parse_key_list(text);
  const auto* fault = std::get_if<KeyFault>(&list);
  return fault == nullptr ? "" : std::to_string(fault->line) + ": " + fault->reason;
}

KeyList list_of(const std::string& text) {
  EXPECT_EQ(fault_of(text), "");
  return std::get<KeyList>(parse_key_list(text));
}

TEST(KeyList, HasAKeyForEachTableInItsOrder) {
  const auto other = new_key();
  const auto list = list_of("# keys\n\n  [[ key ]]  # first\r\nrole='faculty:Derecho \"x\"' # its role\n public = \"" +
                            kPublic + "\"\nname = \"der\\\"echo\"\n" + table("office", "office", other));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].name, "der\"echo");
  EXPECT_EQ(list[0].role, (KeyRole{KeyRole::Kind::kFaculty, "Derecho \"x\""}));
  EXPECT_EQ(key_text(list[0].key), kPublic);
  EXPECT_EQ(key_text(list[1].key), other);
}

TEST(KeyList, AnEmptyListLetsNobodyIn) {
  EXPECT_TRUE(list_of("").empty());
  EXPECT_TRUE(list_of("# none yet").empty());
}

TEST(KeyList, TheFirstFaultIsReportedWithItsLine) {
  const auto good = table("derecho", "faculty:Derecho", kPublic);
  const struct {
    std::string text, fault;
  } cases[] = {
      {good + good, "5: the key is in the list already, with the name \"derecho\""},
      {good + table("other", "office", kPublic), "5: the key is in the list already, with the name \"derecho\""},
      {good + table("derecho", "office", new_key()) + table("derecho", "office", new_key()),
       "9: the name \"derecho\" has two keys already: remove the one that is no longer used"},
      {table("derecho", "admin", kPublic), "3: the role is not a role (faculty:NAME, program:NAME, office, auditor)"},
      {table("derecho", "faculty:", kPublic), "3: the role needs the name of the faculty: faculty:NAME"},
      {table("a/b", "office", kPublic), "2: the name contains \"/\""},
      {table("derecho", "office", kPublic.substr(1)), "4: public is not 64 hexadecimal digits"},
      {table("derecho", "office", std::string(64, '0')), "4: public belongs to no secret key"},
      {good + "comment = \"x\"\n", "5: a [[key]] has only name, role and public"},
      {good + "secret = \"x\"\n", "5: a [[key]] has only name, role and public"},
      {good + "name = \"x\"\n", "5: name is there twice"},
      {good + "[[keys]]\n", "5: the tables of a key list are [[key]]"},
      {good + "[key]\n", "5: the line is neither [[key]] nor name = \"text\""},
      {"name = \"x\"\n", "1: a value needs a [[key]] before it"},
      {"[[key]]\nname = \"x\"\n\n[[key]]\n", "1: the [[key]] has no role"},
      {"[[key]]", "1: the [[key]] has no name"},
      {good + "[[key]] name = \"x\"\n", "5: the line is neither [[key]] nor name = \"text\""},
      {"[[key]]\nname = derecho\n", "2: the line needs a text in quotes after the ="},
      {"[[key]]\nname = \"\"\"derecho\"\"\"\n", "2: the line has something else than a comment after its text"},
      {"[[key]]\nname = \"a\\u0041\"\n",
       "2: the line has a text that does not end, or a \\ before another character than \" and \\"},
      {std::string{"[[key]]\nname = \"a\0b\"\n", 20}, "2: the line has a control character"},
      {"\x1b[2J\n", "1: the line has a control character"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.text), c.fault) << c.text;
}

TEST(KeyList, AddingAndRemovingKeysKeepsTheComments) {
  const ListedKey first{"derecho", {KeyRole::Kind::kFaculty, "Derecho \"x\" \\"}, make_key_pair().public_key};
  const ListedKey second{"office", {KeyRole::Kind::kOffice, {}}, make_key_pair().public_key};
  const auto add = [](const std::string& text, const ListedKey& key) {
    return std::get<KeyListText>(with_key(text, key)).text;
  };
  const auto one = add("# The keys of 2026. No line feed", first);
  EXPECT_EQ(list_of(one), (KeyList{first}));
  const auto both = add(one + "# before the second", second);
  EXPECT_EQ(list_of(both), (KeyList{first, second}));
  const auto without_first = without_key(both, 0).text;
  EXPECT_EQ(list_of(without_first), (KeyList{second}));
  EXPECT_NE(without_first.find("# The keys of 2026"), std::string::npos);
  EXPECT_NE(without_first.find("# before the second"), std::string::npos);
  EXPECT_EQ(list_of(without_key(both, 1).text), (KeyList{first}));
  EXPECT_TRUE(list_of(without_key(without_first, 0).text).empty());
}

TEST(KeyList, AKeyThatDoesNotFitIsNotAdded) {
  const auto text = table("derecho", "office", kPublic);
  const ListedKey again{"other", {KeyRole::Kind::kOffice, {}}, *parse_public_key(kPublic)};
  EXPECT_TRUE(std::holds_alternative<std::string>(with_key(text, again)));
  EXPECT_TRUE(std::holds_alternative<std::string>(with_key("nonsense", again)));
}

TEST(KeyList, HasALimit) {
  std::string text;
  for (std::size_t i = 0; i <= kKeysMax; ++i) text += table("name " + std::to_string(i), "office", new_key());
  EXPECT_EQ(fault_of(text), std::to_string(4 * kKeysMax + 1) + ": a key list has at most 1000 keys");
}

}  // namespace
}  // namespace dti

#include "dti/keys/key_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

// The fault as `LINE: REASON`.
std::string fault_of(const std::string& text) {
  const auto file = parse_key_file(text);
  const auto* fault = std::get_if<KeyFault>(&file);
  return fault == nullptr ? "" : std::to_string(fault->line) + ": " + fault->reason;
}

TEST(KeyFile, ItsTextReadsBack) {
  const KeyFile file{"Derecho \"Civil\" \\ ñ", make_key_pair()};
  const auto read = parse_key_file(key_file_text(file));
  ASSERT_TRUE(std::holds_alternative<KeyFile>(read)) << fault_of(key_file_text(file));
  EXPECT_EQ(std::get<KeyFile>(read).name, file.name);
  EXPECT_EQ(std::get<KeyFile>(read).key.public_key, file.key.public_key);
}

TEST(KeyFile, AFileThatIsNotOneIsRefusedWithItsLine) {
  const auto key = make_key_pair();
  const auto name = std::string{"name = \"derecho\"\n"};
  const auto pub = "public = \"" + key_text(key.public_key) + "\"\n";
  const auto secret = "secret = \"" + key_text(key.secret_key) + "\"\n";
  EXPECT_EQ(fault_of(name + pub + secret), "");
  EXPECT_EQ(fault_of("\xef\xbb\xbf# made by hand\r\n\r\n" + secret + name + pub), "");
  const struct {
    std::string text, fault;
  } cases[] = {
      {"", "0: is empty"},
      {"\n \r\n", "0: is empty"},
      {"# only a comment\n", "0: is incomplete: it has no name"},
      {name, "0: is incomplete: it has no public"},
      {name + pub, "0: is incomplete: it has no secret"},
      {name + pub + secret.substr(0, 30),
       "3: the line has a text that does not end, or a \\ before another character "
       "than \" and \\"},
      {name + pub + "secret = \"" + key_text(key.secret_key).substr(2) + "\"\n",
       "3: secret is not 64 hexadecimal digits"},
      {name + "public = \"" + key_text(make_key_pair().public_key) + "\"\n" + secret,
       "2: public does not belong to secret: make a new key with dtictl key new"},
      {name + name + pub + secret, "2: name is there twice"},
      {name + pub + secret + "role = \"office\"\n", "4: a key file has only name, public and secret"},
      {"[[key]]\n" + name + pub + secret, "1: a key file has only name, public and secret"},
      {"name = \"a/b\"\n" + pub + secret, "1: the name contains \"/\""},
      {"name = \"\"\n" + pub + secret, "1: the name is empty"},
      {name + pub + secret + "\xff\n", "4: the line is not UTF-8"},
      {std::string(20'000, '#'), "0: is too large for a key file"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.text), c.fault);
}

TEST(KeyFile, NoFaultContainsTheSecret) {
  const auto key = make_key_pair();
  const auto secret = key_text(key.secret_key);
  const std::string cases[] = {"secret = " + secret,
                               "secret = \"" + secret,
                               secret,
                               "secret = \"" + secret + "0\"",
                               "secret = \"" + secret + "\" " + secret,
                               secret + " = \"x\""};
  for (const auto& text : cases) {
    EXPECT_NE(fault_of(text), "");
    EXPECT_EQ(fault_of(text).find(secret.substr(0, 8)), std::string::npos) << text;
  }
}

TEST(PublicLine, ReadsBackAndAnythingElseIsRefused) {
  const auto key = make_key_pair();
  const auto line = public_line(key.public_key, "derecho civil");
  const auto named = parse_public_line(line);
  ASSERT_TRUE(std::holds_alternative<NamedKey>(named));
  EXPECT_EQ(std::get<NamedKey>(named).name, "derecho civil");
  EXPECT_EQ(std::get<NamedKey>(named).key, key.public_key);
  for (const auto& other : {std::string{}, key_text(key.public_key), key_text(key.public_key) + ' ', line.substr(1),
                            line + '/', std::string(64, '0') + " zero", line + "\n"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_public_line(other))) << other;
  }
}

}  // namespace
}  // namespace dti

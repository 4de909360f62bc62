#include "dti/keys/signing_key_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

std::string reason_of(const std::string& text) {
  const auto read = parse_signing_key_file(text);
  const auto* fault = std::get_if<KeyFault>(&read);
  return fault == nullptr ? "(it was accepted)" : std::to_string(fault->line) + ": " + fault->reason;
}

TEST(SigningKeyFile, IsReadAsItWasWritten) {
  const SigningKeyFile file{"registrar", make_signing_key()};
  const auto read = parse_signing_key_file(signing_key_file_text(file));
  ASSERT_TRUE(std::holds_alternative<SigningKeyFile>(read));
  EXPECT_EQ(std::get<SigningKeyFile>(read).name, "registrar");
  EXPECT_EQ(hex_text(std::get<SigningKeyFile>(read).key), hex_text(file.key));
}

TEST(SigningKeyFile, SaysWhatIsWrongAndShowsNoSecret) {
  const SigningKeyFile file{"registrar", make_signing_key()};
  const auto text = signing_key_file_text(file);
  EXPECT_EQ(reason_of(""), "0: is no signing key file: it has no signer");
  EXPECT_EQ(reason_of(text + "more = \"x\"\n"), "5: a signing key file has only signer, verify and sign");
  EXPECT_EQ(reason_of(text + "signer = \"x\"\n"), "5: signer is there twice");
  auto other = text;
  other.replace(other.find("verify = \"") + 10, 64, hex_text(public_half(make_signing_key())));
  EXPECT_EQ(reason_of(other), "3: verify does not belong to sign: make a new key with dtictl key new --signing");
}

TEST(SigningKeyFile, PublicLinesAreReadWithCommentsAndEmptyLines) {
  const auto first = public_half(make_signing_key());
  const auto second = public_half(make_signing_key());
  const auto read = parse_signing_public_lines("# keys\n" + signing_public_line(first, "old") + "\r\n\n" +
                                               signing_public_line(second, "new"));
  EXPECT_EQ(std::get<std::vector<SigningPublicKey>>(read), (std::vector<SigningPublicKey>{first, second}));
  EXPECT_EQ(std::get<KeyFault>(parse_signing_public_lines("\n5fa2 x\n")).line, 2U);
  EXPECT_EQ(std::get<KeyFault>(parse_signing_public_lines("# none\n")).reason, "has no key");
}

}  // namespace
}  // namespace dti

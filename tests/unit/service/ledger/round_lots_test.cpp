#include "dti/service/ledger/round_lots.hpp"

#include <gtest/gtest.h>

#include <set>

namespace dti {
namespace {

TEST(RoundLots, AreThoseOfAnyImplementationOfBlake2b) {
  RoundSecret secret;
  Seal seal;
  for (std::uint8_t i = 0; i < 32; ++i) {
    secret.bytes[i] = i;
    seal.bytes[i] = static_cast<std::uint8_t>(32 + i);
  }
  // From Python's hashlib: blake2b(b"dti-lot-1" + secret + seal + id.to_bytes(8, "big"), digest_size=32).
  EXPECT_EQ(RoundLots({}, {}).of(1), 0xA98761FF06C9F8B5);
  EXPECT_EQ(RoundLots(secret, seal).of(258), 0x83DFE5A451D33EE8);
  EXPECT_EQ(RoundLots(secret, seal).of(0xFFFFFFFE), 0xD24DF87F37617147);
}

TEST(RoundLots, DifferForEachSecretSealAndProgram) {
  RoundSecret secret;
  secret.bytes[31] = 1;
  Seal seal;
  seal.bytes[0] = 1;
  std::set<std::uint64_t> lots;
  for (const auto& drawn : {RoundLots({}, {}), RoundLots(secret, {}), RoundLots({}, seal)}) {
    for (ProgramId program = 1; program <= 1'000; ++program) lots.insert(drawn.of(program));
  }
  EXPECT_EQ(lots.size(), 3'000U);
}

}  // namespace
}  // namespace dti

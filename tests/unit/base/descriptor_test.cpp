#include "dti/base/descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "dti/base/flag.hpp"

namespace dti {
namespace {

int open_one() { return ::open("/", O_PATH | O_CLOEXEC); }
bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }

TEST(Descriptor, IsClosedWithItsOwnerAndMinusOneIsNone) {
  const int number = open_one();
  {
    const Descriptor owner{number};
    EXPECT_EQ(owner.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  EXPECT_EQ(Descriptor{}.get(), -1);
}

TEST(Descriptor, HasOneOwnerAfterAMove) {
  const int number = open_one();
  std::optional<Descriptor> first{std::in_place, number};
  std::optional<Descriptor> second{std::move(*first)};
  EXPECT_EQ(first->get(), -1);
  first.reset();
  EXPECT_TRUE(is_open(number));
  second.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, ItsAssignmentClosesThePreviousOne) {
  const int number = open_one();
  const int next = open_one();
  Descriptor owner{number};
  owner = Descriptor{next};
  EXPECT_EQ(owner.get(), next);
  EXPECT_FALSE(is_open(number));
  EXPECT_TRUE(is_open(next));
}

TEST(Flag, StaysRaised) {
  const Flag flag;
  pollfd item{flag.descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&item, 1, 0), 0);
  flag.raise();
  flag.raise();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(poll(&item, 1, 0), 1) << i;
}

}  // namespace
}  // namespace dti

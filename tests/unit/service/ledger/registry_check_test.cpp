#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/ledger/chain_check.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

/// A registry without seals of f1/p1, f1/p2, f2/p1, f2/p2 (entries 1 to 6), and then these changes.
std::string fault_of(const std::vector<ProgramChange>& changes) {
  const auto catalog = fixtures::catalog(2, 2);
  auto entries = additions_to_registry(catalog, 0);
  for (const auto& change : changes) entries.push_back(program_changed(change));
  Seq seq = 0;
  for (auto& entry : entries) entry.seq = ++seq;
  RegistryCheck check{StoreId{}, SealedHead{}};
  check.add(entries);
  std::string text;
  for (const auto& difference : check.finish(catalog, {})) text += to_string(difference);
  return text;
}

TEST(RegistryCheck, AcceptsTheChangesThatAServerWrites) {
  EXPECT_EQ(fault_of({}), "");
  EXPECT_EQ(fault_of({{0, 1, 1, "New Name", "newname"}, {0, 1, 1, "p1", "p1"}, {0, 1, 1, "P-1", "p1"}}), "");
  EXPECT_EQ(fault_of({{0, 1, 1, "New Name", "newname"}, {0, 3, 2, "New Name", "newname"}, {0, 1, 1, "New Name", ""}}),
            "")
      << "another faculty may have the name";
}

TEST(RegistryCheck, NamesTheFirstChangeThatNoServerWrites) {
  const struct {
    std::vector<ProgramChange> changes;
    std::string fault;
  } kCases[] = {
      {{{0, 5, 1, "x", "x"}}, "registry: entry 7 changes program 5, which was not added"},
      {{{0, 1, 2, "x", "x"}}, "registry: entry 7 gives program 1 another faculty"},
      {{{0, 1, 1, "p1", ""}, {0, 1, 1, "x", "x"}}, "registry: entry 8 changes program 1, which is retired"},
      {{{0, 1, 1, "p1", ""}, {0, 1, 1, "p1", ""}}, "registry: entry 8 changes program 1, which is retired"},
      {{{0, 1, 1, "x", "y"}}, "registry: entry 7 has a key that is not that of the name \"x\""},
      {{{0, 1, 1, "p2", "p2"}}, "registry: entry 7 gives program 1 the name \"p2\", which is or was that of program 2"},
      {{{0, 2, 1, "x", "x"}, {0, 1, 1, "p2", "p2"}},
       "registry: entry 8 gives program 1 the name \"p2\", which is or was that of program 2"},
  };
  for (const auto& c : kCases) EXPECT_EQ(fault_of(c.changes), c.fault);
}

TEST(ProgramChange, IsReadFromItsEntryAndFromNoOther) {
  for (const auto& change : {ProgramChange{0, 2, 1, "x", "x"}, ProgramChange{0, 2, 1, "x", ""}}) {
    EXPECT_EQ(program_change_of(program_changed(change)), change);
  }
  EXPECT_FALSE(program_change_of(semester_opened(1, "2025-10")));
  auto damaged = program_changed({0, 2, 1, "x", "x"});
  damaged.key.reset();
  EXPECT_THROW(static_cast<void>(program_change_of(damaged)), StorageError);
  damaged = program_changed({0, 2, 1, "x", ""});
  damaged.program_id = -1;
  EXPECT_THROW(static_cast<void>(program_change_of(damaged)), StorageError);
}

}  // namespace
}  // namespace dti

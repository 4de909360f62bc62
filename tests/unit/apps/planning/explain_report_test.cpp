#include "dtictl/explain/explain_report.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dtictl/explain/explain_options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;

ExplainReport partial() {
  ExplainReport report;
  report.grant = {.seq = 4,
                  .request_id = {},
                  .want = {2, 4},
                  .grant = {0, 0, 2},
                  .status = Status::kNotEnoughResources,
                  .amendment = {},
                  .capacity = {20, 6, 20},
                  .admitted = {2, 4},
                  .before = {2, 0, 18},
                  .after = {0, 0, 16},
                  .asked = {2, 4},
                  .given = {0, 0, 2},
                  .by_rule = {0, 0, 2},
                  .holders = {{RoomKind::kLabs, 1, 6, {{7, 2, 6}}, {{7, 2, 6}}}},
                  .come_back = {{0, 1, 0}, {4, 0, 2}},
                  .released_at = {}};
  report.names = {"F", "a\nb"};
  report.grant.at = 1'000'000;
  report.semester = "s";
  report.head = 4;
  report.left_now = {0, 0, 16};
  report.names_of = [](ProgramId program) { return ProgramName{"G", "p" + std::to_string(program)}; };
  return report;
}

TEST(ExplanationText, HasEachStepOfTheRuleWithItsNumbers) {
  EXPECT_EQ(explanation_text(partial()),
            "\"a\\nb\" of \"F\" in semester \"s\": entry 4, 1970-01-01T00:00:01.000000Z\n"
            "It asked for 2 classrooms and 4 labs, and got 0 classrooms, 0 labs and 2 mobile labs: "
            "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT\n"
            "\n"
            "left before: 2 classrooms, 0 labs and 18 conversions\n"
            "1. Labs: it asked for 4, and 0 were left: it gets 0.\n"
            "2. Mobile labs: 4 labs are missing, and 18 conversions and 2 classrooms were left: it gets the least of "
            "the three, 2.\n"
            "3. Classrooms: it asked for 2, and 0 were left after the mobile labs: it gets 0.\n"
            "left after: 0 classrooms, 0 labs and 16 conversions\n"
            "\n"
            "of 6 labs, 6 were granted before, to 1 program\n"
            "  the grants: \"p7\" of \"G\" 6 (entry 2)\n"
            "for a whole grant, these would have to come back: 1 lab; or 4 classrooms and 2 conversions\n"
            "\n"
            "now, at entry 4, left: 0 classrooms, 0 labs and 16 conversions\n");
}

TEST(ExplanationText, TellsWhatTheLedgerHasBesideTheRule) {
  auto report = partial();
  report.grant.by_rule.mobile_labs = 1;
  report.earlier_grants = 2;
  report.grant.request_id = "r";
  report.capacity_changes = {5};
  report.grant.released_at = 6;
  report.closed_at = 7;
  const auto text = explanation_text(report);
  for (const auto* part :
       {", request \"r\", after 2 released\n", "\nDIFFERS: the ledger has 0 classrooms, 0 labs and 2 mobile labs, ",
        "\nentry 5 changed the capacity of the semester; the grant stayed as it was\nentry 6 released the grant\nentry "
        "7 "
        "closed the semester\nnow, "}) {
    EXPECT_NE(text.find(part), text.npos) << part << " is not in:\n" << text;
  }
}

TEST(ExplanationJson, IsOneObjectWithNullForWhatIsNotThere) {
  const auto json = explanation_json(partial());
  EXPECT_TRUE(json.starts_with(R"({"semester":"s","faculty":"F","program":"a\u000ab","seq":4,"generation":1,)"))
      << json;
  EXPECT_NE(json.find(R"("request-id":null,"wanted":{"classrooms":2,"labs":4},)"), json.npos) << json;
  EXPECT_TRUE(json.ends_with(
      R"("capacity-changed-at":[],"released-at":null,"closed-at":null,"head":4,"left-now":{"classrooms":0,"labs":0,"conversions":16}})"
      "\n"))
      << json;
}

TEST(ExplainOptions, TakeTheWordsOfAProgramWithoutQuotes) {
  const auto parse = [](Args args) {
    args.insert(args.begin(), "--store=sqlite:dti.db");
    return parse_explain_options(args, fake_surroundings());
  };
  const auto options = std::get<OfficeOptions>(parse({"--faculty=Derecho", "Derecho", "Penal"}));
  EXPECT_EQ(options.settings.operand(), "Derecho Penal");
  EXPECT_EQ(options.text("faculty"), "Derecho");
  EXPECT_EQ(options.settings.text("format"), "text");
  EXPECT_EQ(std::get<UsageExit>(parse({})).code, 2);
  EXPECT_EQ(std::get<UsageExit>(parse({"--format=csv", "x"})).code, 2);
}

}  // namespace
}  // namespace dti

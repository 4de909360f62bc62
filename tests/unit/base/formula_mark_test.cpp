#include "dti/base/formula_mark.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

TEST(FormulaMark, ATextThatASpreadsheetCouldRunGetsOne) {
  for (const std::string text : {"=1+1", "+b", "-b", "@b", "\uff1d1", "\tb", "'=1", "''@b"}) {
    EXPECT_EQ(with_formula_mark(text), "'" + text);
  }
  for (const std::string text : {"", "'", "b", "'b", "''", "1-1", "L'=x", " =x"}) {
    EXPECT_EQ(with_formula_mark(text), text);
  }
}

TEST(FormulaMark, EachTextIsReadAsItWasWritten) {
  const std::string parts[] = {"", "'", "''", "=", "@", "\uff0b", "a", "\n"};
  for (const auto& first : parts) {
    for (const auto& second : parts) {
      for (const auto& third : parts) {
        const auto text = first + second + third;
        EXPECT_EQ(without_formula_mark(with_formula_mark(text)), text);
      }
    }
  }
}

TEST(FormulaMark, ACellWithoutAFormulaIsReadAsItIs) {
  for (const std::string cell : {"", "'", "'Ndrangheta", "=1", "a'=b"}) EXPECT_EQ(without_formula_mark(cell), cell);
}

}  // namespace
}  // namespace dti

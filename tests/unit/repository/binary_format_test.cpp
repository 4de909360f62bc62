#include "dti/repository/binary/binary_format.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace dti {
namespace {

using namespace std::string_view_literals;

// The bytes that PostgreSQL's array_send() gives for the same arrays: SELECT encode(array_send(…), 'hex').
TEST(BinaryArray, HoldsIntegersAsPostgresqlSendsThem) {
  BinaryArray array{BinaryArray::Element::kInteger, 2};
  array.add_integer(1);
  array.add_integer(-2);
  EXPECT_EQ(array.bytes(),
            "\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\2\0\0\0\1"
            "\0\0\0\4\0\0\0\1\0\0\0\4\xff\xff\xff\xfe"sv);
}

TEST(BinaryArray, HoldsSmallIntegersInTwoBytes) {
  BinaryArray array{BinaryArray::Element::kSmallint, 1};
  array.add_smallint(258);
  EXPECT_EQ(array.bytes(), "\0\0\0\1\0\0\0\0\0\0\0\x15\0\0\0\1\0\0\0\1\0\0\0\2\1\2"sv);
}

TEST(BinaryArray, HoldsTextsWithTheirLengthsAndSaysThatItHoldsANull) {
  BinaryArray array{BinaryArray::Element::kText, 3};
  array.add_text("a,\"}");
  array.add_text(std::nullopt);
  array.add_text("");
  EXPECT_EQ(array.bytes(),
            "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\3\0\0\0\1"
            "\0\0\0\4"
            "a,\"}"
            "\xff\xff\xff\xff\0\0\0\0"sv);
}

}  // namespace
}  // namespace dti

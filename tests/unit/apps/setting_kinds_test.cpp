#include "dti/cli/setting_kinds.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

struct Good {
  ValueKind kind;
  std::string text;
  Value value;
};

const std::string kKey(64, 'a');
const ChoiceKind kSeveral{.choices = {"name", "role"}, .several = true};

const Good kGood[] = {
    {TextKind{4}, "", std::string{}},
    {TextKind{4}, "añb", std::string{"añb"}},
    {PathKind{}, "/tmp/\xff", std::string{"/tmp/\xff"}},
    {PathKind{}, "/\u0645\u06CC\u200C\u0645", std::string{"/\u0645\u06CC\u200C\u0645"}},
    {BindKind{}, "*", std::string{"*"}},
    {BindKind{}, "0.0.0.0", std::string{"0.0.0.0"}},
    {BindKind{}, "[::1]", std::string{"[::1]"}},
    {BindKind{}, "::1", std::string{"::1"}},
    {BindKind{}, "fe80::1%eth0", std::string{"fe80::1%eth0"}},
    {BindKind{}, "eth0", std::string{"eth0"}},
    {IntegerKind{0, 65'535}, "0", std::int64_t{0}},
    {IntegerKind{0, 65'535}, "65535", std::int64_t{65'535}},
    {IntegerKind{0, 1'000'000'000}, "1000000000", std::int64_t{1'000'000'000}},
    {SecondsKind{}, "2", 2000ms},
    {SecondsKind{}, "0.5", 500ms},
    {SecondsKind{}, "0.001", 1ms},
    {SecondsKind{}, "10.25", 10'250ms},
    {SecondsKind{}, "1000000", 1'000'000'000ms},
    {SecondsKind{.zero_allowed = true}, "0", 0ms},
    {SecondsKind{.zero_allowed = true}, "0.000", 0ms},
    {HostPortKind{}, "127.0.0.1:5000", std::vector<HostPort>{{"127.0.0.1", 5000}}},
    {HostPortKind{}, "[fe80::1%eth0]:1", std::vector<HostPort>{{"[fe80::1%eth0]", 1}}},
    {HostPortKind{.several = true}, "a:1,b-2.example.org:65535",
     std::vector<HostPort>{{"a", 1}, {"b-2.example.org", 65'535}}},
    {ListenKind{}, "127.0.0.1:6080", std::vector<HostPort>{{"127.0.0.1", 6080}}},
    {ListenKind{}, "[::1]:0", std::vector<HostPort>{{"[::1]", 0}}},
    {EndpointsKind{}, "curve://0.0.0.0:6000", std::vector<ListenEndpoint>{{true, "0.0.0.0", 6000}}},
    {EndpointsKind{}, "tcp://[::1]:0,curve://*:1,curve://eth0:1",
     std::vector<ListenEndpoint>{{false, "[::1]", 0}, {true, "*", 1}, {true, "eth0", 1}}},
    {PublicKeysKind{}, kKey, kKey},
    {PublicKeysKind{.several = true}, kKey + ',' + std::string(64, 'F'), kKey + ',' + std::string(64, 'f')},
    {ChoiceKind{{"text", "json"}}, "json", std::string{"json"}},
    {ChoiceKind{{"text", "json"}}, "JSON", std::string{"json"}},
    {kSeveral, "name", std::string{"name"}},
    {kSeveral, "ROLE,name", std::string{"role,name"}},
    {SwitchKind{}, "true", true},
    {SwitchKind{}, "false", false},
};

TEST(SettingKinds, GoodTextsAreReadAsTheirKind) {
  for (const auto& test : kGood) {
    const auto parsed = parse_value(test.kind, test.text);
    const auto* value = std::get_if<Value>(&parsed);
    ASSERT_NE(value, nullptr) << test.text << ": " << std::get<BadValue>(parsed).reason;
    EXPECT_EQ(*value, test.value) << test.text;
  }
}

struct Bad {
  ValueKind kind;
  std::vector<std::string> texts;
  std::string_view reason;  // a part of it
};

const Bad kBad[] = {
    {TextKind{4}, {"five5", "añañ"}, "bytes; 4 are allowed"},
    {TextKind{4}, {"\xff", "\xc3"}, "is not UTF-8"},
    {TextKind{4}, {"a\0"s, "a\r", "\u0085"}, "at its end"},
    {PathKind{}, {""}, "is not a path"},
    {PathKind{}, {"/a\0b"s}, "NUL"},
    {PathKind{}, {"/a\n", "/\xff\r"}, "at its end"},
    {PathKind{}, {"/a\u200B", "/a\u2028", "/a\u200C"}, "at its end"},
    {PathKind{}, {"/a\u200C/b", "/a\u200Cb"}, "as character 3"},
    {TextKind{9}, {"\uFEFFa"}, "a byte order mark"},
    {BindKind{},
     {"", "a b", "127.0.0.1:80", "[::1", "::1]", "[::1]:80", "tcp://x", "**", "[]", "[zz]", "::1\0x"s, "[::1\0x]"s},
     "is not an address"},
    {IntegerKind{0, 65'535},
     {"", "-0", "-1", "+1", " 1", "1 ", "01", "00", "1.0", "1e3", "0x10", "65536", "99999999999999999999", "x", "1\n",
      "1,000"},
     "is not a whole number from 0 to 65535"},
    {IntegerKind{1, 10}, {"0", "11"}, "is not a whole number from 1 to 10"},
    {SecondsKind{.zero_allowed = true},
     {"", "-1", "-0.5", "+1", "nan", "NaN", "inf", "1e3", ".5", "5.", "1.2.3", "1,5", " 1", "2s", "0x1"},
     "is not a number of seconds"},
    {SecondsKind{}, {"0", "0.0", "0.000"}, "must be more than 0 seconds"},
    {SecondsKind{}, {"0.0001", "1.2345"}, "more than three decimals"},
    {SecondsKind{}, {"1000000.001", "1000001", "99999999999999999999"}, "is more than 1000000 seconds"},
    {HostPortKind{},
     {"", "host", ":5000", "host:", "host:0", "host:65536", "host:-1", "host:05", "a:1,b:2", "a b:1", "::1:5000",
      "tcp://a:1", "[::1]", "[::1\0x]:1"s},
     "is not HOST:PORT"},
    {HostPortKind{.several = true},
     {"", "a:1,", ",a:1", "a:1,,b:2", "a:1;b:2", "a:1, b:2"},
     "is not a list of HOST:PORT"},
    {ListenKind{},
     {"", "6080", ":6080", "*:6080", "localhost:6080", "::1:6080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
      "127.1:6080", "http://127.0.0.1:6080", "127.0.0.1\0:80"s},
     "is not an IP address and a port"},
    {EndpointsKind{},
     {"", "127.0.0.1:6000", "curve://", "curve://:6000", "curve://127.0.0.1", "curve://127.0.0.1:65536",
      "curve://::1:6000", "CURVE://127.0.0.1:1", "tls://127.0.0.1:1", "tcp://127.0.0.1:1,", "tcp://127.0.0.1\0:1"s},
     "is not curve://ADDRESS:PORT or tcp://ADDRESS:PORT"},
    {EndpointsKind{}, {"curve://127.0.0.1:1,tcp://127.0.0.1:1"}, "names an address and port twice"},
    {PublicKeysKind{}, {"", "x", kKey + ',' + kKey}, "is not a public key (64 hexadecimal digits)"},
    {PublicKeysKind{.several = true}, {"", kKey + ',', ',' + kKey, kKey + ' '}, "is not a list of public keys"},
    {ChoiceKind{{"text", "json"}}, {"", "xml"}, "is not one of text, json"},
    {ChoiceKind{{"text", "json"}}, {"text,json"}, "is not one of text, json"},
    {kSeveral, {"", "age"}, "is not one of name, role"},
    {kSeveral, {"name,", ",role", "name,,role"}, "names \"\", which is not one of name, role"},
    {kSeveral, {"name,age"}, "names \"age\", which is not one of name, role"},
    {kSeveral, {"name, role"}, "names \" role\", which"},
    {kSeveral, {"role,name\x1b[31m"}, "names \"name\\x1b[31m\", which"},
    {kSeveral, {"name,role,NAME"}, "names name twice"},
    {SwitchKind{}, {"", "yes", "1", "TRUE"}, "is not true or false"},
};

TEST(SettingKinds, BadTextsAreRefusedWithAReason) {
  for (const auto& test : kBad) {
    for (const auto& text : test.texts) {
      const auto parsed = parse_value(test.kind, text);
      const auto* bad = std::get_if<BadValue>(&parsed);
      ASSERT_NE(bad, nullptr) << text;
      EXPECT_NE(bad->reason.find(test.reason), std::string::npos) << text << ": " << bad->reason;
    }
  }
}

}  // namespace
}  // namespace dti

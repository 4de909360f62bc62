#include "dti/repository/postgresql/conninfo.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace dti {
namespace {

TEST(Conninfo, HasTheValuesThatLibpqReads) {
  struct Case {
    std::string_view text;
    std::string_view pairs;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {"  host = h\tport=1 ", "host='h' port='1'"},
      {R"(password='a b\'c\\' user=d\ e)", R"(password='a b\'c\\' user='d e')"},
      {"host='' user=u", "host='' user='u'"},
      {"user=a user=b", "user='b'"},
      {"postgresql://", ""},
      {"postgresql://h", "host='h'"},
      {"postgresql://h?connect_timeout=3", "connect_timeout='3' host='h'"},
      {"postgresql://u:p?w@h:1/d?sslmode=require&",
       "dbname='d' host='h' password='p?w' port='1' sslmode='require' user='u'"},
      {"postgresql://u:a:b@h", "host='h' password='a:b' user='u'"},
      {"postgres://u%40x:%2f@%2Frun%2Fpg/d?ssl=true",
       "dbname='d' host='/run/pg' password='/' sslmode='require' user='u@x'"},
      {"postgresql://[2001:db8::1]:5,[::2]/d", "dbname='d' host='2001:db8::1,::2' port='5,'"},
      {"postgresql://[fe80::1%25eth0]/d", "dbname='d' host='fe80::1%eth0'"},
      {"postgresql:///d?host=/run&port=7", "dbname='d' host='/run' port='7'"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(Conninfo{each.text}.text(), each.pairs) << each.text;
  }
}

TEST(Conninfo, RefusesWhatLibpqDoesNotReadOrDoesNotKnow) {
  constexpr std::string_view kRefused[] = {
      "no_such_key=x",
      "postgresql://h/d?no_such_key=x",
      "postgresql://h/d?ss%20ord=x",
      "postgresql://?postgresql://x=y",
      "postgresql://h/d?ss ord=x",
      "postgresql://h/d?a%3Db=x",
      "postgresql://h?%09=x",
      "\tpostgresql://u:s3cret@h/d?sslmode=x",
      " postgres://u=x",
      "postgresql://u:s3cret@[]:1/d",
      "postgresql://u:s3cret@[fe80::1%eth0]:1/d",
  };
  for (const std::string_view text : kRefused) {
    EXPECT_THROW(static_cast<void>(Conninfo{text}), ConninfoError) << text;
  }
}

std::string refusal(std::string_view text) {
  try {
    static_cast<void>(Conninfo{text});
  } catch (const ConninfoError& error) {
    return error.what();
  }
  return {};
}

TEST(Conninfo, NamesAKeywordThatLibpqDoesNotKnowUnlessItMayBeAPartOfAPassword) {
  struct Case {
    std::string_view text;
    std::string_view says;
  };
  constexpr std::string_view kNotShown = "may be a part of a password";
  constexpr Case kCases[] = {
      {"no_such_key=x", "does not know the keyword \"no_such_key\""},
      {"host=h no_such_key=s3cret password=s3cret", "does not know one of its keywords, which is not shown"},
      {"postgresql://h/d?p%61ssword=s3cret&hidden=s3cret", "does not know one of its keywords, which is not shown"},
      {"postgresql://u:s3cret@h/d?no_such_key=x", "does not know one of its keywords, which is not shown"},
      {"postgresql://h/d?sslmode=require&no_such_key=s3cret", "does not know the keyword \"no_such_key\""},
      {"password=a secret=b", kNotShown},
      {"password='it'secret=b'", kNotShown},
      {"host=secret password=a secret=b", kNotShown},
      {"postgresql://h/d?password=a&secret=b", kNotShown},
      {"postgresql://u:1/a?secret=b@h/d", kNotShown},
      {"s3cret=x", kNotShown},
  };
  for (const Case& each : kCases) {
    const std::string shown = refusal(each.text);
    EXPECT_NE(shown.find(each.says), std::string::npos) << each.text << ": " << shown;
    EXPECT_EQ(shown.find("s3cret"), std::string::npos) << each.text << ": " << shown;
    EXPECT_EQ(shown.find("secret"), std::string::npos) << each.text << ": " << shown;
  }
}

TEST(Conninfo, SaysWhatIsWrongInATextThatLibpqDoesNotRead) {
  struct Case {
    std::string_view text;
    std::string_view says;
  };
  constexpr Case kCases[] = {
      {"host=h password='s3cret", "no closing '"},
      {"host=h password=a s3cret", "has no ="},
      {"postgresql://u:s3%zcret@h/d", "two hexadecimal digits"},
      {"postgresql://u:s3%00cret@h/d", "%00"},
      {"postgresql://u:s3cret@[]/d", "[] is empty"},
      {"postgresql://u:s3cret@[::1/d", "no closing ]"},
      {"postgresql://u:s3cret@[::1]x/d", "followed by"},
      {"postgresql://u:s3cret@h/d?options=a=b", "two ="},
      {"postgresql://u:s3cret@h/d?options", "has no ="},
  };
  for (const Case& each : kCases) {
    const std::string shown = refusal(each.text);
    EXPECT_NE(shown.find(each.says), std::string::npos) << each.text << ": " << shown;
    EXPECT_EQ(shown.find("s3"), std::string::npos) << each.text << ": " << shown;
    EXPECT_EQ(shown.find("cret"), std::string::npos) << each.text << ": " << shown;
  }
}

TEST(Conninfo, RefusesAPasswordThatLibpqWouldTakeForSomethingElse) {
  constexpr std::string_view kRefused[] = {
      "postgresql://u:a@s3cret@h/d", "postgresql://u:s3/cret@h/d", "postgresql://u:1/s3cret@h/d",
      "postgresql://h:s3cret/d",     "host=h port=s3cret",
  };
  for (const std::string_view text : kRefused) {
    EXPECT_THROW(static_cast<void>(Conninfo{text}), ConninfoError) << text;
  }
  for (const std::string_view text : {"postgresql://u@h/d?options=a@b", "postgresql://h?sslkey=/a@b",
                                      "postgresql://u:p%40w@h/d%40", "host=@/run/pg password=a@b"}) {
    EXPECT_NO_THROW(static_cast<void>(Conninfo{text})) << text;
  }
}

TEST(Conninfo, SetReplacesWhatWasGiven) {
  Conninfo conninfo{"postgresql://h/d?target_session_attrs=any"};
  conninfo.set("target_session_attrs", "read-write");
  conninfo.set("application_name", "it's");
  EXPECT_EQ(conninfo.text(), R"(application_name='it\'s' dbname='d' host='h' target_session_attrs='read-write')");
}

TEST(HostsOf, GivesOneTextForEachHostInItsOrder) {
  struct Case {
    std::string_view text;
    std::vector<std::string> hosts;
  };
  const Case kCases[] = {
      {"", {""}},
      {"dbname=d", {"dbname='d'"}},
      {"host=a port=1", {"host='a' port='1'"}},
      {"host=a,b user=u", {"host='a' user='u'", "host='b' user='u'"}},
      {"host=a,b port=1", {"host='a' port='1'", "host='b' port='1'"}},
      {"host=a,b port=1,", {"host='a' port='1'", "host='b' port=''"}},
      {"postgresql://u@a:1,[::1]:2/d",
       {"dbname='d' host='a' port='1' user='u'", "dbname='d' host='::1' port='2' user='u'"}},
      {"host=a,b hostaddr=10.0.0.1,10.0.0.2", {"host='a' hostaddr='10.0.0.1'", "host='b' hostaddr='10.0.0.2'"}},
      {"hostaddr=10.0.0.1,10.0.0.2", {"hostaddr='10.0.0.1'", "hostaddr='10.0.0.2'"}},
      // libpq refuses these, or adds hosts from its environment.
      {"port=1,2", {"port='1,2'"}},
      {"host=a,b,c port=1,2", {"host='a,b,c' port='1,2'"}},
      {"host=a,b hostaddr=10.0.0.1", {"host='a,b' hostaddr='10.0.0.1'"}},
  };
  for (const Case& each : kCases) {
    std::vector<std::string> hosts;
    for (const Conninfo& host : hosts_of(Conninfo{each.text})) hosts.push_back(host.text());
    EXPECT_EQ(hosts, each.hosts) << each.text;
  }
}

TEST(ConnectTimeout, IsSharedByTheHostsButNeverBelowTwoSecondsEach) {
  struct Case {
    std::string_view text;
    int timeout_ms;
    int seconds;
  };
  constexpr Case kCases[] = {
      {"", 5'000, 5},
      {"host=a", 5'999, 5},
      {"host=a", 100, 2},
      {"host=a,b", 10'000, 5},
      {"postgresql://a:1,b:2,[::1]/d", 10'000, 3},
      {"host=a,b,c,d", 5'000, 2},
      {"host=a,b hostaddr=10.0.0.1,10.0.0.2", 10'000, 5},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(connect_timeout(Conninfo{each.text}, std::chrono::milliseconds{each.timeout_ms}).count(), each.seconds)
        << each.text;
  }
}

TEST(Conninfo, ItsTextReadsAsTheSame) {
  const Conninfo conninfo{R"(password='it\'s \\ "ñ" ' dbname='')"};
  EXPECT_EQ(Conninfo{conninfo.text()}.text(), conninfo.text());
}

}  // namespace
}  // namespace dti

#include "dti/repository/open/open_repository.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace dti {
namespace {

TEST(ParseStoreAddress, TellsTheThreeStoresApart) {
  EXPECT_TRUE(std::holds_alternative<MemoryStoreAddress>(parse_store_address("memory:")));
  EXPECT_EQ(std::get<SqliteStoreAddress>(parse_store_address("sqlite:/var/lib/dti/dti.db")).path,
            "/var/lib/dti/dti.db");
  EXPECT_EQ(std::get<SqliteStoreAddress>(parse_store_address("sqlite:dti.db")).path, "dti.db");
  EXPECT_EQ(std::get<PostgresqlStoreAddress>(parse_store_address("postgresql://db/dti")).conninfo,
            "postgresql://db/dti");
  EXPECT_EQ(std::get<PostgresqlStoreAddress>(parse_store_address("postgres://db/dti")).conninfo, "postgres://db/dti");
  EXPECT_EQ(std::get<PostgresqlStoreAddress>(parse_store_address("postgresql:host=db dbname=dti")).conninfo,
            "host=db dbname=dti");
}

TEST(ParseStoreAddress, RefusesAPathThatWouldBeASecondLedgerByMistake) {
  constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
      {"sqlite:dti.db ", "a space at the beginning or the end"},
      {"sqlite: dti.db", "a space at the beginning or the end"},
      {"sqlite:dti.db\u00A0", "a space at the beginning or the end"},
      {"sqlite:/var/lib/dti /dti.db", "a space at the beginning or the end"},
      {"sqlite:\"dti.db\"", "a quote"},
      {"sqlite:'dti.db'", "a quote"},
      {"sqlite:\u201Cdti.db\u201D", "a quote"},
      {"sqlite:~/dti.db", "only a shell replaces"},
      {"sqlite:$STORE", "has a variable"},
      {"sqlite:/var/${NAME}.db", "has a variable"},
      {"sqlite:$STATE/dti.db", "has a variable"},
      {"sqlite:/var/$(DIR)/dti.db", "has a variable"},
      {"sqlite:~dti/dti.db", "only a shell replaces"},
      {"sqlite:/var/lib/dti/dti.db # the store", "has a comment"},
      {"sqlite:dti.db # see /etc/dti", "has a comment"},
      {"sqlite:dti.db #old", "has a comment"},
      {"sqlite:file:dti.db", "write only the path"},
      {"sqlite:dti.db?cache=shared", "has parameters"},
      {"sqlite://dti.db", "two slashes"}};
  for (const auto& [text, reason] : kRefused) {
    try {
      static_cast<void>(parse_store_address(text));
      ADD_FAILURE() << "accepted: " << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string_view{error.what()}.find(reason), std::string_view::npos) << text << ": " << error.what();
    }
  }
  for (const std::string_view path : {"/srv/d\u00ED as/dti.db", "///srv/dti.db", "../dti.db", "a~b", "it's", "~old",
                                      "100% #?/dti.db", "a $5.db", "dti$", "/srv/$1/dti.db"}) {
    EXPECT_EQ(std::get<SqliteStoreAddress>(parse_store_address("sqlite:" + std::string{path})).path, path);
  }
}

TEST(ParseStoreAddress, RefusesTheRestAndShowsNothingOfIt) {
  constexpr std::string_view kRefused[] = {"",
                                           "s3cret",
                                           "sqlite:",
                                           "sqlite::memory:",
                                           "mysql://u:s3cret@h/d",
                                           "host=h password=s3cret",
                                           "postgresql:host=h password='s3cret",
                                           "postgresql:s3cret",
                                           "postgresql:password",
                                           "postgresql:=s3cret",
                                           "postgresql://u:s3%cret@h/d",
                                           "postgresql://u:s3/cret@h/d",
                                           "postgresql://u:1/s3cret@h/d",
                                           "postgresql://u:a@s3cret@h/d",
                                           "postgresql://h/d?s3cret",
                                           "postgresql://h/d?a=s3cret=b",
                                           "postgresql://[::1/d",
                                           "postgresql://[::1]s3cret/d",
                                           "postgresql://h:s3cret/d",
                                           "postgresql://u:%00s3cret@h/d",
                                           "memory:s3cret"};
  for (const std::string_view text : kRefused) {
    try {
      static_cast<void>(parse_store_address(text));
      ADD_FAILURE() << "accepted: " << text;
    } catch (const std::invalid_argument& error) {
      const std::string shown = error.what();
      for (const char* const part : {"s3", "cret"}) {
        EXPECT_EQ(shown.find(part), std::string::npos) << shown;
      }
    }
  }
}

TEST(CarriesPassword, SeesOneWhereverLibpqWouldTakeIt) {
  struct Case {
    std::string_view text;
    bool carries;
  };
  constexpr Case kCases[] = {
      {"postgresql://user:pw@host/db", true},
      {"postgres://user:pw@host/db", true},
      {"postgresql://:pw@host/db", true},
      {"postgresql://user@host/db", false},
      {"postgresql://user:@host/db", false},
      {"postgresql://host:5432/db", false},
      {"postgresql://[::1]:5432/db", false},
      {"postgresql:///db?user=u&password=pw", true},
      {"postgresql:///db?PassWord=pw", true},
      {"postgresql:///db?p%61ssword=pw", true},
      {"postgresql:///db?password=", false},
      {"postgresql:///db?sslpassword=pw", true},
      {"postgresql:///db?sslkey=/a:b%40c", false},
      {"postgresql:///db?passfile=/etc/dti/pgpass", false},
      {"postgresql:host=h password=pw", true},
      {"postgresql:host=h password = 'p w'", true},
      {"postgresql:host=h PASSWORD=pw", true},
      {"postgresql:host=h user=password", false},
      {"postgresql:host=h options='password=pw'", false},
      {"postgresql:host=h passfile=/etc/dti/pgpass", false},
      {"postgresql:host=h password=''", false},
      {"sqlite:/home/user:pw@host/dti.db", false},
      {"sqlite:password=pw", false},
      {"memory:", false},
      // What is malformed may have been meant to carry one.
      {"postgresql://user:p/w@host/db", true},
      {"postgresql://user:p%w@host/db", true},
      {"postgresql:host=h password='pw", true},
      {"PostgreSQL://user:pw@host/db", true},
      {"mysql://user:pw@host/db", true},
      {"host=h password=pw", true},
      {"host=h", false},
      {"postgresql://host/%", false},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(carries_password(each.text), each.carries) << each.text;
  }
}

TEST(Describe, ShowsWhereAStoreIsAndNothingElse) {
  struct Case {
    std::string_view address;
    std::string_view shown;
  };
  constexpr Case kCases[] = {
      {"memory:", "memory:"},
      {"sqlite:/a/b.db", "sqlite:/a/b.db"},
      {"postgresql://user:pw@host:5433/db?sslmode=require", "postgresql:host=host port=5433 dbname=db"},
      {"postgresql://user:p%3aw@[::1]/d%20b", "postgresql:host=::1 dbname=d b"},
      {"postgresql://a:1,b:2/db", "postgresql:host=a,b port=1,2 dbname=db"},
      {"postgresql:///db?host=/run/postgresql", "postgresql:host=/run/postgresql dbname=db"},
      {"postgresql:user=u password='it\\'s' host = 'h' options=-cx=y", "postgresql:host=h"},
      {"postgresql:service=dti", "postgresql:service=dti"},
      {"postgresql://", "postgresql:(libpq's defaults)"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(describe(parse_store_address(each.address)), each.shown) << each.address;
  }
  EXPECT_EQ(describe(PostgresqlStoreAddress{"postgresql://u:p%zz@h"}), "postgresql:(an address that cannot be read)");
}

TEST(OpenRepository, OpensAStoreInMemoryOfItsOwnEachTime) {
  const auto one = open_repository(MemoryStoreAddress{}, std::chrono::milliseconds{100});
  const auto other = open_repository(MemoryStoreAddress{}, std::chrono::milliseconds{100});
  EXPECT_EQ(std::get<Leadership>(one->take_over(WallTime{}, {})).epoch, 1);
  EXPECT_EQ(std::get<Leadership>(other->take_over(WallTime{}, {})).epoch, 1);
}

TEST(OpenRepository, RefusesAPostgresqlAddressThatCannotBeRead) {
  try {
    static_cast<void>(
        open_repository(PostgresqlStoreAddress{"postgresql://u:s3%cret@h"}, std::chrono::milliseconds{100}));
    ADD_FAILURE() << "opened";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kRefused);
    EXPECT_EQ(std::string{error.what()}.find("s3"), std::string::npos);
  }
}

}  // namespace
}  // namespace dti

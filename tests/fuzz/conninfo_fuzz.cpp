// The settings that connect are those that libpq reads in an address; what libpq does not read is refused, because its
// errors quote the address. What is said of an address does not depend on the password in it (here: hunterq), and an
// address that has a password for libpq counts as one that carries a password.
#include "dti/repository/postgresql/conninfo.hpp"

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dti/repository/open/open_repository.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

using Values = std::map<std::string, std::string>;

std::optional<Values> ask_libpq(const std::string& text) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{PQconninfoParse(text.c_str(), nullptr),
                                                                             &PQconninfoFree};
  if (!options) return std::nullopt;
  Values values;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values.emplace(option->keyword, option->val);
  }
  return values;
}

std::string value(const Values& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

/// The message about a --store with that address: the refusal, or the address without user and password.
std::string told(const std::string& store) {
  try {
    return describe(parse_store_address(store));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

void check_secret(const std::string& store, const std::optional<Values>& libpq) {
  static const std::string kPassword = "hunterq";
  static const std::string kOther = "swordfi";  // of the same length, and no more special
  if (store.find(kPassword) == store.npos) return;
  const bool has_user = is_conninfo_uri(store) && store.find('@') != store.npos;
  if (!has_user && store.find("password") == store.npos) return;  // it is no password there
  // In a host or a database it is no password.
  for (const char* key : {"host", "hostaddr", "port", "dbname", "service"}) {
    if (libpq && value(*libpq, key).find(kPassword) != std::string::npos) return;
  }
  std::string other = store;
  for (auto at = other.find(kPassword); at != other.npos; at = other.find(kPassword)) {
    other.replace(at, kPassword.size(), kOther);
  }
  const std::string text = told(store);
  if (libpq || text.starts_with("the PostgreSQL address cannot be read")) {
    claim(text == told(other), "what is told does not depend on the password", text);
    claim(text.find(kPassword) == text.npos, "no password is told", text);
  }
}

void check_same(const std::string& text, const Conninfo& conninfo, const std::optional<Values>& libpq) {
  claim(libpq.has_value(), "libpq never sees an address that it does not take", text);
  claim(ask_libpq(conninfo.text()) == libpq, "what is handed to libpq is what was given", conninfo.text());
  for (const char* key : {"host", "hostaddr", "port", "dbname", "user", "password"}) {
    claim(conninfo.value(key) == value(*libpq, key), "a value is the one that libpq reads", key);
  }
  claim(Conninfo{conninfo.text()}.text() == conninfo.text(), "its text reads as the same", text);
}

void check(std::string_view input) {
  const std::string text{input};
  std::optional<Conninfo> conninfo;
  std::string refusal;
  try {
    conninfo.emplace(text);
  } catch (const ConninfoError& error) {
    refusal = error.what();
  }
  const std::string store = is_conninfo_uri(text) ? text : "postgresql:" + text;
  if (text.find('\0') != text.npos) return claim(!conninfo, "libpq would see a part only");

  const auto libpq = ask_libpq(text);
  check_secret(store, libpq);
  if (conninfo) check_same(text, *conninfo, libpq);
  if (!libpq) return;
  const bool is_stricter = refusal.find("port is not a number") != refusal.npos || refusal.find('@') != refusal.npos;
  claim(conninfo.has_value() || is_stricter, "what libpq takes is taken, but for ports and likely slips", refusal);
  if (!value(*libpq, "password").empty()) {
    claim(carries_password(store), "a password is noticed", store);
    claim(!conninfo || conninfo->has_password(), "a password is noticed", store);
    claim(!conninfo || conninfo->is_revealed_by("x" + value(*libpq, "password")), "a password is recognised");
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)

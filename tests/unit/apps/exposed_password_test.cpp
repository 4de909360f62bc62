#include "dti/cli/exposed_password.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "dti_server/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

namespace fs = std::filesystem;
using testing_support::fake_surroundings;
using testing_support::Texts;

const std::string kSecret = "s3cret";
const std::string kWithPassword = "postgresql://dti:" + kSecret + "@db/dti";
const std::string kWithout = "postgresql://dti@db/dti";

class ExposedPassword : public ::testing::Test {
 protected:
  ExposedPassword() {
    auto pattern = (fs::temp_directory_path() / "dti-password-XXXXXX").string();
    path_ = pattern;
    close(mkstemp(path_.data()));
  }
  ~ExposedPassword() override { fs::remove(path_); }

  [[nodiscard]] std::optional<std::string> exposed(int mode, const std::string& text, Texts variables = {}) const {
    fs::permissions(path_, static_cast<fs::perms>(mode));
    const auto read = read_dti_server_again(std::vector<std::string>{"--config=" + path_},
                                            fake_surroundings(std::move(variables), {{path_, text}}));
    return exposed_password(describe_dti_server(), std::get<DtiServerOptions>(read).settings);
  }

  std::string path_;
};

std::string store(const std::string& address) { return "port = 1\nstore = \"" + address + "\"\n"; }

TEST_F(ExposedPassword, IsToldWithItsPlaceAndWithoutItsText) {
  const auto warning = exposed(0644, store(kWithPassword));
  ASSERT_TRUE(warning);
  EXPECT_TRUE(warning->starts_with(path_ + ":2: store: the mode of the file lets every user")) << *warning;
  EXPECT_EQ(warning->find(kSecret), std::string::npos) << *warning;
}

TEST_F(ExposedPassword, IsNoneInAFileThatOthersCannotRead) {
  EXPECT_FALSE(exposed(0600, store(kWithPassword)));
  EXPECT_FALSE(exposed(0640, store(kWithPassword)));
}

TEST_F(ExposedPassword, IsNoneWithoutAPasswordInTheFile) {
  EXPECT_FALSE(exposed(0644, store(kWithout)));
  EXPECT_FALSE(exposed(0644, store("sqlite:/var/lib/dti/dti.db")));
  EXPECT_FALSE(exposed(0644, "", {{"DTI_STORE", kWithPassword}}));
  EXPECT_FALSE(exposed(0644, store(kWithout), {{"DTI_STORE", kWithPassword}}));
}

}  // namespace
}  // namespace dti

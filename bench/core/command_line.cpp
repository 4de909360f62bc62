#include "core/command_line.hpp"

#include <algorithm>
#include <iostream>

namespace dti::bench {
namespace {

constexpr std::size_t kColumns = 80;

// The text in lines of at most kColumns, each after `indent` spaces; `line_end` stands where a line goes on.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t indent_rest,
                    std::string_view line_end = "") {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    if (column == 0 || column + 1 + word.size() + line_end.size() > kColumns) {
      if (column > 0) out.append(line_end) += '\n';
      column = column == 0 ? indent : indent_rest;
      out.append(column, ' ');
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return out += '\n';
}

class TeachingFormatter : public CLI::Formatter {
 public:
  explicit TeachingFormatter(HelpTexts texts) : texts_(std::move(texts)) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::string out = "Usage: " + texts_.name + " [--key=value | --key value]...\n\n" + wrapped(texts_.purpose, 0, 0);
    auto groups = app->get_groups();
    std::rotate(groups.begin(), groups.begin() + 1, groups.end());  // --help was the first, and is shown last
    for (const auto& group : groups) {
      out += '\n' + group + ":\n";
      for (const auto* option : app->get_options([&](const auto* it) { return it->get_group() == group; })) {
        out += help_of(*option);
      }
    }
    out += "\nExamples:\n";
    for (const auto& [what, command] : texts_.examples) {
      if (!what.empty()) out += wrapped("# " + what, 2, 2);
      out += wrapped(command, 2, 6, " \\");
    }
    out += "\nExit codes:\n";
    for (const auto& [code, meaning] : texts_.exit_codes) out += wrapped(std::to_string(code) + "  " + meaning, 2, 5);
    return out;
  }

 private:
  static std::string help_of(const CLI::Option& option) {
    const auto value = option.get_type_name();
    auto out = "  --" + option.get_lnames().front() + (value.empty() ? "" : '=' + value) + '\n' +
               wrapped(option.get_description(), 6, 6);
    if (option.get_required()) out += wrapped("(needed)", 6, 6);
    if (const auto shown = option.get_default_str(); !shown.empty()) out += wrapped("(default: " + shown + ")", 6, 6);
    return out;
  }

  const HelpTexts texts_;
};

}  // namespace

CLI::Validator at_least_one() {
  auto check = CLI::Validator{CLI::PositiveNumber};
  check.description("");
  return check;
}

CLI::Validator one_of(const std::vector<std::string>& texts) {
  CLI::IsMember check{texts};
  check.description("");
  return check;
}

std::unique_ptr<CLI::App> make_command_line(const HelpTexts& texts) {
  auto app = std::make_unique<CLI::App>(texts.purpose, texts.name);
  app->formatter(std::make_shared<TeachingFormatter>(texts));
  app->set_help_flag("-h,--help", "Prints this (-h too).")->group("Help");
  app->option_defaults()->always_capture_default();
  return app;
}

std::optional<int> read_command_line(CLI::App& app, int argc, char** argv, const std::function<std::string()>& check) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return std::cout ? 0 : 1;
  } catch (const CLI::Error& error) {
    std::cerr << app.get_name() << ": " << error.what() << " (--help lists all flags)\n";
    return 2;
  }
  const auto fault = check ? check() : std::string{};
  if (fault.empty()) return std::nullopt;
  std::cerr << app.get_name() << ": " << fault << '\n';
  return 2;
}

}  // namespace dti::bench

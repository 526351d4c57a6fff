// Runs the cases of tests/spec/chat_template (its README tells their form).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "text/chat_template.h"

namespace headrace::text {
namespace {

struct Case {
  std::string name;
  std::map<std::string, std::string> parts;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string* part = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}});
      part = nullptr;
    } else if (line.starts_with("--- ")) {
      part = &cases.back().parts[line.substr(4)];
    } else if (part) {
      part->append(line).append("\n");
    }
  }
  for (Case& one : cases)
    for (auto& [name, text] : one.parts)
      if (!text.empty()) text.pop_back();
  return cases;
}

Result<std::string> render(const Case& one) {
  const auto variables = one.parts.contains("variables") ? nlohmann::ordered_json::parse(one.parts.at("variables"))
                                                         : nlohmann::ordered_json::object();
  HR_TRY(const auto compiled, ChatTemplate::compile(one.parts.at("template")));
  ChatContext context;
  context.now_seconds = 1'700'000'000;
  return compiled->render(variables, context);
}

TEST(ChatTemplateSpec, every_case_renders_as_it_says) {
  const std::filesystem::path folder = std::filesystem::path(HEADRACE_TESTS_DIR) / "spec" / "chat_template";
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    for (const Case& one : read_cases(entry.path())) {
      SCOPED_TRACE(entry.path().filename().string() + ": " + one.name);
      const auto text = render(one);
      if (one.parts.contains("error")) {
        ASSERT_FALSE(text) << "rendered: " << *text;
        EXPECT_NE(text.error().message.find(one.parts.at("error")), std::string::npos) << text.error().message;
      } else {
        ASSERT_TRUE(text) << text.error().message;
        EXPECT_EQ(*text, one.parts.at("text"));
      }
      ++count;
    }
  }
  EXPECT_GE(count, 35u);
}

}  // namespace
}  // namespace headrace::text

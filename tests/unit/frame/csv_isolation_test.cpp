#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace headrace::frame {
namespace {

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) lines.emplace_back(buffer.data());
  pclose(pipe);
  return lines;
}

TEST(CsvIsolation, objects_of_an_instruction_set_export_their_table_alone) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer adds symbols of its own";
#endif
  if (lines_of("nm --version").empty()) GTEST_SKIP() << "no nm here to read the symbols with";
  for (const std::string tier : {"avx2", "avx512"}) {
    int objects = 0;
    const std::string folder = std::string(HEADRACE_FRAME_BINARY_DIR) + "/CMakeFiles/headrace_frame_" + tier + ".dir";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".o") continue;
      // avx2_fields.cpp.o has fields_avx2::kKernels.
      const std::string file = entry.path().filename().string();
      const std::string loops = file.substr(tier.size() + 1, file.find('.') - tier.size() - 1);
      int exported = 0;
      for (const std::string& line : lines_of("nm -C --defined-only '" + entry.path().string() + "'")) {
        if (line.size() < 20 || (line[17] >= 'a' && line[17] != 'w' && line[17] != 'v' && line[17] != 'u')) continue;
        EXPECT_EQ(line.substr(19), "headrace::frame::csv::" + loops + "_" + tier + "::kKernels\n") << entry.path();
        ++exported;
      }
      EXPECT_EQ(exported, 1) << entry.path();
      ++objects;
    }
    EXPECT_GT(objects, 0) << tier;
  }
}

}  // namespace
}  // namespace headrace::frame

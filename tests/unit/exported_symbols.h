#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace headrace {

/// What a command prints, a line each.
inline std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) lines.emplace_back(buffer.data());
  pclose(pipe);
  return lines;
}

/// `nm -C` prints an address, a letter and a name. Undefined names (U) and local ones (small letters,
/// except w, v and u) concern nobody else.
inline bool is_exported(char letter) { return letter != 'U' && (letter < 'a' || letter == 'w' || letter == 'v' || letter == 'u'); }

/// That each object of a module's two tiers, avx2_split.cpp.o for one, exports `scope`split_avx2::kKernels and nothing else.
inline void expect_tables_alone(const std::string& binary_folder, const std::string& module, const std::string& scope) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer adds symbols of its own";
#endif
  if (lines_of("nm --version").empty()) GTEST_SKIP() << "no nm here to read the symbols with";
  for (const std::string tier : {"avx2", "avx512"}) {
    int objects = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(binary_folder + "/CMakeFiles/" + module + "_" + tier + ".dir")) {
      if (entry.path().extension() != ".o") continue;
      const std::string file = entry.path().filename().string();
      const std::string loops = file.substr(tier.size() + 1, file.find('.') - tier.size() - 1);
      int exported = 0;
      for (const std::string& line : lines_of("nm -C --defined-only '" + entry.path().string() + "'")) {
        if (line.size() < 20 || !is_exported(line[17])) continue;
        EXPECT_EQ(line.substr(19), scope + loops + "_" + tier + "::kKernels\n") << entry.path();
        ++exported;
      }
      EXPECT_EQ(exported, 1) << entry.path();
      ++objects;
    }
    EXPECT_GT(objects, 0) << tier;
  }
}

}  // namespace headrace

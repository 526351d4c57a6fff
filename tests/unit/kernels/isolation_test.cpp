#include <filesystem>
#include <string>
#include <vector>

#include "../exported_symbols.h"

namespace headrace::kernels {
namespace {

/// The objects of every tier that is compiled for more than any x86-64 can run.
std::vector<std::string> objects_of_tiers() {
  std::vector<std::string> objects;
  for (const char* tier : {"portable_v3", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"}) {
    const std::string folder = std::string(HEADRACE_KERNELS_BINARY_DIR) + "/CMakeFiles/headrace_kernels_" + tier + ".dir";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".o") objects.push_back(entry.path());
  }
  return objects;
}

bool is_of_a_tier(const std::string& name) {
  for (const char* tier : {"portable_v3", "avx2", "avx2_vnni", "avx512", "amx"})
    if (name.starts_with("headrace::kernels::" + std::string(tier) + "::")) return true;
  return false;
}

TEST(Isolation, objects_of_an_instruction_set_export_only_names_of_their_tier) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer adds symbols of its own";
#endif
  if (lines_of("nm --version").empty()) GTEST_SKIP() << "no nm here to read the symbols with";
  const std::vector<std::string> objects = objects_of_tiers();
  EXPECT_GE(objects.size(), 20u);
  for (const std::string& object : objects) {
    int exported = 0;
    for (const std::string& line : lines_of("nm -C --no-weak '" + object + "'; nm -C '" + object + "' | grep -i ' [wvu] '")) {
      if (line.size() < 20 || !is_exported(line[17])) continue;
      const std::string name = line.substr(19);
      EXPECT_EQ(line[17] == 'T' || line[17] == 'D' || line[17] == 'R', true) << object << " exports weakly " << name;
      EXPECT_TRUE(is_of_a_tier(name)) << object << " exports " << name;
      ++exported;
    }
    EXPECT_GT(exported, 0) << object;
  }
}

}  // namespace
}  // namespace headrace::kernels

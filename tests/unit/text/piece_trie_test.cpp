#include "text/components/models/piece_trie.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace headrace::text {
namespace {

TEST(PieceTrie, finds_at_many_places_what_it_finds_at_each) {
  std::vector<std::string> pieces = {"中", "中国", "中国人", "国", "é", "ab", "b", "▁a", "▁"};
  // More that a place begins with than are kept of it.
  for (size_t n = 1; n < 30; ++n) pieces.push_back(std::string(n, 'a'));
  PieceTrie trie(pieces.size(), [&](size_t n) -> std::string_view { return pieces[n]; });
  std::vector<double> weights;
  for (size_t n = 0; n < pieces.size(); ++n) weights.push_back(-1.0 - static_cast<double>(n));
  trie.set_weights(weights);
  std::mt19937 random(3);
  const std::vector<std::string> parts = {"a", "aaaaaaaaaaaa", "b", "中", "国", "人", "文", "é", "▁", "x", " "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::vector<uint32_t> starts;
    for (size_t i = 0; i < 1 + random() % 60; ++i) {
      starts.push_back(static_cast<uint32_t>(text.size()));
      text += parts[random() % parts.size()];
    }
    const auto stop = static_cast<uint32_t>(text.size() - random() % 2 * parts[0].size());
    PieceTrie::Prefixes prefixes;
    prefixes.clear();
    std::vector<uint32_t> places;
    for (const uint32_t start : starts) {
      if (start >= stop || prefixes.full()) continue;
      prefixes.add(start, stop);
      places.push_back(start);
    }
    trie.find_prefixes(text, prefixes);
    for (size_t place = 0; place < places.size(); ++place) {
      std::vector<std::pair<uint32_t, uint32_t>> expected, found;
      const std::string_view rest = std::string_view(text).substr(places[place], stop - places[place]);
      trie.for_each_prefix(PieceTrie::kRoot, rest, [&](size_t length, uint32_t value) { expected.emplace_back(length, value); });
      prefixes.for_each(trie, text, place, [&](uint32_t length, PieceTrie::Node node, double weight) {
        found.emplace_back(length, trie.value_of(node));
        EXPECT_EQ(weight, weights[trie.value_of(node)]);
      });
      ASSERT_EQ(found, expected) << text << " at " << places[place];
    }
  }
}

}  // namespace
}  // namespace headrace::text

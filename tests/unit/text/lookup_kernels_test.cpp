#include "text/bulk/lookup_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace headrace::text {
namespace {

TEST(LookupKernels, all_kernels_find_the_places_of_the_same_bits) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint64_t> bits(1 + random() % 20);
    for (uint64_t& word : bits) {
      word = random();
      for (uint64_t thinner = random() % 4; thinner > 0; --thinner) word &= random();
      if (random() % 8 == 0) word = round % 2 ? 0 : ~uint64_t{0};
    }
    std::vector<uint32_t> expected;
    for (size_t at = 0; at < bits.size() * 64; ++at) {
      if (bits[at / 64] >> (at % 64) & 1) expected.push_back(static_cast<uint32_t>(at));
    }
    for (const LookupKernels* kernels : all_lookup_kernels()) {
      std::vector<uint32_t> places(bits.size() * 64 + 8);
      places.resize(kernels->places(bits.data(), bits.size(), places.data()));
      EXPECT_EQ(places, expected) << kernels->name;
    }
  }
}

TEST(LookupKernels, all_kernels_find_and_miss_the_same_pieces) {
  std::mt19937 random(2);
  const PieceHash hash(random() * 0x9E3779B97F4A7C15u, random() * 0x9E3779B97F4A7C15u);
  PieceCache cache(64 << 10, hash);
  // Text of few letters, so that pieces come again; the cache has some of them with one to six tokens.
  std::string text;
  std::vector<uint32_t> begins;
  while (begins.size() < 3000) {
    begins.push_back(static_cast<uint32_t>(text.size()));
    const size_t size = random() % 20 == 0 ? 16 + random() % 30 : 1 + random() % 15;
    for (size_t i = 0; i < size; ++i) text += static_cast<char>("ab\xC3\xBF"[random() % (size < 5 ? 2 : 4)]);
    if (size > PackedPiece::kLongest || random() % 3 == 0) continue;
    const PackedPiece piece = pack(std::string_view(text).substr(begins.back()));
    if (cache.find(piece, hash(piece))) continue;
    std::vector<TokenId> ids(1 + random() % 6);
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % PieceCache::kIdMask);
    cache.add(piece, hash(piece), ids);
  }
  const size_t count = begins.size();
  begins.push_back(static_cast<uint32_t>(text.size()));
  text.append(16, 'x');

  std::vector<TokenId> expected;
  std::vector<uint32_t> expected_missed, expected_places;
  for (const LookupKernels* kernels : all_lookup_kernels()) {
    std::vector<TokenId> out(count * 4 + 4);
    std::vector<MissedPiece> misses(count + 1);
    size_t written = 0, missed = 0;
    kernels->look_up(cache.first_lines(), hash, reinterpret_cast<const uint8_t*>(text.data()), begins.data(), count, out.data(),
                     misses.data(), written, missed);
    out.resize(written);
    std::vector<uint32_t> pieces, places;
    for (size_t i = 0; i < missed; ++i) {
      pieces.push_back(misses[i].piece);
      places.push_back(misses[i].place);
    }
    if (kernels == all_lookup_kernels().front()) {
      EXPECT_GT(written, count / 2);
      EXPECT_GT(missed, count / 20);
      // What is found is what the cache says, piece by piece.
      size_t at = 0, next_missed = 0;
      for (uint32_t i = 0; i < count; ++i) {
        if (next_missed < missed && misses[next_missed].piece == i) {
          EXPECT_EQ(misses[next_missed++].place, at);
          continue;
        }
        const PackedPiece piece = pack(std::string_view(text).substr(begins[i], begins[i + 1] - begins[i]));
        const auto known = cache.find(piece, hash(piece));
        ASSERT_TRUE(known.has_value());
        const std::span<const TokenId> found = std::span(out).subspan(at, known->size());
        ASSERT_TRUE(std::ranges::equal(*known, found)) << i;
        at += known->size();
      }
      EXPECT_EQ(at, written);
      expected = out;
      expected_missed = pieces;
      expected_places = places;
    }
    EXPECT_EQ(out, expected) << kernels->name;
    EXPECT_EQ(pieces, expected_missed) << kernels->name;
    EXPECT_EQ(places, expected_places) << kernels->name;
  }
}

}  // namespace
}  // namespace headrace::text

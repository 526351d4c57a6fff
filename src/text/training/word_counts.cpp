#include <algorithm>

#include "text/components/models/token_table.h"
#include "text/training.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// Words end to end and a table of their numbers that grows.
struct WordCounts::State {
  struct Slot {
    uint32_t tag = 0;
    uint32_t number = 0;  // plus one; zero: free
  };

  std::vector<char> bytes;
  std::vector<uint64_t> ends{0};
  std::vector<uint64_t> counts;
  std::vector<Slot> slots;  // empty until a word is looked up
  uint64_t seed = table_seed();

  std::string_view word(size_t n) const { return {bytes.data() + ends[n], static_cast<size_t>(ends[n + 1] - ends[n])}; }

  Slot& find(std::string_view word, uint64_t hash) {
    const size_t mask = slots.size() - 1;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      Slot& slot = slots[at];
      if (slot.number == 0 || (slot.tag == tag && this->word(slot.number - 1) == word)) return slot;
    }
  }

  void index() {
    size_t size = 64;
    while (size * 2 < counts.size() * 3) size *= 2;
    std::vector<Slot> wider(size);
    const size_t mask = wider.size() - 1;
    for (uint32_t n = 0; n < counts.size(); ++n) {
      const uint64_t hash = hash_bytes(word(n), seed);
      size_t at = hash & mask;
      while (wider[at].number != 0) at = (at + 1) & mask;
      wider[at] = {static_cast<uint32_t>(hash >> 32), n + 1};
    }
    slots = std::move(wider);
  }

  void add(std::string_view word, uint64_t count) {
    if (slots.empty()) index();
    const uint64_t hash = hash_bytes(word, seed);
    Slot& slot = find(word, hash);
    if (slot.number != 0) {
      counts[slot.number - 1] += count;
      return;
    }
    append(word, count);
    slot = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(counts.size())};
    if (counts.size() * 3 > slots.size() * 2) index();
  }

  void append(std::string_view word, uint64_t count) {
    bytes.insert(bytes.end(), word.begin(), word.end());
    ends.push_back(bytes.size());
    counts.push_back(count);
  }
};

WordCounts::WordCounts() : state_(std::make_unique<State>()) {}
WordCounts::WordCounts(WordCounts&& other) noexcept = default;
WordCounts& WordCounts::operator=(WordCounts&& other) noexcept = default;
WordCounts::WordCounts(const WordCounts& other) : state_(std::make_unique<State>(*other.state_)) {}
WordCounts& WordCounts::operator=(const WordCounts& other) {
  state_ = std::make_unique<State>(*other.state_);
  return *this;
}
WordCounts::~WordCounts() = default;

void WordCounts::add(std::string_view word, uint64_t count) { state_->add(word, count); }
void WordCounts::add(const WordCounts& other) {
  for (size_t n = 0; n < other.size(); ++n) state_->add(other.word(n), other.count(n));
}
void WordCounts::append(std::string_view word, uint64_t count) {
  state_->slots.clear();
  state_->append(word, count);
}
void WordCounts::reserve(size_t words, size_t bytes) {
  state_->bytes.reserve(bytes);
  state_->ends.reserve(words + 1);
  state_->counts.reserve(words);
}
size_t WordCounts::size() const { return state_->counts.size(); }
std::string_view WordCounts::word(size_t n) const { return state_->word(n); }
uint64_t WordCounts::count(size_t n) const { return state_->counts[n]; }

}  // namespace headrace::text

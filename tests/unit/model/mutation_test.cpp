// Hostile headers: every mutated file is an error or loads; none crashes, and none makes the
// reader hold more memory than the limit.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "gguf_writer.h"
#include "model/cpu/weights.h"
#include "model/gguf.h"
#include "model/plan.h"
#include "tiny_model.h"

namespace {

// Counts what this process holds from operator new.
std::atomic<size_t> held_bytes{0};
std::atomic<size_t> most_held_bytes{0};

void* counted(size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  const size_t held = held_bytes.fetch_add(malloc_usable_size(block)) + malloc_usable_size(block);
  size_t most = most_held_bytes.load();
  while (most < held && !most_held_bytes.compare_exchange_weak(most, held)) {
  }
  return block;
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  held_bytes.fetch_sub(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void* operator new(size_t size) { return counted(size); }
void* operator new[](size_t size) { return counted(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, size_t) noexcept { release(block); }
void operator delete[](void* block, size_t) noexcept { release(block); }

namespace headrace::model {
namespace {

constexpr size_t kLimit = size_t{64} << 20;

/// A small but complete model, so that a mutation can hit anything.
const TinyModel kSmall{.layers = 1, .hidden = 32, .heads = 2, .kv_heads = 1, .head_dim = 16, .feed_forward = 32};

void mutate(std::string& bytes, size_t header, std::mt19937& random) {
  const auto below = [&](size_t limit) { return random() % limit; };
  const uint32_t count = 1 + random() % 4;
  for (uint32_t i = 0; i < count; ++i) {
    switch (below(5)) {
      case 0: bytes[below(header)] = static_cast<char>(random()); break;
      case 1: bytes[below(header)] ^= static_cast<char>(1u << below(8)); break;
      case 2: {  // a number of 8 bytes that is likely to be a boundary
        const uint64_t values[] = {0, 1, UINT64_MAX, uint64_t{1} << 63, uint64_t{1} << 32, bytes.size(), bytes.size() / 8,
                                   uint64_t{1} << below(64)};
        const uint64_t value = values[below(std::size(values))];
        std::memcpy(bytes.data() + below(header - 8), &value, 8);
        break;
      }
      case 3: {  // part of the header again, elsewhere
        const size_t length = 1 + below(64);
        const size_t from = below(header - length);
        const size_t to = below(header - length);
        std::memmove(bytes.data() + to, bytes.data() + from, length);
        break;
      }
      default: bytes.resize(header / 2 + below(bytes.size() - header / 2)); break;
    }
    if (bytes.size() < header) return;
  }
}

/// A file in memory whose content is replaced again and again.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : descriptor_(::memfd_create("mutated.gguf", 0)) { replace(content, content.size()); }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  /// Makes the file `content`, of which only the first `changed` bytes can differ from last time.
  void replace(const std::string& content, size_t changed) {
    if (size_ != content.size()) changed = content.size();
    if (size_ > content.size()) {
      ASSERT_EQ(::ftruncate(descriptor_, static_cast<off_t>(content.size())), 0);
    }
    size_ = content.size();
    changed = std::min(changed, size_);
    ASSERT_EQ(::pwrite(descriptor_, content.data(), changed, 0), static_cast<ssize_t>(changed));
  }

 private:
  int descriptor_;
  size_t size_ = 0;
};

TEST(MutatedGguf, is_an_error_or_loads_within_64_MB_a_hundred_thousand_times) {
  const std::string original = tiny_gguf(kSmall).bytes();
  const size_t header = tiny_gguf(kSmall).header().size();
  MemoryFile file(original);
  const kernels::KernelTable& kernels = **kernels::kernel_table(kernels::Isa::Portable);
  ThreadTeam team(1);
  const auto budget = MemoryBudget::create("the test", kLimit);
  std::mt19937 random(2026);
  size_t opened = 0, loaded = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes = original;
    mutate(bytes, header, random);
    // The file's data lies behind the header and is the original's as long as its length is.
    file.replace(bytes, header);
    const size_t before = held_bytes;
    most_held_bytes = before;
    if (const auto gguf = Gguf::open(file.path())) {
      ++opened;
      (void)tokenizer_source(*gguf);
      if (const auto plan = emit_plan(*gguf)) loaded += load_weights(*gguf, *plan, kernels, team, {.budget = budget}).has_value();
    }
    ASSERT_LT(most_held_bytes - before, kLimit) << "mutation " << i;
  }
  EXPECT_GT(opened, 1000u);  // not all mutations are noticed, or the test would test little
  EXPECT_GT(loaded, 100u);
}

TEST(MutatedGguf, cannot_make_a_large_file_justify_a_large_header) {
  // A file of 400 MB (nearly all of it a hole) that claims to be one array of bytes.
  GgufWriter writer;
  std::string header = writer.entry("all", GgufWriter::Array, GgufWriter::raw(uint32_t{GgufWriter::U8}) + GgufWriter::raw(uint64_t{390'000'000})).header();
  const TemporaryFile file(header);
  std::filesystem::resize_file(file.path(), 400'000'000);
  const size_t before = held_bytes;
  most_held_bytes = before;
  EXPECT_FALSE(Gguf::open(file.path()));
  EXPECT_LT(most_held_bytes - before, kLimit);
}

}  // namespace
}  // namespace headrace::model

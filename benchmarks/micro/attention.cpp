// attention: times a tier's attention kernel on one thread.
//
//   attention [isa] [milliseconds per measurement]
//
// For each shape it prints decode (one row) at several depths, with the bytes of keys and values
// read a second, and prefill (rows of a chunk that ends at the depth), with the multiply-adds a
// second and their share of the fma peak probed in the same run. The best of the repetitions is
// shown: on a shared machine it is the least disturbed one. Decode goes round several caches, so
// that keys and values come from where `cold` says.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"

namespace {

using namespace headrace::kernels;

/// Processor time of this thread: other processes on a busy machine do not count.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The shortest run of `work`, in seconds, over about `budget` seconds.
template <class Work>
double best_time(double budget, Work work) {
  work();
  double best = 1e9;
  const double start = now();
  do {
    const double begin = now();
    work();
    best = std::min(best, now() - begin);
  } while (now() - start < budget);
  return best;
}

/// A layer's pages for `sequences` sequences of `depth` tokens, shuffled.
struct Cache {
  Cache(const KernelTable& table, const AttentionShape& shape, uint32_t depth, uint32_t sequences)
      : stride(table.page_bytes(shape)), pages_each((depth + kPageTokens - 1) / kPageTokens) {
    ids.resize(size_t{pages_each} * sequences);
    std::iota(ids.begin(), ids.end(), 0u);
    std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
    memory.resize(stride * ids.size() + 64);
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    std::vector<float> rows(size_t{2} * kPageTokens * shape.kv_heads * shape.head_dim);
    for (float& x : rows) x = normal(random);
    const size_t width = size_t{shape.kv_heads} * shape.head_dim;
    for (const uint32_t& id : ids) {
      table.append(shape, {base(), stride, &id, 0, kPageTokens}, rows.data(), rows.data() + kPageTokens * width, width);
    }
  }
  std::byte* base() { return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64; }
  AttentionRun run(uint32_t sequence, uint32_t first_position, uint32_t rows) {
    return {base(), stride, ids.data() + size_t{sequence} * pages_each, first_position, rows};
  }

  size_t stride;
  uint32_t pages_each;
  std::vector<uint32_t> ids;
  std::vector<std::byte> memory;
};

struct Rows {
  Rows(const AttentionShape& shape, uint32_t rows)
      : width(size_t{shape.query_heads} * shape.head_dim), queries(width * rows), out(width * rows) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (float& x : queries) x = normal(random);
  }
  size_t width;
  std::vector<float> queries, out;
};

void attend_all(const KernelTable& table, const AttentionShape& shape, const AttentionRun& run, Rows& rows,
                std::vector<float>& scratch) {
  for (uint32_t head = 0; head < shape.kv_heads; ++head) {
    table.attend(shape, run, rows.queries.data(), rows.width, rows.out.data(), rows.width, head, 0, run.rows,
                 scratch.data());
  }
}

void time_decode(const KernelTable& table, const char* name, const AttentionShape& shape, uint32_t depth, bool cold,
                 double budget) {
  const size_t bytes = table.page_bytes(shape) / kPageTokens * depth;
  const uint32_t sequences = cold ? static_cast<uint32_t>(std::max<size_t>(1, (size_t{160} << 20) / bytes)) : 1;
  Cache cache(table, shape, depth, sequences);
  Rows rows(shape, 1);
  std::vector<float> scratch(table.attend_scratch_floats(shape));
  uint32_t next = 0;
  const double time = best_time(budget, [&] {
    attend_all(table, shape, cache.run(next++ % sequences, depth - 1, 1), rows, scratch);
  });
  std::printf("%-8s decode  depth %5u %s %9.1f us %6.2f GB/s\n", name, depth, cold ? "cold" : "warm", time * 1e6,
              static_cast<double>(bytes) / time / 1e9);
}

void time_prefill(const KernelTable& table, const char* name, const AttentionShape& shape, uint32_t rows_count,
                  uint32_t depth, double peak, double budget) {
  Cache cache(table, shape, depth, 1);
  Rows rows(shape, rows_count);
  std::vector<float> scratch(table.attend_scratch_floats(shape));
  const AttentionRun run = cache.run(0, depth - rows_count, rows_count);
  const double time = best_time(budget, [&] { attend_all(table, shape, run, rows, scratch); });
  const double seen = (depth - rows_count + (rows_count + 1) / 2.0) * rows_count;
  const double flops = 4.0 * seen * shape.query_heads * shape.head_dim;
  std::printf("%-8s prefill rows %4u of %5u %9.1f us %6.2f us/row %6.1f GFLOP/s, %3.0f %% of peak\n", name, rows_count,
              depth, time * 1e6, time * 1e6 / rows_count, flops / time / 1e9, 100 * flops / time / peak);
}

/// Multiply-adds of a tier that touches nothing but registers, as operations a second.
double probe_peak(double budget) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) return 0;
  constexpr int kRounds = 20000;
  const double time = best_time(budget, [] {
    // Twelve independent chains of 8 lanes.
    asm volatile(
        "vxorps %%ymm0, %%ymm0, %%ymm0\n vmovaps %%ymm0, %%ymm1\n vmovaps %%ymm0, %%ymm2\n"
        "vmovaps %%ymm0, %%ymm3\n vmovaps %%ymm0, %%ymm4\n vmovaps %%ymm0, %%ymm5\n vmovaps %%ymm0, %%ymm6\n"
        "vmovaps %%ymm0, %%ymm7\n vmovaps %%ymm0, %%ymm8\n vmovaps %%ymm0, %%ymm9\n vmovaps %%ymm0, %%ymm10\n"
        "vmovaps %%ymm0, %%ymm11\n vmovaps %%ymm0, %%ymm12\n mov %0, %%ecx\n"
        "1:\n vfmadd231ps %%ymm12, %%ymm12, %%ymm0\n vfmadd231ps %%ymm12, %%ymm12, %%ymm1\n"
        "vfmadd231ps %%ymm12, %%ymm12, %%ymm2\n vfmadd231ps %%ymm12, %%ymm12, %%ymm3\n"
        "vfmadd231ps %%ymm12, %%ymm12, %%ymm4\n vfmadd231ps %%ymm12, %%ymm12, %%ymm5\n"
        "vfmadd231ps %%ymm12, %%ymm12, %%ymm6\n vfmadd231ps %%ymm12, %%ymm12, %%ymm7\n"
        "vfmadd231ps %%ymm12, %%ymm12, %%ymm8\n vfmadd231ps %%ymm12, %%ymm12, %%ymm9\n"
        "vfmadd231ps %%ymm12, %%ymm12, %%ymm10\n vfmadd231ps %%ymm12, %%ymm12, %%ymm11\n dec %%ecx\n jnz 1b\n"
        :
        : "i"(kRounds)
        : "ecx", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
          "xmm12");
  });
  return kRounds * 12.0 * 16.0 / time;
#else
  (void)budget;
  return 0;
#endif
}

void time_shape(const KernelTable& table, const char* name, const AttentionShape& shape, double peak, double budget) {
  for (bool cold : {false, true}) {
    for (uint32_t depth : {128u, 1024u, 4096u}) time_decode(table, name, shape, depth, cold, budget);
  }
  for (uint32_t rows : {16u, 64u, 512u}) time_prefill(table, name, shape, rows, 512, peak, budget);
  time_prefill(table, name, shape, 512, 4096, peak, budget);
}

}  // namespace

int main(int argc, char** argv) {
  const auto isa = argc > 1 ? parse_isa(argv[1]) : default_isa();
  const auto table = isa ? kernel_table(*isa) : std::unexpected(isa.error());
  if (!table) {
    std::fprintf(stderr, "attention: %s\n", table.error().message.c_str());
    return 2;
  }
  const double budget = (argc > 2 ? std::atof(argv[2]) : 200.0) / 1000;
  const double peak = probe_peak(budget);
  std::printf("%s; 256-bit fma peak %.1f GFLOP/s\n", (*table)->name, peak / 1e9);
  for (const KvFormat format : {KvFormat::Float16, KvFormat::Int8}) {
    std::printf("%s\n", format == KvFormat::Int8 ? "int8 keys and values" : "f16 keys and values");
    time_shape(**table, "SmolLM2", {9, 3, 64, 0.125f, 0, 0, format}, peak, budget);
    time_shape(**table, "Gemma3", {4, 1, 256, 0.0625f, 0, 0, format}, peak, budget);
    time_shape(**table, "no group", {3, 3, 64, 0.125f, 0, 0, format}, peak, budget);
    time_shape(**table, "Gemma3 w", {4, 1, 256, 0.0625f, 0, 512, format}, peak, budget);
  }
  return 0;
}

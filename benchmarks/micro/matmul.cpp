// Times the matrix product of each tier: bench_matmul [isa] [type] [rows,rows,…] [seconds a case]
//
// One thread. A case is repeated on the same memory until its time is up and the quickest
// repetition counts, in the thread's own CPU time, so that a neighbour who takes the core away does not show
// (one who shares its caches or its execution ports does).

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"

namespace headrace::kernels {
namespace {

struct Shape {
  uint32_t inputs, outputs;
};
constexpr Shape kShapes[] = {{576, 576}, {576, 192}, {576, 1536}, {1536, 576}, {576, 49152}};
constexpr Shape kShapesOf256[] = {{768, 768}, {768, 2048}, {2048, 768}, {768, 49152}};
constexpr WeightType kTypes[] = {WeightType::F32,  WeightType::F16,  WeightType::BF16, WeightType::Q4_0,
                                 WeightType::Q4_1, WeightType::Q5_0, WeightType::Q5_1, WeightType::Q8_0,
                                 WeightType::Q4_K, WeightType::Q5_K, WeightType::Q6_K, WeightType::Q2_K,
                                 WeightType::Q3_K, WeightType::Q8_K, WeightType::IQ4_NL, WeightType::IQ4_XS,
                                 WeightType::MXFP4, WeightType::TQ1_0, WeightType::TQ2_0};

double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Aligned {
  explicit Aligned(size_t bytes) : data(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64))) {
    std::memset(data, 0, bytes);
  }
  ~Aligned() { std::free(data); }
  std::byte* data;
};

/// Random blocks: quants of any bits, every f16 a small number.
void fill(std::byte* bytes, size_t count, std::mt19937& random) {
  for (size_t i = 0; i + 4 <= count; i += 4) {
    const uint32_t word = random() & 0x0fff0fffu;
    std::memcpy(bytes + i, &word, 4);
  }
}

/// MXFP4's exponents are bytes, of which any bits may be subnormal or too large to be typical.
void set_exponents(std::byte* bytes, size_t count) {
  for (size_t i = 0; i < count; i += info(WeightType::MXFP4).block_bytes) bytes[i] = std::byte{120};
}

double quickest(const KernelTable& table, const MatmulArgs& args, double seconds) {
  double best = 1e9;
  for (double spent = 0; spent < seconds;) {
    const double start = thread_seconds();
    table.matmul(args);
    const double took = thread_seconds() - start;
    best = std::min(best, took);
    spent += took;
  }
  return best;
}

void time_case(const KernelTable& table, WeightType type, Shape shape, uint32_t rows, double seconds) {
  std::mt19937 random(1);
  const ActivationFormat format = info(type).activation;
  Aligned file(file_row_bytes(type, shape.inputs) * shape.outputs);
  fill(file.data, file_row_bytes(type, shape.inputs) * shape.outputs, random);
  if (type == WeightType::MXFP4) set_exponents(file.data, file_row_bytes(type, shape.inputs) * shape.outputs);
  Aligned packed(table.packed_bytes(type, shape.outputs, shape.inputs));
  table.pack(type, shape.outputs, shape.inputs, 0, shape.outputs, file.data, packed.data);
  const size_t stride = table.activation_bytes(format, shape.inputs);
  Aligned activations(stride * rows);
  std::vector<float> row(shape.inputs);
  for (uint32_t r = 0; r < rows; ++r) {
    for (float& x : row) x = std::normal_distribution<float>(0, 1)(random);
    table.quantize(format, shape.inputs, row.data(), 0, shape.inputs, activations.data + r * stride);
  }
  std::vector<float> out(size_t{rows} * shape.outputs);
  MatmulArgs args;
  args.weight = {type, shape.outputs, shape.inputs, packed.data};
  args.activations = activations.data;
  args.activation_stride = stride;
  args.rows = rows;
  args.out = out.data();
  args.out_stride = shape.outputs;
  args.last_output = shape.outputs;
  const double best = quickest(table, args, seconds);
  const double operations = 2.0 * rows * shape.inputs * shape.outputs;
  const double bytes = static_cast<double>(table.packed_bytes(type, shape.outputs, shape.inputs));
  std::printf("%-8s %-5s %5u -> %5u  rows %4u  %9.1f us  %7.1f Gop/s  %6.2f GB/s of weights\n", table.name,
              info(type).name, shape.inputs, shape.outputs, rows, best * 1e6, operations / best * 1e-9,
              bytes / best * 1e-9);
  std::fflush(stdout);
}

std::vector<uint32_t> numbers(const char* text) {
  std::vector<uint32_t> list;
  for (; *text != '\0'; text += *text == ',') {
    char* end;
    list.push_back(static_cast<uint32_t>(std::strtoul(text, &end, 10)));
    if (end == text) break;
    text = end;
  }
  return list;
}

int run(int argc, char** argv) {
  const auto isa = parse_isa(argc > 1 ? argv[1] : "auto");
  const auto table = isa ? kernel_table(*isa) : Result<const KernelTable*>(std::unexpected(isa.error()));
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().message.c_str());
    return 1;
  }
  const std::string wanted = argc > 2 ? argv[2] : "all";
  const std::vector<uint32_t> rows = numbers(argc > 3 ? argv[3] : "1,4,16,64,512");
  const double seconds = argc > 4 ? std::atof(argv[4]) : 0.2;
  for (WeightType type : kTypes) {
    if (wanted != "all" && wanted != info(type).name) continue;
    const bool wide = info(type).block_width == 256;
    for (const Shape& shape : wide ? std::vector<Shape>(std::begin(kShapesOf256), std::end(kShapesOf256))
                                   : std::vector<Shape>(std::begin(kShapes), std::end(kShapes)))
      for (uint32_t count : rows) time_case(**table, type, shape, count, seconds);
  }
  return 0;
}

}  // namespace
}  // namespace headrace::kernels

int main(int argc, char** argv) { return headrace::kernels::run(argc, argv); }

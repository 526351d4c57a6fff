#include "cli/bench_kernels.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <tuple>

#include "base/buffer.h"
#include "base/memory_budget.h"
#include "base/thread_team.h"
#include "cli/bench_random.h"
#include "cli/interrupt.h"
#include "cli/print_json.h"
#include "cli/progress.h"
#include "model/gguf.h"
#include "model/matmul_pieces.h"
#include "model/plan.h"

namespace headrace::cli {
namespace {

using kernels::ActivationFormat;
using kernels::KernelTable;
using kernels::KvFormat;
using kernels::WeightType;
using Clock = std::chrono::steady_clock;

constexpr double kSecondsOfCase = 0.15;
constexpr int kFewestPasses = 3;
constexpr size_t kCacheProbeBytes = 256 << 10;
constexpr uint32_t kStandardSide = 2048;  // of matrices that are asked for by type
constexpr uint32_t kMostRowsOfHead = 64;  // a model computes a block of logits at a time
constexpr uint32_t kHeadOutputs = 16384;
constexpr uint32_t kDecodeDepth = 4096;
constexpr uint32_t kPrefillRows = 256;
constexpr uint32_t kPrefillDepth = 512;

/// Weights, keys and values of so many bytes are never found in a cache.
size_t bytes_beyond_caches() {
  const long last_level = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const size_t cache = last_level > 0 ? static_cast<size_t>(last_level) : 0;
  return std::clamp<size_t>(2 * cache, size_t{128} << 20, size_t{1} << 30);
}

struct Matrix {
  WeightType type;
  uint32_t inputs, outputs;
  auto operator<=>(const Matrix&) const = default;
};

struct Shapes {
  std::string model;
  std::vector<Matrix> matrices;
  std::vector<kernels::AttentionShape> attention;
  uint32_t hidden = kStandardSide;
};

Result<Shapes> shapes_of(const std::filesystem::path& path, const KernelBenchOptions& options) {
  HR_TRY(const auto gguf, model::Gguf::open(path));
  HR_TRY(const auto plan, model::emit_plan(gguf));
  Shapes shapes{.model = gguf.file().path().filename().string(), .matrices = {}, .attention = {}, .hidden = plan.hidden};
  std::set<Matrix> seen;
  for (const WeightType type : options.types) shapes.matrices.push_back({type, kStandardSide, kStandardSide});
  for (const auto& matrix : plan.matrices) {
    const Matrix one{matrix.type, matrix.inputs, matrix.outputs};
    if (options.types.empty() && seen.insert(one).second) shapes.matrices.push_back(one);
  }
  if (options.types.empty()) shapes.attention.push_back(plan.layers.front());
  return shapes;
}

/// Bytes of which every two are a sane half, and every four a sane float: no calculation meets a denormal.
void fill_sanely(std::byte* data, size_t bytes) {
  uint64_t state = 0x9e3779b97f4a7c15;
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    const uint64_t word = (next_random(state) & 0x0fff0fff0fff0fff) | 0x3000300030003000;
    std::memcpy(data + at, &word, 8);
  }
}

/// The same for the blocks of MXFP4, each of which begins with an exponent.
void scale_sanely(std::vector<std::byte>& blocks) {
  const size_t block_bytes = kernels::file_row_bytes(WeightType::MXFP4, 32);
  for (size_t block = 0; block * block_bytes < blocks.size(); ++block) {
    blocks[block * block_bytes] = static_cast<std::byte>(118 + block % 8);
  }
}

std::vector<float> random_floats(size_t count) {
  uint64_t state = 88172645463325252;
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(static_cast<double>(next_random(state) >> 40) / (1 << 23) - 1.0);
  return values;
}

class KernelBench {
 public:
  KernelBench(const KernelTable& kernels, ThreadTeam& team, Progress& progress, std::vector<KernelFigure>& figures)
      : kernels_(kernels), team_(team), progress_(progress), figures_(figures) {}

  MachineRoofs roofs;

  Result<void> probe_machine() {
    progress_.say("the machine's roofs …");
    const size_t share = bytes_beyond_caches() / static_cast<size_t>(team_.size()) / 4096 * 4096;
    HR_TRY(auto memory, Buffer::allocate(share * static_cast<size_t>(team_.size())));
    std::memset(memory.data(), 1, memory.size());
    const auto read = [&](size_t bytes, int times) {
      return quickest([&, bytes, times](const TeamMember& member) {
        uint32_t sum = 0;
        for (int i = 0; i < times; ++i) sum += kernels_.probe_read(memory.data() + static_cast<size_t>(member.index()) * share, bytes);
        sink_.fetch_add(sum, std::memory_order_relaxed);
      });
    };
    HR_TRY(const double memory_seconds, read(share, 1));
    HR_TRY(const double cache_seconds, read(kCacheProbeBytes, 64));
    roofs.memory_bytes_per_s = static_cast<double>(memory.size()) / memory_seconds;
    roofs.cache_bytes_per_s = 64.0 * kCacheProbeBytes * team_.size() / cache_seconds;
    return {};
  }

  Result<void> matmul(const Matrix& matrix, const std::vector<uint32_t>& row_counts) {
    progress_.say(fmt::format("{}: {} {} → {} …", kernels_.name, kernels::info(matrix.type).name, matrix.inputs, matrix.outputs));
    HR_TRY(const double products, probe_products(matrix.type));
    const size_t bytes = kernels_.packed_bytes(matrix.type, matrix.outputs, matrix.inputs);
    const size_t copies = std::clamp<size_t>(bytes_beyond_caches() / bytes, 2, 4096);
    HR_TRY(const auto packed, packed_copies(matrix, bytes, copies));
    for (uint32_t rows : row_counts) {
      if (matrix.outputs >= kHeadOutputs && rows > kMostRowsOfHead) continue;
      HR_TRY(const double seconds, time_matmul(matrix, packed.data(), bytes, copies, rows));
      KernelFigure figure = named("matmul", kernels::info(matrix.type).name, fmt::format("{} → {}", matrix.inputs, matrix.outputs));
      figure.rows = rows;
      figure.seconds = seconds;
      figure.operations = 2.0 * rows * matrix.inputs * matrix.outputs;
      figure.bytes = static_cast<double>(bytes);
      bound_by(figure, products);
      figures_.push_back(std::move(figure));
    }
    return {};
  }

  /// Decode reads every key and value once for the heads of a group; prefill is bound by arithmetic.
  Result<void> attention(kernels::AttentionShape shape, KvFormat format) {
    shape.format = format;
    shape.window = 0;
    progress_.say(fmt::format("{}: attention, {} …", kernels_.name, kernels::name(format)));
    HR_TRY(const double products, probe_products(WeightType::F32));
    const size_t page = kernels_.page_bytes(shape);
    const uint32_t pages = kDecodeDepth / kernels::kPageTokens;
    const auto sequences = static_cast<uint32_t>(std::clamp<size_t>(bytes_beyond_caches() / (page * pages), 2, 64));
    HR_TRY(auto memory, Buffer::allocate(page * pages * sequences));
    std::vector<uint32_t> table(pages);
    for (uint32_t i = 0; i < pages; ++i) table[i] = i;
    const auto run = [&](uint32_t sequence, uint32_t first, uint32_t rows) {
      return kernels::AttentionRun{.pages_base = memory.data() + sequence * page * pages, .page_stride = page, .pages = table.data(),
                                   .first_position = first, .rows = rows};
    };
    const std::vector<float> values = random_floats(size_t{kDecodeDepth} * shape.kv_heads * shape.head_dim);
    kernels_.append(shape, run(0, 0, kDecodeDepth), values.data(), values.data(), size_t{shape.kv_heads} * shape.head_dim);
    for (uint32_t s = 1; s < sequences; ++s) std::memcpy(memory.data() + s * page * pages, memory.data(), page * pages);
    HR_CHECK(decode(shape, sequences, run, page * pages, products));
    return prefill(shape, run, products);
  }

  Result<void> elementwise(uint32_t width) {
    progress_.say(fmt::format("{}: rows of {} …", kernels_.name, width));
    constexpr uint32_t kRows = 32;
    const std::vector<float> input = random_floats(size_t{kRows} * width);
    const std::vector<float> weight(width, 1.0f);
    const auto time_rows = [&](const char* kernel, const char* type, const std::function<void(const float*, std::byte*)>& body) -> Result<void> {
      std::vector<std::vector<std::byte>> outs(static_cast<size_t>(team_.size()), std::vector<std::byte>(width * 4 + 4096));
      HR_TRY(const double seconds, quickest([&](const TeamMember& member) {
        std::byte* out = outs[static_cast<size_t>(member.index())].data();
        for (int i = 0; i < 16; ++i)
          for (uint32_t r = 0; r < kRows; ++r) body(input.data() + size_t{r} * width, out);
      }));
      KernelFigure figure = named(kernel, type, fmt::format("{}", width));
      figure.seconds = seconds / (16.0 * kRows * team_.size());
      figure.bytes = width * 4.0;
      figure.roof_seconds = figure.bytes / roofs.cache_bytes_per_s;
      figure.bound = "cache";
      figures_.push_back(std::move(figure));
      return {};
    };
    for (const ActivationFormat format : {ActivationFormat::Int8x32, ActivationFormat::Int8x256}) {
      const bool wide = format == ActivationFormat::Int8x256;
      if (width % (wide ? 256 : 32) != 0) continue;
      HR_CHECK(time_rows("quantise", wide ? "int8×256" : "int8×32",
                         [&](const float* row, std::byte* out) { kernels_.quantize(format, width, row, 0, width, out); }));
    }
    return time_rows("norm", "f32", [&](const float* row, std::byte* out) {
      kernels_.rms_norm(row, weight.data(), 1e-5f, width, reinterpret_cast<float*>(out));
    });
  }

 private:
  using Pass = std::function<void(const TeamMember&)>;

  /// The quickest of several passes of the team, in seconds. Claims in `claims_` are 0 when a pass begins.
  Result<double> quickest(const Pass& pass) {
    double best = 1e30;
    double spent = 0;
    for (int passes = 0; passes < kFewestPasses || spent < kSecondsOfCase; ++passes) {
      if (InterruptGuard::interrupted()) return fail(ErrorKind::Cancelled, "the benchmark was interrupted");
      for (auto& claim : claims_) claim.store(0, std::memory_order_relaxed);
      Clock::time_point begin, end;
      team_.run([&](const TeamMember& member) {
        member.barrier();
        if (member.index() == 0) begin = Clock::now();
        member.barrier();  // nobody begins before the clock was read
        pass(member);
        member.barrier();
        if (member.index() == 0) end = Clock::now();
      });
      const double seconds = std::chrono::duration<double>(end - begin).count();
      best = std::min(best, seconds);
      spent += seconds;
    }
    return best;
  }

  /// Multiplications and additions a second of all threads; 0 where the tier has no such probe.
  Result<double> probe_products(WeightType type) {
    std::atomic<uint64_t> operations{0};
    if (kernels_.probe_products(type, 1) == 0) return 0.0;
    const auto blocks = static_cast<uint32_t>(2e8 / static_cast<double>(kernels_.probe_products(type, 1)));
    HR_TRY(const double seconds, quickest([&](const TeamMember& member) {
      operations.store(kernels_.probe_products(type, blocks) * static_cast<uint64_t>(member.size()), std::memory_order_relaxed);
    }));
    return static_cast<double>(operations.load()) / seconds;
  }

  KernelFigure named(const char* kernel, const char* type, std::string shape) const {
    KernelFigure figure;
    figure.kernel = kernel;
    figure.tier = kernels_.name;
    figure.type = type;
    figure.shape = std::move(shape);
    return figure;
  }

  static std::string text_of(const kernels::AttentionShape& shape, uint32_t depth) {
    return fmt::format("{}/{} × {} at {}", shape.query_heads, shape.kv_heads, shape.head_dim, depth);
  }

  void bound_by(KernelFigure& figure, double products) const {
    const double memory = figure.bytes / roofs.memory_bytes_per_s;
    const double arithmetic = products > 0 ? figure.operations / products : 0;
    figure.roof_seconds = std::max(memory, arithmetic);
    figure.bound = memory >= arithmetic ? "memory" : "products";
    if (products == 0 && figure.rows > 8) figure.roof_seconds = 0;
  }

  Result<Buffer> packed_copies(const Matrix& matrix, size_t bytes, size_t copies) {
    HR_TRY(auto packed, Buffer::allocate(bytes * copies));
    std::vector<std::byte> file(kernels::file_row_bytes(matrix.type, matrix.inputs) * matrix.outputs);
    fill_sanely(file.data(), file.size());
    if (matrix.type == WeightType::MXFP4) scale_sanely(file);
    kernels_.pack(matrix.type, matrix.outputs, matrix.inputs, 0, matrix.outputs, file.data(), packed.data());
    for (size_t i = 1; i < copies; ++i) std::memcpy(packed.data() + i * bytes, packed.data(), bytes);
    return packed;
  }

  /// Seconds for one matrix, taken over all copies in turn so that each comes from memory.
  Result<double> time_matmul(const Matrix& matrix, const std::byte* packed, size_t bytes, size_t copies, uint32_t rows) {
    const ActivationFormat format = kernels::info(matrix.type).activation;
    const size_t stride = kernels_.activation_bytes(format, matrix.inputs);
    HR_TRY(auto activations, Buffer::allocate(stride * rows));
    const std::vector<float> values = random_floats(size_t{rows} * matrix.inputs);
    for (uint32_t r = 0; r < rows; ++r)
      kernels_.quantize(format, matrix.inputs, values.data() + size_t{r} * matrix.inputs, 0, matrix.inputs, activations.data() + r * stride);
    std::vector<std::vector<float>> outs(static_cast<size_t>(team_.size()), std::vector<float>(size_t{rows} * matrix.outputs));
    const auto threads = static_cast<uint32_t>(team_.size());
    const uint32_t piece = model::choose_piece({.heights = {matrix.outputs}, .output_bytes = kernels::file_row_bytes(matrix.type, matrix.inputs),
                                                .unit = model::kTilesOfPiece * kernels_.tile_outputs, .threads = threads,
                                                .few_rows = rows <= model::kFewRows});
    const size_t turns = rows <= 16 ? copies : std::max<size_t>(2, copies / (rows / 8));
    claims_ = std::vector<std::atomic<uint32_t>>(turns * threads);
    HR_TRY(const double seconds, quickest([&](const TeamMember& member) {
      for (size_t copy = 0; copy < turns; ++copy) {
        kernels::MatmulArgs args;
        args.weight = {matrix.type, matrix.outputs, matrix.inputs, packed + copy * bytes};
        args.activations = activations.data();
        args.activation_stride = stride;
        args.rows = rows;
        args.out = outs[static_cast<size_t>(member.index())].data();
        args.out_stride = matrix.outputs;
        model::share_matmul_pieces(member, &claims_[copy * threads], rows, matrix.outputs, piece,
                                   [&](const model::MatmulPiece& part) { kernels_.matmul(part.of(args)); });
      }
    }));
    return seconds / static_cast<double>(turns);
  }

  template <class Run>
  Result<void> decode(const kernels::AttentionShape& shape, uint32_t sequences, const Run& run, size_t bytes, double products) {
    const uint32_t width = shape.query_heads * shape.head_dim;
    const std::vector<float> queries = random_floats(width);
    auto workspaces = workspaces_of(shape, 1);
    claims_ = std::vector<std::atomic<uint32_t>>(1);
    HR_TRY(const double seconds, quickest([&](const TeamMember& member) {
      auto& [out, scratch] = workspaces[static_cast<size_t>(member.index())];
      member.share(claims_[0], sequences * shape.kv_heads, 1, [&](uint32_t item, uint32_t) {
        kernels_.attend(shape, run(item / shape.kv_heads, kDecodeDepth - 1, 1), queries.data(), width, out.data(), width,
                        item % shape.kv_heads, 0, 1, scratch.data());
      });
    }));
    KernelFigure figure = named("attention decode", kernels::name(shape.format), text_of(shape, kDecodeDepth));
    figure.seconds = seconds / sequences;
    figure.operations = 4.0 * width * kDecodeDepth;
    figure.bytes = static_cast<double>(bytes);
    bound_by(figure, attention_products(shape, products));
    figures_.push_back(std::move(figure));
    return {};
  }

  template <class Run>
  Result<void> prefill(const kernels::AttentionShape& shape, const Run& run, double products) {
    const uint32_t width = shape.query_heads * shape.head_dim;
    const std::vector<float> queries = random_floats(size_t{kPrefillRows} * width);
    auto workspaces = workspaces_of(shape, kPrefillRows);
    const uint32_t first = kPrefillDepth - kPrefillRows;
    constexpr uint32_t kItemRows = 32;
    claims_ = std::vector<std::atomic<uint32_t>>(1);
    HR_TRY(const double seconds, quickest([&](const TeamMember& member) {
      auto& [out, scratch] = workspaces[static_cast<size_t>(member.index())];
      member.share(claims_[0], kPrefillRows / kItemRows * shape.kv_heads, 1, [&](uint32_t item, uint32_t) {
        const uint32_t row = item / shape.kv_heads * kItemRows;
        kernels_.attend(shape, run(0, first, kPrefillRows), queries.data(), width, out.data(), width, item % shape.kv_heads, row,
                        row + kItemRows, scratch.data());
      });
    }));
    KernelFigure figure = named("attention prefill", kernels::name(shape.format), text_of(shape, first));
    figure.rows = kPrefillRows;
    figure.seconds = seconds;
    const double seen = kPrefillRows * (first + (kPrefillRows + 1) / 2.0);
    figure.operations = 4.0 * width * seen;
    bound_by(figure, attention_products(shape, products));
    figures_.push_back(std::move(figure));
    return {};
  }

  /// int8 steps are multiplied as pairs of 16 bits: twice as many in a register as floats, by the same ports.
  static double attention_products(const kernels::AttentionShape& shape, double products) {
    return shape.format == KvFormat::Int8 ? 2 * products : products;
  }

  struct AttentionWorkspace {
    std::vector<float> out, scratch;
  };
  std::vector<AttentionWorkspace> workspaces_of(const kernels::AttentionShape& shape, uint32_t rows) const {
    std::vector<AttentionWorkspace> all(static_cast<size_t>(team_.size()));
    for (auto& one : all) {
      one.out.resize(size_t{rows} * shape.query_heads * shape.head_dim);
      one.scratch.resize(kernels_.attend_scratch_floats(shape));
    }
    return all;
  }

  const KernelTable& kernels_;
  ThreadTeam& team_;
  Progress& progress_;
  std::vector<KernelFigure>& figures_;
  std::vector<std::atomic<uint32_t>> claims_;
  std::atomic<uint32_t> sink_{0};
};

/// The tiers that were asked for: one, or all that this CPU runs but the specification.
Result<std::vector<const KernelTable*>> tiers(const KernelBenchOptions& options) {
  std::vector<const KernelTable*> found;
  if (options.isa) {
    HR_TRY(const auto* only, kernels::kernel_table(*options.isa, options.fast));
    return std::vector{only};
  }
  for (const kernels::Isa isa : kernels::kAllIsas) {
    const auto table = kernels::kernel_table(isa, options.fast);
    if (table && isa != kernels::Isa::Portable) found.push_back(*table);
  }
  if (found.empty()) {
    HR_TRY(const auto* portable, kernels::kernel_table(kernels::Isa::Portable));
    found.push_back(portable);
  }
  return found;
}

}  // namespace

Result<KernelReport> bench_kernels(const std::filesystem::path& path, const KernelBenchOptions& options) {
  HR_TRY(const auto shapes, shapes_of(path, options));
  HR_TRY(const auto tables, tiers(options));
  ThreadTeam team(options.threads);
  Progress progress(options.quiet ? Progress::Show::Nothing : Progress::Show::IfUseful);
  const InterruptGuard guard;
  KernelReport report{.model = shapes.model, .threads = team.size(), .roofs = {}, .figures = {}};
  for (const KernelTable* table : tables) {
    KernelBench bench(*table, team, progress, report.figures);
    HR_CHECK(bench.probe_machine());
    // The widest registers show best what memory gives.
    report.roofs.memory_bytes_per_s = std::max(report.roofs.memory_bytes_per_s, bench.roofs.memory_bytes_per_s);
    report.roofs.cache_bytes_per_s = std::max(report.roofs.cache_bytes_per_s, bench.roofs.cache_bytes_per_s);
    for (const Matrix& matrix : shapes.matrices) HR_CHECK(bench.matmul(matrix, options.rows));
    for (const auto& shape : shapes.attention) {
      HR_CHECK(bench.attention(shape, KvFormat::Float16));
      HR_CHECK(bench.attention(shape, KvFormat::Int8));
    }
    HR_CHECK(bench.elementwise(shapes.hidden));
  }
  progress.finish();
  return report;
}

void print_kernel_table(const KernelReport& report) {
  fmt::print("{}: kernels on its shapes, {} threads, headrace {}\nmemory {:.1f} GB/s, 256 KB of cache {:.1f} GB/s (both probed just now)\n\n",
             report.model, report.threads, HEADRACE_VERSION, report.roofs.memory_bytes_per_s * 1e-9, report.roofs.cache_bytes_per_s * 1e-9);
  fmt::print("{:<18} {:<10} {:<8} {:<18} {:>5} {:>8} {:>8} {:>15} {:<9} {:>6}\n", "kernel", "tier", "type", "shape", "rows", "Gop/s", "GB/s",
             "roof", "bound by", "share");
  for (const KernelFigure& figure : report.figures) {
    const auto rate = [](double amount, double seconds) {
      return amount > 0 && seconds > 0 ? fmt::format("{:.1f}", amount / seconds * 1e-9) : std::string("–");
    };
    const bool products = figure.bound == "products";
    const std::string roof = rate(products ? figure.operations : figure.bytes, figure.roof_seconds);
    fmt::print("{:<18} {:<10} {:<8} {:<18} {:>5} {:>8} {:>8} {:>9} {:<5} {:<9} {:>5.0f}%\n", figure.kernel, figure.tier, figure.type,
               figure.shape, figure.rows, rate(figure.operations, figure.seconds), rate(figure.bytes, figure.seconds), roof,
               products ? "Gop/s" : "GB/s", figure.roof_seconds > 0 ? figure.bound : "", 100 * figure.share());
  }
}

void print_kernel_json(const KernelReport& report) {
  auto figures = nlohmann::ordered_json::array();
  for (const KernelFigure& figure : report.figures) {
    figures.push_back({{"kernel", figure.kernel}, {"tier", figure.tier}, {"type", figure.type}, {"shape", figure.shape}, {"rows", figure.rows},
                       {"seconds", figure.seconds}, {"operations", figure.operations}, {"bytes", figure.bytes},
                       {"roof_seconds", figure.roof_seconds}, {"bound", figure.bound}, {"share", figure.share()}});
  }
  print_json({{"version", HEADRACE_VERSION}, {"model", report.model}, {"threads", report.threads},
              {"memory_bytes_per_s", report.roofs.memory_bytes_per_s}, {"cache_bytes_per_s", report.roofs.cache_bytes_per_s},
              {"kernels", std::move(figures)}});
}

}  // namespace headrace::cli

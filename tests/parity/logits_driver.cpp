// Runs a model for tests/parity/test_logits.py.
//   logits_driver MODEL encode          a text on stdin → its token ids on stdout
//   logits_driver MODEL logits OUT [KV] lines "FIRST ID ID …" on stdin → OUT: float32 logits of the
//                                       rows from FIRST on, line after line; the vocabulary on stdout.
//                                       KV: f16 or int8, how keys and values are kept

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "model/model.h"

namespace headrace::model {
namespace {

constexpr uint32_t kChunk = 64;
constexpr uint32_t kPages = 256;

int fail_with(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int encode(const Model& model) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto encoding = model.tokenizer()->encode(text);
  if (!encoding) return fail_with(encoding.error());
  for (const text::TokenId id : encoding->ids) std::printf("%u ", id);
  return 0;
}

/// Writes the rows from `first` on of one sequence.
Result<void> write_logits(Model& model, const std::vector<text::TokenId>& ids, uint32_t first, std::ofstream& out) {
  std::vector<uint32_t> pages((ids.size() + 15) / 16);
  for (uint32_t i = 0; i < pages.size(); ++i) pages[i] = (i * 37 + 5) % kPages;
  for (uint32_t done = 0; done < ids.size(); done += kChunk) {
    const uint32_t count = std::min<uint32_t>(kChunk, static_cast<uint32_t>(ids.size()) - done);
    const bool wanted = done + count > first;
    const Step step{{{.tokens = std::span(ids).subspan(done, count),
                      .first_position = done,
                      .pages = pages,
                      .logits = wanted ? LogitsRows::All : LogitsRows::None,
                      .want_raw_logits = wanted}}};
    HR_TRY(auto pending, model.backend().submit(step));
    HR_TRY(const auto result, pending->wait());
    if (!wanted) continue;
    const size_t vocabulary = model.info().vocabulary;
    const uint32_t skipped = first > done ? first - done : 0;
    out.write(reinterpret_cast<const char*>(result.runs[0].logits + skipped * vocabulary),
              static_cast<std::streamsize>((count - skipped) * vocabulary * sizeof(float)));
  }
  return {};
}

int logits(Model& model, const char* path) {
  if (const auto pool = model.backend().prepare(kPages, kChunk, kChunk); !pool) return fail_with(pool.error());
  std::ofstream out(path, std::ios::binary);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream numbers(line);
    uint32_t first = 0;
    numbers >> first;
    const std::vector<text::TokenId> ids{std::istream_iterator<text::TokenId>(numbers), {}};
    if (const auto written = write_logits(model, ids, first, out); !written) return fail_with(written.error());
  }
  std::printf("%u\n", model.info().vocabulary);
  return out.flush() ? 0 : 1;
}

int run(int count, char** arguments) {
  if (count < 3) return 2;
  LoadOptions options;
  if (count > 4) {
    const auto format = kernels::parse_kv_format(arguments[4]);
    if (!format) return fail_with(format.error());
    options.kv_format = *format;
  }
  auto model = Model::load(arguments[1], options);
  if (!model) return fail_with(model.error());
  const std::string verb = arguments[2];
  if (verb == "encode") return encode(**model);
  return verb == "logits" && count > 3 ? logits(**model, arguments[3]) : 2;
}

}  // namespace
}  // namespace headrace::model

int main(int count, char** arguments) { return headrace::model::run(count, arguments); }

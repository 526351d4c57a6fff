#include "fake_model.h"

#include <algorithm>

namespace headrace::engine {
namespace {

uint64_t mix(uint64_t h, uint64_t value) {
  h = (h ^ value) * 0x9E3779B97F4A7C15u;
  return h ^ (h >> 29);
}

uint64_t hash_of(std::span<const text::TokenId> tokens) {
  uint64_t h = 1;
  for (const text::TokenId token : tokens) h = mix(h, token);
  return h;
}

std::string utf8(uint32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

/// The letters by which byte-level vocabularies spell bytes: printable ones stand for
/// themselves, the others are counted up from U+0100.
std::string letter(uint32_t byte) {
  auto printable = [](uint32_t b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255); };
  if (printable(byte)) return utf8(byte);
  uint32_t code = 256;
  for (uint32_t b = 0; b < byte; ++b) code += !printable(b);
  return utf8(code);
}

}  // namespace

std::shared_ptr<const text::Tokenizer> byte_tokenizer() {
  text::TokenizerSource source;
  source.pre_tokenizer = "default";
  for (uint32_t byte = 0; byte < 256; ++byte) {
    source.tokens.push_back(letter(byte));
    source.kinds.push_back(text::TokenKind::Normal);
  }
  for (const char* control : {"<|end|>", "<|start|>"}) {
    source.tokens.push_back(control);
    source.kinds.push_back(text::TokenKind::Control);
  }
  source.eos = kEnd;
  auto tokenizer = text::Tokenizer::compile(std::move(source));
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    std::abort();
  }
  return *tokenizer;
}

std::vector<text::TokenId> bytes_of(std::string_view text) {
  std::vector<text::TokenId> ids;
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

float fake_logprob(std::span<const text::TokenId> known, text::TokenId token) {
  return -0.01f * static_cast<float>(mix(hash_of(known), token) % 1000 + 1);
}

float fake_logit(std::span<const text::TokenId> known, text::TokenId token) {
  return static_cast<float>(mix(hash_of(known), token) % 4096);
}

std::vector<text::TokenId> fake_greedy(std::vector<text::TokenId> prompt, uint32_t tokens) {
  std::vector<text::TokenId> output;
  for (uint32_t i = 0; i < tokens; ++i) {
    output.push_back(static_cast<text::TokenId>(hash_of(prompt) % 256));
    prompt.push_back(output.back());
  }
  return output;
}

Result<model::PagePool> FakeBackend::prepare(uint32_t pages, uint32_t max_rows, uint32_t max_logits_rows) {
  pages_ = pages;
  max_rows_ = max_rows;
  max_logits_rows_ = max_logits_rows;
  slots_.assign(size_t{pages} * 16, UINT32_MAX);
  return model::PagePool{.pages = pages, .page_bytes = page_bytes()};
}

void FakeBackend::copy_page(uint32_t from, uint32_t to) {
  ASSERT_LT(from, pages_);
  ASSERT_LT(to, pages_);
  std::copy_n(slots_.begin() + from * 16, 16, slots_.begin() + to * 16);
  ++copies;
}

/// The engine keeps its promises: sizes, and no run reads a page that another writes.
void FakeBackend::check_step(const model::Step& step) const {
  uint32_t rows = 0, logits_rows = 0;
  std::vector<int> written(pages_, -1);
  for (size_t r = 0; r < step.runs.size(); ++r) {
    const model::StepRun& run = step.runs[r];
    const auto count = static_cast<uint32_t>(run.tokens.size());
    ASSERT_GT(count, 0u);
    rows += count;
    if (run.want_raw_logits) logits_rows += run.logits == model::LogitsRows::All ? count : 1;
    ASSERT_GE(run.pages.size() * 16, run.first_position + count);
    for (uint32_t page = run.first_position / 16; page <= (run.first_position + count - 1) / 16; ++page) {
      ASSERT_LT(run.pages[page], pages_);
      ASSERT_EQ(written[run.pages[page]], -1) << "two runs write one page";
      written[run.pages[page]] = static_cast<int>(r);
    }
  }
  ASSERT_GT(rows, 0u);
  ASSERT_LE(rows, max_rows_);
  ASSERT_LE(logits_rows, max_logits_rows_);
  for (size_t r = 0; r < step.runs.size(); ++r)
    for (const uint32_t page : step.runs[r].pages)
      ASSERT_TRUE(written[page] == -1 || written[page] == static_cast<int>(r)) << "a run reads a page that another writes";
}

/// Tokens 0 … `tokens` - 1 of a sequence, from the pages.
std::vector<text::TokenId> FakeBackend::read_back(const model::StepRun& run, uint32_t tokens) const {
  std::vector<text::TokenId> known(tokens);
  for (uint32_t p = 0; p < tokens; ++p) known[p] = slots_[run.pages[p / 16] * 16 + p % 16];
  return known;
}

text::TokenId FakeBackend::draw(std::span<const text::TokenId> known, const model::SampleInput& input) const {
  text::TokenId token;
  if (next) {
    token = next(known, input);
  } else if (input.parameters->temperature == 0) {
    token = static_cast<text::TokenId>(hash_of(known) % 256);
  } else {
    token = static_cast<text::TokenId>(mix(mix(mix(hash_of(known), input.seed), input.choice), input.position) % 256);
  }
  auto allowed = [&](uint32_t id) { return input.allowed_mask.empty() || (input.allowed_mask[id / 32] >> id % 32 & 1); };
  while (!allowed(token)) token = (token + 1) % kVocabulary;
  return token;
}

model::StepRunResult FakeBackend::answer(const model::StepRun& run) {
  model::StepRunResult result;
  const auto count = static_cast<uint32_t>(run.tokens.size());
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t p = run.first_position + i;
    slots_[run.pages[p / 16] * 16 + p % 16] = run.tokens[i];
  }
  if (!check_everything) {
    for (const model::SampleInput& input : run.samples)
      result.samples.push_back({.id = draw(run.tokens.last(1), input), .logprob = 0, .top = {}});
    return result;
  }
  const std::vector<text::TokenId> known = read_back(run, run.first_position + count);
  for (const model::SampleInput& input : run.samples) {
    EXPECT_EQ(input.position, known.size());
    model::SampleOutput output{.id = draw(known, input), .logprob = 0, .top = {}};
    if (input.logprob) output.logprob = fake_logprob(known, output.id);
    for (uint32_t k = 0; k < input.top_logprobs; ++k) output.top.push_back({.id = k, .logprob = fake_logprob(known, k)});
    result.samples.push_back(std::move(output));
  }
  for (uint32_t i = 0; i + 1 < count && run.want_prompt_logprobs; ++i) {
    const auto before = std::span(known).first(run.first_position + i + 1);
    result.prompt_logprobs.push_back({.id = run.tokens[i + 1], .logprob = fake_logprob(before, run.tokens[i + 1]), .top = {}});
  }
  if (run.want_raw_logits) {
    logits_.clear();
    for (uint32_t i = 0; i < count; ++i)
      for (uint32_t v = 0; v < kVocabulary; ++v)
        logits_.push_back(fake_logit(std::span(known).first(run.first_position + i + 1), v));
    result.logits = logits_.data();
    result.logits_rows = count;
  }
  return result;
}

class FakeStep final : public model::PendingStep {
 public:
  FakeStep(FakeBackend& backend, const model::Step& step) : backend_(backend), step_(step) {}
  Result<model::StepResult> wait() override {
    if (backend_.check_everything) backend_.check_step(step_);
    model::StepResult result;
    uint32_t decodes = 0, prompt_tokens = 0;
    std::vector<SeenRun> seen;
    for (const model::StepRun& run : step_.runs) {
      const auto count = static_cast<uint32_t>(run.tokens.size());
      (count == 1 ? decodes : prompt_tokens) += count;
      backend_.rows += count;
      if (backend_.keep_steps) seen.push_back({run.first_position, count, run.logits});
      result.runs.push_back(backend_.answer(run));
    }
    if (backend_.keep_steps) backend_.steps.push_back(std::move(seen));
    backend_.now = backend_.now + backend_.cost(decodes, prompt_tokens);
    return result;
  }

 private:
  FakeBackend& backend_;
  const model::Step& step_;
};

Result<std::unique_ptr<model::PendingStep>> FakeBackend::submit(const model::Step& step) {
  if (before_step) before_step();
  if (fail_steps > 0) {
    --fail_steps;
    return fail(ErrorKind::Internal, "the device is gone");
  }
  return std::make_unique<FakeStep>(*this, step);
}

FakeModel::FakeModel(uint32_t context) : tokenizer_(byte_tokenizer()), budget_(MemoryBudget::create("test")) {
  info_.name = "fake";
  info_.vocabulary = kVocabulary;
  info_.context_length = context;
}

}  // namespace headrace::engine

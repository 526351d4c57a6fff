#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "text/bpe/byte_letters.h"
#include "text/bulk/piece_splitter.h"
#include "text/strings/normal_forms.h"
#include "text/training.h"
#include "text/training/piece_counts.h"
#include "text/training/training_watch.h"
#include "text/training/word_cut.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// What one thread counts at a time.
constexpr size_t kBlockBytes = size_t{128} << 10;
constexpr size_t kUnitsAtOnce = 4096;
/// How much of files is read at a time, for each thread.
constexpr size_t kReadBytes = size_t{2} << 20;
/// Longer units seldom come again.
constexpr size_t kLongestUnit = 256;

struct Stages {
  std::shared_ptr<const NormalizerStage> normalizer;
  std::shared_ptr<const PreTokenizerStage> pre_tokenizer;

  Result<void> count(std::string_view text, uint64_t times, WordCounts& words) const {
    NormalizedString normalized{std::string(text)};
    if (normalizer) HR_CHECK(normalizer->normalize(normalized));
    PreTokenizedString pieces(std::move(normalized));
    if (pre_tokenizer) HR_CHECK(pre_tokenizer->pre_tokenize(pieces));
    for (const auto& piece : pieces.splits()) {
      if (!piece.text.empty()) words.add(piece.text.normalized(), times);
    }
    return {};
  }
};

template <class Spec>
Result<std::shared_ptr<const typename Spec::Stage>> stage_of(const LivePart<Spec>& part) {
  if (!part) return std::shared_ptr<const typename Spec::Stage>{};
  return part->stage();
}

void append_letters(std::string_view piece, std::string& out) {
  static const auto letters = [] {
    std::array<std::string, 256> table;
    for (int byte = 0; byte < 256; ++byte) table[static_cast<size_t>(byte)] = ByteLetters::letter(static_cast<uint8_t>(byte));
    return table;
  }();
  for (const char byte : piece) out += letters[static_cast<uint8_t>(byte)];
}

/// What one thread has counted.
struct Counted {
  PieceCounts raw;   // pieces or units, as they stand in the text
  WordCounts words;  // of texts that had to be normalised
  SplitChunk chunk;
  std::string prefixed;
};

/// The most frequent first, then in order of bytes.
WordCounts sorted(const WordCounts& words) {
  std::vector<uint32_t> order(words.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&words](uint32_t a, uint32_t b) {
    return words.count(a) != words.count(b) ? words.count(a) > words.count(b) : words.word(a) < words.word(b);
  });
  WordCounts result;
  for (const uint32_t n : order) result.append(words.word(n), words.count(n));
  return result;
}

}  // namespace

struct WordCounter::State {
  TrainingOptions options;
  TrainingWatch watch{options};
  Stages stages;
  WordCut cut;
  std::optional<PieceSplitter> splitter;
  std::mutex mutex;
  std::vector<std::unique_ptr<Counted>> idle;  // one for each thread that has counted
  size_t texts = 0;

  std::unique_ptr<Counted> borrow() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Counted>();
    auto counted = std::move(idle.back());
    idle.pop_back();
    return counted;
  }
  void give_back(std::unique_ptr<Counted> counted) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(counted));
  }

  Result<void> count(std::string_view text, Counted& to) const {
    switch (cut.kind) {
      case WordCut::Kind::Texts: return stages.count(text, 1, to.words);
      case WordCut::Kind::Units: return count_units(text, to);
      case WordCut::Kind::Pieces: return count_pieces(text, to);
    }
    return {};
  }

  Result<void> count_units(std::string_view text, Counted& to) const {
    for (size_t at = 0; at < text.size();) {
      const size_t end = unit_end(text, at);
      const std::string_view unit = text.substr(at, end - at);
      if (unit.size() > kLongestUnit) {
        HR_CHECK(stages.count(unit, 1, to.words));
      } else {
        to.raw.add(unit);
      }
      at = end;
    }
    return {};
  }

  Result<void> count_pieces(std::string_view text, Counted& to) const {
    if (cut.pieces->nfc && !is_nfc(text)) return stages.count(text, 1, to.words);
    if (cut.pieces->prefix_space && !text.empty() && text[0] != ' ') {
      to.prefixed.assign(1, ' ').append(text);
      text = to.prefixed;
    }
    for (size_t at = 0; at < text.size();) {
      const size_t end = splitter->cut(text, at, to.chunk);
      if (to.chunk.blocks == 0) {
        to.raw.add(text.substr(at, end - at));
      } else {
        to.raw.add(to.chunk);
      }
      at = end;
    }
    return {};
  }

  Result<void> count_lines(std::string_view block, Counted& to) const {
    while (!block.empty()) {
      const size_t end = std::min(block.find('\n'), block.size() - 1) + 1;
      HR_CHECK(count(block.substr(0, end), to));
      block.remove_prefix(end);
    }
    return {};
  }

  Result<void> add(std::span<const std::string_view> all) {
    // Blocks of whole texts.
    std::vector<size_t> ends;
    size_t bytes = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      bytes += all[i].size() + 16;
      if (bytes < kBlockBytes && i + 1 < all.size()) continue;
      ends.push_back(i + 1);
      bytes = 0;
    }
    HR_CHECK(watch.parallel_for(ends.size(), 1, [&](size_t first, size_t last) -> Result<void> {
      auto counted = borrow();
      Result<void> done;
      for (size_t i = first > 0 ? ends[first - 1] : 0; i < ends[last - 1] && done; ++i) done = count(all[i], *counted);
      give_back(std::move(counted));
      return done;
    }));
    texts += all.size();
    watch.progress("Pre-processing sequences", texts, 0);
    return {};
  }

  /// Whole lines.
  Result<void> add_block(std::string_view block, const std::filesystem::path& path, uint64_t offset) {
    std::vector<size_t> ends;
    for (size_t at = 0; at < block.size(); at = ends.back()) {
      const size_t newline = block.find('\n', std::min(at + kBlockBytes, block.size()) - 1);
      ends.push_back(std::min(newline, block.size() - 1) + 1);
    }
    return watch.parallel_for(ends.size(), 1, [&](size_t first, size_t last) -> Result<void> {
      const size_t begin = first > 0 ? ends[first - 1] : 0;
      const std::string_view lines = block.substr(begin, ends[last - 1] - begin);
      if (const size_t valid = utf8::valid_prefix(lines); valid < lines.size()) {
        const std::string name = path.string();
        return fail(ErrorKind::InvalidData, fmt::format("{}: stream did not contain valid UTF-8, at byte {}", name, offset + begin + valid), name);
      }
      auto counted = borrow();
      Result<void> done = count_lines(lines, *counted);
      give_back(std::move(counted));
      return done;
    });
  }

  Result<void> add_files(std::span<const std::filesystem::path> paths) {
    std::vector<uint64_t> sizes;
    for (const auto& path : paths) {
      std::error_code code;
      sizes.push_back(std::filesystem::file_size(path, code));
      if (code) sizes.back() = 0;  // a pipe; what does not exist cannot be opened below
    }
    const uint64_t total = std::accumulate(sizes.begin(), sizes.end(), uint64_t{0});
    uint64_t before = 0;
    watch.progress("Pre-processing files", 0, total);
    for (size_t i = 0; i < paths.size(); ++i) {
      HR_CHECK(add_file(paths[i], before, total));
      before += sizes[i];
    }
    return {};
  }

  Result<void> add_file(const std::filesystem::path& path, uint64_t before, uint64_t total) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorKind::NotFound, fmt::format("No such file or directory (os error 2): {}", path.string()), path.string());
    std::string block;
    uint64_t offset = 0;  // of the block in the file
    const size_t most = kReadBytes * static_cast<size_t>(watch.pool().threads());
    for (;;) {
      HR_CHECK(watch.check());
      const size_t kept = block.size();
      block.resize(kept + most);
      file.read(block.data() + kept, static_cast<std::streamsize>(most));
      block.resize(kept + static_cast<size_t>(file.gcount()));
      if (file.bad()) return fail(ErrorKind::Io, fmt::format("{}: cannot be read to its end", path.string()), path.string());
      const bool ended = file.eof();
      // Only what has just been read can have the end of the last whole line.
      const size_t newline = std::string_view(block).substr(kept).rfind('\n');
      const size_t whole = ended ? block.size() : newline == std::string_view::npos ? 0 : kept + newline + 1;
      HR_CHECK(add_block(std::string_view(block).substr(0, whole), path, offset));
      offset += whole;
      block.erase(0, whole);
      watch.progress("Pre-processing files", before + offset, total);
      if (ended) return {};
    }
  }

  Result<WordCounts> take() {
    auto all = idle.empty() ? std::make_unique<Counted>() : std::move(idle.front());
    for (size_t i = 1; i < idle.size(); ++i) {
      HR_CHECK(watch.check());
      all->raw.add(idle[i]->raw);
      all->words.add(idle[i]->words);
      idle[i].reset();
    }
    idle.clear();
    texts = 0;
    if (cut.kind == WordCut::Kind::Pieces) return spelled(*all);
    if (cut.kind == WordCut::Kind::Units) HR_CHECK(count_words_of_units(*all));
    return sorted(all->words);
  }

  /// Each piece is a word; those of texts that had to be normalised are spelled already.
  WordCounts spelled(Counted& counted) const {
    WordCounts words = std::move(counted.words);
    const bool known = !words.empty();
    std::string spelling;
    const auto add = [&](std::string_view piece, uint64_t count) {
      spelling.clear();
      append_letters(piece, spelling);
      known ? words.add(spelling, count) : words.append(spelling, count);
    };
    for (const PieceCounts::Short& piece : counted.raw.sorted()) {
      char room[16];
      add(piece.bytes(room), piece.count);
    }
    const WordCounts long_pieces = sorted(counted.raw.long_pieces());
    for (size_t n = 0; n < long_pieces.size(); ++n) add(long_pieces.word(n), long_pieces.count(n));
    return known ? sorted(words) : std::move(words);
  }

  Result<void> count_words_of_units(Counted& counted) {
    const auto short_units = counted.raw.sorted();
    const WordCounts& long_units = counted.raw.long_pieces();
    const size_t total = short_units.size() + long_units.size();
    HR_CHECK(watch.parallel_for(total, kUnitsAtOnce, [&](size_t begin, size_t end) -> Result<void> {
      auto to = borrow();
      Result<void> done;
      for (size_t i = begin; i < end && done; ++i) {
        char room[16];
        const size_t n = i - short_units.size();
        done = i < short_units.size() ? stages.count(short_units[i].bytes(room), short_units[i].count, to->words)
                                      : stages.count(long_units.word(n), long_units.count(n), to->words);
      }
      give_back(std::move(to));
      return done;
    }));
    for (const auto& part : idle) counted.words.add(part->words);
    idle.clear();
    return {};
  }
};

WordCounter::WordCounter(std::unique_ptr<State> state) : state_(std::move(state)) {}
WordCounter::WordCounter(WordCounter&&) noexcept = default;
WordCounter& WordCounter::operator=(WordCounter&&) noexcept = default;
WordCounter::~WordCounter() = default;

Result<WordCounter> WordCounter::make(const Pipeline& pipeline, TrainingOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  const auto normalizer = pipeline.normalizer();
  const auto pre_tokenizer = pipeline.pre_tokenizer();
  HR_TRY(state->stages.normalizer, stage_of(normalizer));
  HR_TRY(state->stages.pre_tokenizer, stage_of(pre_tokenizer));
  state->cut = recognise_words(normalizer, pre_tokenizer);
  if (state->cut.pieces) state->splitter.emplace(state->cut.pieces->rules);
  return WordCounter(std::move(state));
}

Result<void> WordCounter::add(std::span<const std::string_view> texts) { return state_->add(texts); }
Result<void> WordCounter::add_files(std::span<const std::filesystem::path> paths) { return state_->add_files(paths); }
Result<WordCounts> WordCounter::take() { return state_->take(); }

Result<void> count_words(const Pipeline& pipeline, std::span<const std::string_view> texts, WordCounts& counts) {
  HR_TRY(auto counter, WordCounter::make(pipeline));
  HR_CHECK(counter.add(texts));
  HR_TRY(const WordCounts words, counter.take());
  counts.add(words);
  return {};
}

}  // namespace headrace::text

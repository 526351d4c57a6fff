#include "text/compiled/compiled_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/file.h"
#include "text/compiled/array_file.h"
#include "text/components/models/merge_table.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/bulk_pieces.h"
#include "text/pipeline/bulk_shape.h"
#include "text/pipeline/bulk_tables.h"
#include "text/pipeline/state.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using compiled::ArrayReader;
using compiled::ArrayWriter;

/// Numbers of the file, in this order.
enum Fact : size_t { kHasVocabulary, kHasMerges, kHasBulk, kBulkKind, kIgnoreMerges, kTableSeed, kHashFirst, kHashSecond, kFacts };
using Facts = std::array<uint64_t, kFacts>;

std::unexpected<Error> unsound(const char* what) {
  return fail(ErrorKind::InvalidData, fmt::format("The compiled tokenizer's {} make no sense; compile it again.", what));
}

struct Write {
  ArrayWriter& writer;

  template <class T>
  Result<void> operator()(const TableArray<T>& array) const {
    writer.add(array);
    return {};
  }
  Result<void> operator()(const StringArena& arena) const {
    constexpr uint32_t kNothing[] = {0};
    writer.add(arena.bytes());
    writer.add(arena.ends().empty() ? std::span<const uint32_t>(kNothing) : arena.ends());
    return {};
  }
};

struct Read {
  ArrayReader& reader;

  template <class T>
  Result<void> operator()(TableArray<T>& array) const {
    return reader.take(array);
  }
  Result<void> operator()(StringArena& arena) const {
    TableArray<char> bytes;
    TableArray<uint32_t> ends;
    HR_CHECK(reader.take(bytes));
    HR_CHECK(reader.take(ends));
    if (!StringArena::is_sound(bytes, ends)) return unsound("strings");
    arena = StringArena(std::move(bytes), std::move(ends));
    return {};
  }
};

/// Whether each string is valid UTF-8 of its own.
bool is_valid_utf8(const StringArena& strings) {
  for (const uint32_t end : strings.ends()) {
    if (end < strings.bytes().size() && utf8::is_continuation(strings.bytes()[end])) return false;
  }
  return utf8::valid_prefix(strings.bytes()) == strings.bytes().size();
}

template <class Model>
constexpr bool kHasTable = requires(const Model& model) { model.vocabulary; };

std::shared_ptr<const TokenTable> vocabulary_of(const ModelSpec& model) {
  return std::visit(
      []<class Model>(const Model& m) -> std::shared_ptr<const TokenTable> {
        if constexpr (kHasTable<Model>) return m.vocabulary;
        return nullptr;
      },
      model.value);
}

std::shared_ptr<const MergeTable> merges_of(const ModelSpec& model) {
  const auto* bpe = std::get_if<BpeModel>(&model.value);
  return bpe ? bpe->merges : nullptr;
}

void set_tables(ModelSpec& model, std::shared_ptr<const TokenTable> vocabulary, std::shared_ptr<const MergeTable> merges) {
  std::visit(
      [&]<class Model>(Model& m) {
        if constexpr (kHasTable<Model>) m.vocabulary = std::move(vocabulary);
        if constexpr (std::is_same_v<Model, BpeModel>) m.merges = std::move(merges);
      },
      model.value);
}

/// Seeds that follow from what is compiled, so that the same tokenizer gives the same file.
uint64_t content_seed(std::string_view settings, const TokenTable* vocabulary, const MergeTable* merges) {
  uint64_t seed = compiled::checksum(settings);
  if (vocabulary) seed = fold_multiply(seed ^ 0x9E3779B97F4A7C15u, compiled::checksum(vocabulary->spellings().bytes()));
  if (merges) {
    const auto by_rank = merges->by_rank();
    const std::string_view bytes(reinterpret_cast<const char*>(by_rank.data()), by_rank.size_bytes());
    seed = fold_multiply(seed ^ 0xD6E8FEB86659FD93u, compiled::checksum(bytes));
  }
  return seed;
}

/// The same vocabulary in a table with another seed.
Result<std::shared_ptr<const TokenTable>> with_seed(const TokenTable& vocabulary, uint64_t seed) {
  std::vector<TokenEntry> entries;
  entries.reserve(vocabulary.size());
  for (size_t n = 0; n < vocabulary.size(); ++n) entries.push_back({vocabulary.spelling_at(n), vocabulary.id_at(n)});
  return TokenTable::build(entries, seed);
}

Result<void> write_bulk(const BulkTables& tables, ArrayWriter& writer) {
  const VocabularyTable::Ready table = tables.encoder->table().ready();
  if (!table.is_sound()) return fail(ErrorKind::Unsupported, "The vocabulary has too many tokens with one hash to be compiled.");
  const Write write{writer};
  HR_CHECK(write(table.buckets));
  HR_CHECK(write(table.long_entries));
  HR_CHECK(write(table.long_values));
  HR_CHECK(write(tables.encoder->token_sizes()));
  HR_CHECK(Barriers::visit_arrays(*tables.barriers, write));
  if (const auto* bytes = dynamic_cast<const BytePieces*>(tables.pieces.get())) return ByteLevelBpe::visit_arrays(bytes->bpe(), write);
  const auto& characters = dynamic_cast<const CharacterPieces&>(*tables.pieces);
  HR_CHECK(write(characters.byte_tokens()));
  return PairMerger::visit_arrays(characters.merger(), write);
}

Result<std::shared_ptr<const ReadyBulk>> read_bulk(ArrayReader& reader, const Facts& facts, std::shared_ptr<const TokenTable> vocabulary,
                                                   std::shared_ptr<const MergeTable> merges) {
  auto ready = std::make_shared<ReadyBulk>();
  const size_t n_merges = merges->by_rank().size();
  ready->kind = facts[kBulkKind] == 0 ? BulkShape::Kind::ByteLevel : BulkShape::Kind::SentencePiece;
  ready->ignore_merges = facts[kIgnoreMerges] != 0;
  ready->hash = PieceHash(facts[kHashFirst], facts[kHashSecond]);
  const Read read{reader};
  HR_CHECK(read(ready->table.buckets));
  HR_CHECK(read(ready->table.long_entries));
  HR_CHECK(read(ready->table.long_values));
  HR_CHECK(read(ready->token_sizes));
  if (!ready->table.is_sound()) return unsound("entries");
  auto barriers = std::make_shared<Barriers>();
  HR_CHECK(Barriers::visit_arrays(*barriers, read));
  if (!barriers->adopt()) return unsound("barriers");
  ready->barriers = barriers;
  if (ready->kind == BulkShape::Kind::ByteLevel) {
    ByteLevelBpe bpe(barriers);
    HR_CHECK(ByteLevelBpe::visit_arrays(bpe, read));
    if (!bpe.adopt(n_merges)) return unsound("pairs");
    ready->pieces = std::make_shared<BytePieces>(std::move(bpe));
  } else {
    TableArray<uint32_t> byte_tokens;
    PairMerger merger;
    HR_CHECK(read(byte_tokens));
    HR_CHECK(PairMerger::visit_arrays(merger, read));
    if (byte_tokens.size() != 256 || !merger.adopt(n_merges)) return unsound("pairs");
    ready->pieces = std::make_shared<CharacterPieces>(vocabulary, std::move(byte_tokens), std::move(merger));
  }
  ready->vocabulary = std::move(vocabulary);
  ready->merges = std::move(merges);
  return ready;
}

}  // namespace

Result<std::string> Pipeline::to_compiled() const {
  Pipeline self(*this);  // one moment's parts, of which the tables are then taken away
  State& state = *self.state_;
  ModelSpec model = state.model->get();
  const auto vocabulary = vocabulary_of(model);
  const auto merges = vocabulary ? merges_of(model) : nullptr;
  const AddedVocabulary added = std::exchange(state.added, {});
  ModelSpec bare = model;
  set_tables(bare, nullptr, nullptr);
  state.model = std::make_shared<Live<ModelSpec>>(std::move(bare));
  HR_TRY(const std::string settings, self.to_json(false));

  const uint64_t seed = content_seed(settings, vocabulary.get(), merges.get());
  Facts facts{};
  facts[kHasVocabulary] = vocabulary != nullptr;
  facts[kHasMerges] = merges != nullptr;
  facts[kTableSeed] = seed;
  facts[kHashFirst] = fold_multiply(seed ^ 1, 0x9E3779B97F4A7C15u);
  facts[kHashSecond] = fold_multiply(seed ^ 2, 0xD6E8FEB86659FD93u);
  std::shared_ptr<const BulkTables> tables;
  if (const auto shape = vocabulary && merges ? recognise(state.normalizer, state.pre_tokenizer, model) : std::nullopt) {
    tables = BulkTables::build(*shape, PieceHash(facts[kHashFirst], facts[kHashSecond]));
    if (tables) tables->learn();
    facts[kBulkKind] = shape->kind == BulkShape::Kind::ByteLevel ? 0 : 1;
    facts[kIgnoreMerges] = shape->kind == BulkShape::Kind::ByteLevel && shape->model.ignore_merges;
  }
  facts[kHasBulk] = tables != nullptr;

  ArrayWriter writer;
  writer.add(std::string_view(settings));
  writer.add(std::span<const uint64_t>(facts));
  added.write(writer);
  if (vocabulary) {
    HR_TRY(const auto seeded, with_seed(*vocabulary, seed));
    HR_CHECK(TokenTable::visit_arrays(*seeded, Write{writer}));
  }
  if (merges) writer.add(merges->by_rank());
  if (tables) HR_CHECK(write_bulk(*tables, writer));
  std::string file = std::move(writer).finish();
  // What cannot be opened is not written: look-ups that would take too long, above all.
  HR_CHECK(from_compiled(file, "the compiled tokenizer"));
  return file;
}

Result<void> Pipeline::save_compiled(const std::filesystem::path& path) const {
  HR_TRY(const std::string file, to_compiled());
  return write_file_atomically(path, file);
}

Result<Pipeline> Pipeline::from_compiled(std::shared_ptr<const void> owner, std::span<char> data) {
  HR_TRY(ArrayReader reader, ArrayReader::open(std::move(owner), data));
  TableArray<char> settings;
  TableArray<uint64_t> facts_array;
  HR_CHECK(reader.take(settings));
  HR_CHECK(reader.take(facts_array));
  if (facts_array.size() != kFacts) return unsound("numbers");
  Facts facts;
  std::copy(facts_array.begin(), facts_array.end(), facts.begin());
  HR_TRY(Pipeline pipeline, from_json({settings.data(), settings.size()}));
  State& state = *pipeline.state_;
  HR_TRY(state.added, AddedVocabulary::read(reader));
  ModelSpec model = state.model->get();
  std::shared_ptr<const TokenTable> vocabulary;
  std::shared_ptr<const MergeTable> merges;
  if (facts[kHasVocabulary]) {
    const auto table = TokenTable::unfilled();
    HR_CHECK(TokenTable::visit_arrays(*table, Read{reader}));
    if (!table->adopt(facts[kTableSeed])) return unsound("tokens");
    if (!is_valid_utf8(table->spellings())) return unsound("spellings");
    vocabulary = table;
  }
  if (facts[kHasMerges]) {
    TableArray<MergeIds> by_rank;
    HR_CHECK(reader.take(by_rank));
    merges = MergeTable::of(std::move(by_rank));
  }
  const bool is_bpe = std::holds_alternative<BpeModel>(model.value);
  if (facts[kHasMerges] && !(is_bpe && vocabulary)) return unsound("parts");
  if (vocabulary) {
    set_tables(model, vocabulary, merges);
    state.model = std::make_shared<Live<ModelSpec>>(std::move(model));
  }
  if (facts[kHasBulk]) {
    if (!merges) return unsound("parts");
    HR_TRY(state.ready, read_bulk(reader, facts, std::move(vocabulary), std::move(merges)));
  }
  if (!reader.all_taken()) return unsound("parts");
  return pipeline;
}

Result<Pipeline> Pipeline::from_compiled(std::string_view bytes, std::string_view name) {
  TableArray<char> copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  auto pipeline = from_compiled(std::make_shared<TableArray<char>>(copy), {copy.data(), copy.size()});
  if (!pipeline) pipeline.error().message = fmt::format("{}: {}", name, pipeline.error().message);
  return pipeline;
}

bool is_compiled_tokenizer(const std::filesystem::path& path) {
  const auto file = File::open(path);
  std::array<char, compiled::kMagic.size()> begin{};
  if (!file || file->size_bytes() < begin.size()) return false;
  return file->read_at(0, std::as_writable_bytes(std::span(begin))) && compiled::looks_compiled({begin.data(), begin.size()});
}

Result<Pipeline> open_compiled(const std::filesystem::path& path) {
  HR_TRY(const File file, File::open(path));
  HR_TRY(const Buffer mapped, file.map_private());
  auto pipeline = Pipeline::from_compiled(std::make_shared<Buffer>(mapped), {mapped.as<char>(), mapped.size()});
  if (!pipeline) pipeline.error().message = fmt::format("{}: {}", path.string(), pipeline.error().message);
  return pipeline;
}

}  // namespace headrace::text

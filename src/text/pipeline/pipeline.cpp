#include "text/pipeline.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <unordered_map>

#include "base/thread_pool.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/state.h"
#include "text/pipeline/truncation.h"

namespace headrace::text {
namespace {

template <class Spec>
Result<std::shared_ptr<const typename Spec::Stage>> stage_of(const LivePart<Spec>& part) {
  if (!part) return nullptr;
  return part->stage();
}

/// TOKENIZERS_PARALLELISM=false keeps batches on the calling thread, as users of the
/// reference expect.
bool parallel() {
  const char* setting = std::getenv("TOKENIZERS_PARALLELISM");
  if (!setting) return true;
  std::string value(setting);
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::string_view kOff[] = {"", "off", "false", "f", "no", "n", "0"};
  return std::find(std::begin(kOff), std::end(kOff), value) == std::end(kOff);
}

/// Calls body(i) for each i, on the pool; returns the error of the first i that has one.
Result<void> for_each_index(size_t count, const std::function<Result<void>(size_t)>& body) {
  std::vector<Result<void>> results(count);
  const auto run = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) results[i] = body(i);
  };
  if (count > 1 && parallel()) {
    ThreadPool::process().parallel_for(count, 1, run);
  } else {
    run(0, count);
  }
  for (Result<void>& result : results) HR_CHECK(std::move(result));
  return {};
}

void take_ids(Encoding encoding, std::vector<TokenId>& ids, std::vector<Offset>* offsets) {
  ids = std::move(encoding.ids);
  if (offsets) *offsets = std::move(encoding.offsets);
}

std::vector<PipelineInput> inputs_of(std::span<const std::string_view> texts) {
  std::vector<PipelineInput> inputs;
  inputs.reserve(texts.size());
  for (const std::string_view text : texts) inputs.push_back({text, std::nullopt});
  return inputs;
}

/// Where groups of neighbouring texts end that threads encode side by side: of about as many bytes each, and
/// one on a thread alone.
std::vector<size_t> group_ends(std::span<const std::string_view> texts) {
  const size_t threads = parallel() ? static_cast<size_t>(ThreadPool::process().threads()) : 1;
  const size_t most = threads == 1 ? 1 : std::min(texts.size(), threads * 8);
  size_t left = 0;
  for (const std::string_view text : texts) left += text.size();
  std::vector<size_t> ends;
  size_t bytes = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    bytes += texts[i].size();
    if (ends.size() + 1 == most || bytes * (most - ends.size()) < left) continue;
    ends.push_back(i + 1);
    left -= bytes;
    bytes = 0;
  }
  if (!texts.empty() && (ends.empty() || ends.back() < texts.size())) ends.push_back(texts.size());
  return ends;
}

/// All rows as one; gives the memory of each back once it is copied.
template <class T>
std::vector<T> joined(std::vector<std::vector<T>>& rows) {
  if (rows.size() == 1) return std::move(rows.front());
  size_t size = 0;
  for (const auto& row : rows) size += row.size();
  std::vector<T> all;
  all.reserve(size);
  for (auto& row : rows) {
    all.insert(all.end(), row.begin(), row.end());
    row = {};
  }
  return all;
}

std::optional<TokenId> unknown_id(const ModelSpec& spec, const ModelStage& stage) {
  return std::visit(
      [&]<class Model>(const Model& model) -> std::optional<TokenId> {
        if constexpr (std::is_same_v<Model, CustomModel>) {
          return std::nullopt;
        } else if constexpr (std::is_same_v<Model, UnigramModel>) {
          return model.unk_id;
        } else if constexpr (std::is_same_v<Model, BpeModel>) {
          return model.unk_token ? stage.token_to_id(*model.unk_token) : std::nullopt;
        } else {
          return stage.token_to_id(model.unk_token);
        }
      },
      spec.value);
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Pipeline::State::snapshot() {
  const std::lock_guard lock(mutex);
  // Read before compiling: a change that comes meanwhile is seen by the next call.
  const uint64_t generation = component_generation();
  if (latest && latest_generation == generation) return latest;
  auto next = std::make_shared<Snapshot>();
  HR_TRY(next->normalizer, stage_of(normalizer));
  HR_TRY(next->pre_tokenizer, stage_of(pre_tokenizer));
  HR_TRY(next->model, stage_of(model));
  HR_TRY(next->post_processor, stage_of(post_processor));
  HR_TRY(next->decoder, stage_of(decoder));
  if (!finder) {
    HR_TRY(finder, added.compile(next->normalizer.get()));
  }
  next->added = finder;
  next->truncation = truncation;
  next->padding = padding;
  next->encode_special_tokens = encode_special_tokens;
  next->unknown = unknown_id(model->get(), *next->model);
  update_bulk(*next);
  HR_CHECK(update_bulk_decoder(*next));
  next->surroundings = ids_around(post_processor);
  next->bulk = bulk;
  next->bulk_decoder = bulk_decoder;
  if (component_generation() != generation) {  // a part that changed meanwhile may be recognised as what its stage is not yet
    bulk_model.reset();
    decode_model.reset();
    next->bulk.reset();
    next->bulk_decoder.reset();
    next->surroundings.reset();
  }
  latest = std::move(next);
  latest_generation = generation;
  return latest;
}

void Pipeline::State::update_bulk(const Snapshot& next) {
  const bool same = bulk_model == next.model && bulk_normalizer == next.normalizer && bulk_pre_tokenizer == next.pre_tokenizer;
  if (same) return;
  bulk_normalizer = next.normalizer;
  bulk_pre_tokenizer = next.pre_tokenizer;
  bulk_model = next.model;
  bulk = BulkPlan::make(normalizer, pre_tokenizer, model->get(), {next.normalizer, next.pre_tokenizer, nullptr, next.model}, ready.get());
}

Result<void> Pipeline::State::update_bulk_decoder(const Snapshot& next) {
  if (decode_model == next.model && decode_decoder == next.decoder && decode_added == next.added) return {};
  decode_decoder = next.decoder;
  decode_model = next.model;
  decode_added = next.added;
  const ModelSpec spec = model->get();
  const auto* bpe = std::get_if<BpeModel>(&spec.value);
  bulk_decoder.reset();
  if (!bpe || !bpe->vocabulary || bpe->vocabulary->size() == 0) return {};
  uint64_t greatest = bpe->vocabulary->id_at(bpe->vocabulary->size() - 1);
  if (added.size() > 0) greatest = std::max<uint64_t>(greatest, added.greatest_token_id());
  HR_TRY(bulk_decoder, DecodePlan::make(decoder, greatest, bpe->vocabulary->size() + added.size()));
  return {};
}

Pipeline::Pipeline(LivePart<ModelSpec> model) : state_(std::make_shared<State>()) { state_->model = std::move(model); }

Pipeline::Pipeline(const Pipeline& other) : state_(std::make_shared<State>()) {
  const std::lock_guard lock(other.state_->mutex);
  state_->normalizer = other.state_->normalizer;
  state_->pre_tokenizer = other.state_->pre_tokenizer;
  state_->model = other.state_->model;
  state_->post_processor = other.state_->post_processor;
  state_->decoder = other.state_->decoder;
  state_->added = other.state_->added;
  state_->truncation = other.state_->truncation;
  state_->padding = other.state_->padding;
  state_->encode_special_tokens = other.state_->encode_special_tokens;
  state_->ready = other.state_->ready;
  state_->bulk = other.state_->bulk;
  state_->bulk_normalizer = other.state_->bulk_normalizer;
  state_->bulk_pre_tokenizer = other.state_->bulk_pre_tokenizer;
  state_->bulk_model = other.state_->bulk_model;
}

Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

LivePart<NormalizerSpec> Pipeline::normalizer() const {
  const std::lock_guard lock(state_->mutex);
  return state_->normalizer;
}
LivePart<PreTokenizerSpec> Pipeline::pre_tokenizer() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pre_tokenizer;
}
LivePart<ModelSpec> Pipeline::model() const {
  const std::lock_guard lock(state_->mutex);
  return state_->model;
}
LivePart<PostProcessorSpec> Pipeline::post_processor() const {
  const std::lock_guard lock(state_->mutex);
  return state_->post_processor;
}
LivePart<DecoderSpec> Pipeline::decoder() const {
  const std::lock_guard lock(state_->mutex);
  return state_->decoder;
}

void Pipeline::set_normalizer(LivePart<NormalizerSpec> part) {
  state_->edit([&](State& state) {
    state.normalizer = std::move(part);
    state.added.forget_spellings();
    state.finder.reset();
  });
}
void Pipeline::set_pre_tokenizer(LivePart<PreTokenizerSpec> part) {
  state_->edit([&](State& state) { state.pre_tokenizer = std::move(part); });
}
void Pipeline::set_model(LivePart<ModelSpec> part) {
  state_->edit([&](State& state) { state.model = std::move(part); });
}
void Pipeline::set_post_processor(LivePart<PostProcessorSpec> part) {
  state_->edit([&](State& state) { state.post_processor = std::move(part); });
}
void Pipeline::set_decoder(LivePart<DecoderSpec> part) {
  state_->edit([&](State& state) { state.decoder = std::move(part); });
}

void Pipeline::make_tables() const {
  const auto snapshot = state_->snapshot();
  if (snapshot && (*snapshot)->bulk) (*snapshot)->bulk->make_tables();
}

std::optional<TruncationParams> Pipeline::truncation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->truncation;
}
std::optional<PaddingParams> Pipeline::padding() const {
  const std::lock_guard lock(state_->mutex);
  return state_->padding;
}

Result<void> Pipeline::set_truncation(std::optional<TruncationParams> params) {
  if (params) {
    const size_t added = num_special_tokens_to_add(false);
    const size_t effective = params->max_length - added;
    if (effective < params->stride) {
      return fail(ErrorKind::InvalidArgument, "tokenizer stride set to " + std::to_string(params->stride) +
                                                  ", which is greater than or equal to its effective max length of " +
                                                  std::to_string(effective) + " (= " + std::to_string(params->max_length) +
                                                  " original max length - " + std::to_string(added) + " added special tokens), ");
    }
  }
  state_->edit([&](State& state) { state.truncation = params; });
  return {};
}

void Pipeline::set_padding(std::optional<PaddingParams> params) {
  state_->edit([&](State& state) { state.padding = std::move(params); });
}

bool Pipeline::encode_special_tokens() const {
  const std::lock_guard lock(state_->mutex);
  return state_->encode_special_tokens;
}
void Pipeline::set_encode_special_tokens(bool value) {
  state_->edit([&](State& state) { state.encode_special_tokens = value; });
}

Result<size_t> Pipeline::add_tokens(std::span<const AddedToken> tokens) {
  return state_->edit([&](State& state) -> Result<size_t> {
    HR_TRY(auto model, stage_of(state.model));
    state.finder.reset();
    return state.added.add(tokens, *model);
  });
}

Result<size_t> Pipeline::add_special_tokens(std::span<const AddedToken> tokens) {
  std::vector<AddedToken> special(tokens.begin(), tokens.end());
  for (AddedToken& token : special) token.special = true;
  return add_tokens(special);
}

std::map<TokenId, AddedToken> Pipeline::added_tokens() const {
  const std::lock_guard lock(state_->mutex);
  return state_->added.tokens();
}

std::optional<TokenId> Pipeline::token_to_id(std::string_view token) const {
  const std::lock_guard lock(state_->mutex);
  const auto& added = state_->added.ids();
  if (const auto found = added.find(std::string(token)); found != added.end()) return found->second;
  const auto model = stage_of(state_->model);
  return model ? (*model)->token_to_id(token) : std::nullopt;
}

std::optional<std::string> Pipeline::id_to_token(TokenId id) const {
  const auto snapshot = state_->snapshot();
  return snapshot ? (*snapshot)->spelling(id) : std::nullopt;
}

size_t Pipeline::vocabulary_size(bool with_added_tokens) const {
  const std::lock_guard lock(state_->mutex);
  const auto model = stage_of(state_->model);
  if (!model) return 0;
  const size_t size = (*model)->vocabulary_size();
  if (!with_added_tokens) return size;
  const auto& added = state_->added.ids();
  return size + static_cast<size_t>(std::count_if(added.begin(), added.end(),
                                                  [&](const auto& entry) { return !(*model)->token_to_id(entry.first); }));
}

std::vector<std::pair<std::string, TokenId>> Pipeline::vocabulary(bool with_added_tokens) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::pair<std::string, TokenId>> all;
  const auto model = stage_of(state_->model);
  if (!model) return all;
  static const std::unordered_map<std::string, TokenId> kNothing;
  const auto& added = with_added_tokens ? state_->added.ids() : kNothing;
  all.reserve((*model)->vocabulary_size() + added.size());
  (*model)->for_each_token([&](std::string_view token, TokenId id) {
    std::string spelled(token);
    if (!added.contains(spelled)) all.emplace_back(std::move(spelled), id);
  });
  all.insert(all.end(), added.begin(), added.end());
  return all;
}

size_t Pipeline::num_special_tokens_to_add(bool is_pair) const {
  const auto post_processor = stage_of(this->post_processor());
  return post_processor && *post_processor ? (*post_processor)->added_tokens(is_pair) : 0;
}

Result<Encoding> Pipeline::encode(const PipelineInput& input, const PipelineOptions& options) const {
  HR_TRY(auto snapshot, state_->snapshot());
  return snapshot->encode(input, options);
}

Result<std::vector<Encoding>> Pipeline::encode_batch(std::span<const PipelineInput> inputs, const PipelineOptions& options) const {
  HR_TRY(auto snapshot, state_->snapshot());
  std::vector<Encoding> encodings(inputs.size());
  HR_CHECK(for_each_index(inputs.size(), [&](size_t i) -> Result<void> {
    HR_TRY(encodings[i], snapshot->encode(inputs[i], options));
    return {};
  }));
  if (snapshot->padding && options.pad) HR_CHECK(pad(encodings, *snapshot->padding));
  return encodings;
}

Result<std::optional<std::vector<DeferredEncoding>>> Pipeline::encode_batch_deferred(std::span<const std::string_view> texts,
                                                                                     const PipelineOptions& options) const {
  HR_TRY(auto snapshot, state_->snapshot());
  for (const std::string_view text : texts) {
    if (!snapshot->makes_ids_alone(text.size(), options)) return std::nullopt;
  }
  std::vector<DeferredEncoding> encodings(texts.size());
  HR_CHECK(for_each_index(texts.size(), [&](size_t i) { return snapshot->append_ids(texts[i], options, encodings[i].ids, nullptr); }));
  for (DeferredEncoding& encoding : encodings) {
    encoding.rest = [snapshot, options](std::string_view text) { return snapshot->encode({text, std::nullopt}, options); };
  }
  return encodings;
}

Result<void> Pipeline::encode_ids(std::string_view text, const PipelineOptions& options, std::vector<TokenId>& ids,
                                  std::vector<Offset>* offsets) const {
  HR_TRY(auto snapshot, state_->snapshot());
  ids.clear();
  if (offsets) offsets->clear();
  return snapshot->append_ids(text, options, ids, offsets);
}

Result<IdRows> Pipeline::encode_batch_ids(std::span<const std::string_view> texts, const PipelineOptions& options, bool offsets) const {
  HR_TRY(auto snapshot, state_->snapshot());
  PipelineOptions wanted = options;
  wanted.ids_only = !offsets;
  IdRows rows;
  rows.row_starts.assign(texts.size() + 1, 0);
  if (snapshot->padding && options.pad) {  // rows are as long as the longest
    const std::vector<PipelineInput> inputs = inputs_of(texts);
    HR_TRY(auto encodings, encode_batch(inputs, wanted));
    for (size_t i = 0; i < texts.size(); ++i) {
      rows.ids.insert(rows.ids.end(), encodings[i].ids.begin(), encodings[i].ids.end());
      if (offsets) rows.offsets.insert(rows.offsets.end(), encodings[i].offsets.begin(), encodings[i].offsets.end());
      rows.row_starts[i + 1] = static_cast<int64_t>(rows.ids.size());
    }
    return rows;
  }
  const std::vector<size_t> ends = group_ends(texts);
  std::vector<std::vector<TokenId>> ids(ends.size());
  std::vector<std::vector<Offset>> spans(ends.size());
  HR_CHECK(for_each_index(ends.size(), [&](size_t group) -> Result<void> {
    const size_t first = group == 0 ? 0 : ends[group - 1];
    size_t bytes = 0;
    for (size_t i = first; i < ends[group]; ++i) bytes += texts[i].size();
    ids[group].reserve(bytes / 3 + 16);
    for (size_t i = first; i < ends[group]; ++i) {
      const size_t before = ids[group].size();
      HR_CHECK(snapshot->append_ids(texts[i], options, ids[group], offsets ? &spans[group] : nullptr));
      rows.row_starts[i + 1] = static_cast<int64_t>(ids[group].size() - before);
    }
    return {};
  }));
  for (size_t i = 0; i < texts.size(); ++i) rows.row_starts[i + 1] += rows.row_starts[i];
  rows.ids = joined(ids);
  rows.offsets = joined(spans);
  return rows;
}

Result<void> Pipeline::encode_segments(std::span<const TextSegment> segments, const PipelineOptions& options, std::vector<TokenId>& ids,
                                       std::vector<Offset>* offsets) const {
  HR_TRY(auto snapshot, state_->snapshot());
  PipelineOptions wanted = options;
  wanted.ids_only = offsets == nullptr;
  HR_TRY(auto encoding, snapshot->encode_segments(segments, wanted));
  take_ids(std::move(encoding), ids, offsets);
  return {};
}

Result<Encoding> Pipeline::post_process(Encoding first, std::optional<Encoding> second, bool add_special_tokens) const {
  HR_TRY(auto snapshot, state_->snapshot());
  return snapshot->post_process(std::move(first), std::move(second), {.add_special_tokens = add_special_tokens});
}

Result<std::string> Pipeline::decode(std::span<const TokenId> ids, bool skip_special_tokens) const {
  HR_TRY(auto snapshot, state_->snapshot());
  return snapshot->decode(ids, skip_special_tokens);
}

Result<std::vector<std::string>> Pipeline::decode_batch(std::span<const std::vector<TokenId>> batch, bool skip_special_tokens) const {
  HR_TRY(auto snapshot, state_->snapshot());
  std::vector<std::string> texts(batch.size());
  HR_CHECK(for_each_index(batch.size(), [&](size_t i) -> Result<void> {
    HR_TRY(texts[i], snapshot->decode(batch[i], skip_special_tokens));
    return {};
  }));
  return texts;
}

}  // namespace headrace::text

#include "c/headrace_tokenizer.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "text/limits.h"
#include "text/pipeline.h"

struct headrace_tokenizer {
  headrace::text::Pipeline pipeline;
  std::set<uint32_t> special;
};

struct headrace_stream_decoder {
  headrace::text::IncrementalDecoder decoder;
};

namespace {

using headrace::Error;
using headrace::ErrorKind;
using headrace::Result;
using headrace::fail;
using headrace::text::Offset;
using headrace::text::Pipeline;
using headrace::text::PipelineOptions;

static_assert(sizeof(headrace_offset) == sizeof(Offset) && std::is_trivially_copyable_v<Offset>);

std::string& last_message() {
  thread_local std::string message;
  return message;
}

headrace_status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument: return HEADRACE_INVALID_ARGUMENT;
    case ErrorKind::InvalidData: return HEADRACE_INVALID_DATA;
    case ErrorKind::NotFound: return HEADRACE_NOT_FOUND;
    case ErrorKind::Unsupported: return HEADRACE_UNSUPPORTED;
    case ErrorKind::OutOfMemory: return HEADRACE_OUT_OF_MEMORY;
    case ErrorKind::OutOfRange: return HEADRACE_OUT_OF_RANGE;
    case ErrorKind::Io: return HEADRACE_IO;
    case ErrorKind::Busy:
    case ErrorKind::Cancelled:
    case ErrorKind::Internal: return HEADRACE_INTERNAL;
  }
  return HEADRACE_INTERNAL;
}

headrace_status failed(headrace_status status, const char* message) noexcept {
  try {
    last_message() = message;
  } catch (...) {
    last_message().clear();  // no memory left even for the message
  }
  return status;
}

/// Runs a call behind the boundary that nothing may leave but a status. The body returns a
/// Result<headrace_status>.
template <class Body>
headrace_status guarded(Body&& body) noexcept {
  try {
    const Result<headrace_status> result = body();
    if (result) return *result;
    return failed(status_of(result.error().kind), result.error().message.c_str());
  } catch (const std::bad_alloc&) {
    return failed(HEADRACE_OUT_OF_MEMORY, "there is not enough memory for this call");
  } catch (const std::exception& error) {
    return failed(HEADRACE_INTERNAL, error.what());
  } catch (...) {
    return failed(HEADRACE_INTERNAL, "an unknown exception was caught");
  }
}

Result<void> require(const void* pointer, const char* name) {
  if (pointer) return {};
  return fail(ErrorKind::InvalidArgument, std::string(name) + " is a null pointer");
}

Result<std::string_view> view_of(const char* data, size_t bytes, const char* name) {
  if (!data && bytes > 0) return fail(ErrorKind::InvalidArgument,
                                         std::string(name) + " is a null pointer, but has " + std::to_string(bytes) + " bytes");
  return data ? std::string_view(data, bytes) : std::string_view();
}

/// The caller's options, those that its header lacks at their defaults.
template <class Options>
Result<Options> known(const Options* options, const Options& defaults) {
  if (!options) return defaults;
  if (options->struct_size < sizeof(size_t) + sizeof(int)) {
    return fail(ErrorKind::InvalidArgument,
                "struct_size of the options is " + std::to_string(options->struct_size) + "; begin with their INIT macro");
  }
  Options result = defaults;
  std::memcpy(&result, options, std::min(options->struct_size, sizeof(Options)));
  return result;
}

Result<PipelineOptions> encode_options(const headrace_encode_options* given) {
  HR_TRY(const auto options, known<headrace_encode_options>(given, HEADRACE_ENCODE_OPTIONS_INIT));
  PipelineOptions result;
  result.add_special_tokens = options.add_special_tokens != 0;
  result.unit = options.offsets_in_characters ? headrace::text::OffsetUnit::Character : headrace::text::OffsetUnit::Byte;
  result.invalid_utf8 = options.replace_invalid_utf8 ? headrace::text::InvalidUtf8::Replace : headrace::text::InvalidUtf8::Refuse;
  result.truncate = options.truncate != 0;
  result.pad = options.pad != 0;
  switch (options.special_tokens) {
    case HEADRACE_SPECIAL_AS_SET: break;
    case HEADRACE_SPECIAL_PARSE: result.encode_special_tokens = false; break;
    case HEADRACE_SPECIAL_AS_TEXT: result.encode_special_tokens = true; break;
    default:
      return fail(ErrorKind::InvalidArgument, std::to_string(options.special_tokens) +
                                                  " is no policy for special tokens; use a HEADRACE_SPECIAL_ constant");
  }
  return result;
}

Result<bool> skip_special_tokens(const headrace_decode_options* given) {
  HR_TRY(const auto options, known<headrace_decode_options>(given, HEADRACE_DECODE_OPTIONS_INIT));
  return options.skip_special_tokens != 0;
}

/// Whether a result of `size` items is to be written; stores the size.
Result<headrace_status> sized(size_t size, const void* buffer, size_t capacity, size_t* stored) {
  *stored = size;
  if (!buffer && capacity == 0) return HEADRACE_OK;
  HR_CHECK(require(buffer, "the buffer"));
  if (size <= capacity) return HEADRACE_OK;
  const std::string message = "the buffer has room for " + std::to_string(capacity) + " and " + std::to_string(size) + " are needed";
  return failed(HEADRACE_BUFFER_TOO_SMALL, message.c_str());
}

template <class From, class To>
void copy(const std::vector<From>& from, To* to) {
  if (to && !from.empty()) std::memcpy(to, from.data(), from.size() * sizeof(To));
}

Result<headrace_status> write_ids(const std::vector<uint32_t>& from, const std::vector<Offset>& from_offsets, uint32_t* ids,
                                  headrace_offset* offsets, size_t capacity, size_t* count) {
  if (offsets && !ids) return fail(ErrorKind::InvalidArgument, "offsets were given without ids; give both, or ids alone");
  HR_TRY(const auto status, sized(from.size(), ids, capacity, count));
  if (status == HEADRACE_OK && ids) {
    copy(from, ids);
    copy(from_offsets, offsets);
  }
  return status;
}

Result<headrace_status> write_text(std::string_view from, char* text, size_t capacity, size_t* bytes) {
  HR_TRY(const auto status, sized(from.size(), text, capacity, bytes));
  if (status == HEADRACE_OK && text && !from.empty()) std::memcpy(text, from.data(), from.size());
  return status;
}

Result<headrace_status> give(Result<Pipeline> pipeline, headrace_tokenizer** tokenizer) {
  HR_CHECK(pipeline);
  auto made = std::make_unique<headrace_tokenizer>(headrace_tokenizer{*std::move(pipeline), {}});
  for (const auto& [id, token] : made->pipeline.added_tokens()) {
    if (token.special) made->special.insert(id);
  }
  // Compiles all parts now, so that an error is one of loading and the first call is as fast as others.
  HR_TRY(const auto decoder, made->pipeline.incremental_decoder(false));
  made->pipeline.make_tables();
  *tokenizer = made.release();
  return HEADRACE_OK;
}

}  // namespace

extern "C" {

const char* headrace_version(void) { return HEADRACE_VERSION; }
int headrace_tokenizer_interface(void) { return HEADRACE_TOKENIZER_INTERFACE; }
const char* headrace_error_message(void) { return last_message().c_str(); }

const char* headrace_status_name(headrace_status status) {
  switch (status) {
    case HEADRACE_OK: return "ok";
    case HEADRACE_INVALID_ARGUMENT: return "invalid_argument";
    case HEADRACE_INVALID_DATA: return "invalid_data";
    case HEADRACE_NOT_FOUND: return "not_found";
    case HEADRACE_UNSUPPORTED: return "unsupported";
    case HEADRACE_OUT_OF_MEMORY: return "out_of_memory";
    case HEADRACE_OUT_OF_RANGE: return "out_of_range";
    case HEADRACE_IO: return "io";
    case HEADRACE_INTERNAL: return "internal";
    case HEADRACE_BUFFER_TOO_SMALL: return "buffer_too_small";
  }
  return "unknown";
}

headrace_status headrace_tokenizer_load_file(const char* path, headrace_tokenizer** tokenizer) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    *tokenizer = nullptr;
    HR_CHECK(require(path, "path"));
    return give(Pipeline::from_file(path), tokenizer);
  });
}

headrace_status headrace_tokenizer_load_memory(const char* json, size_t bytes, headrace_tokenizer** tokenizer) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    *tokenizer = nullptr;
    HR_TRY(const auto view, view_of(json, bytes, "json"));
    return give(Pipeline::from_memory(view), tokenizer);
  });
}

void headrace_tokenizer_free(headrace_tokenizer* tokenizer) { delete tokenizer; }

headrace_status headrace_tokenizer_encode(const headrace_tokenizer* tokenizer, const char* text, size_t bytes,
                                          const headrace_encode_options* options, uint32_t* ids, headrace_offset* offsets,
                                          size_t capacity, size_t* count) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(count, "count"));
    HR_TRY(const auto view, view_of(text, bytes, "text"));
    HR_TRY(const auto wanted, encode_options(options));
    std::vector<uint32_t> found;
    std::vector<Offset> spans;
    HR_CHECK(tokenizer->pipeline.encode_ids(view, wanted, found, offsets ? &spans : nullptr));
    return write_ids(found, spans, ids, offsets, capacity, count);
  });
}

headrace_status headrace_tokenizer_encode_batch(const headrace_tokenizer* tokenizer, const headrace_text* texts, size_t text_count,
                                                const headrace_encode_options* options, uint32_t* ids, headrace_offset* offsets,
                                                size_t capacity, int64_t* row_starts, size_t* count) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(count, "count"));
    if (text_count > 0) HR_CHECK(require(texts, "texts"));
    HR_TRY(const auto wanted, encode_options(options));
    std::vector<std::string_view> views(text_count);
    for (size_t i = 0; i < text_count; ++i) {
      HR_TRY(views[i], view_of(texts[i].data, texts[i].bytes, "a text"));
    }
    HR_TRY(const auto rows, tokenizer->pipeline.encode_batch_ids(views, wanted, offsets != nullptr));
    copy(rows.row_starts, row_starts);
    return write_ids(rows.ids, rows.offsets, ids, offsets, capacity, count);
  });
}

headrace_status headrace_tokenizer_encode_segments(const headrace_tokenizer* tokenizer, const headrace_segment* segments,
                                                   size_t segment_count, const headrace_encode_options* options, uint32_t* ids,
                                                   headrace_offset* offsets, size_t capacity, size_t* count) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(count, "count"));
    if (segment_count > 0) HR_CHECK(require(segments, "segments"));
    HR_TRY(const auto wanted, encode_options(options));
    std::vector<headrace::text::TextSegment> parts(segment_count);
    for (size_t i = 0; i < segment_count; ++i) {
      HR_TRY(parts[i].text, view_of(segments[i].data, segments[i].bytes, "a segment"));
      parts[i].trusted = segments[i].trusted != 0;
    }
    std::vector<uint32_t> found;
    std::vector<Offset> spans;
    HR_CHECK(tokenizer->pipeline.encode_segments(parts, wanted, found, offsets ? &spans : nullptr));
    return write_ids(found, spans, ids, offsets, capacity, count);
  });
}

headrace_status headrace_tokenizer_count(const headrace_tokenizer* tokenizer, const char* text, size_t bytes,
                                         const headrace_encode_options* options, size_t* count) {
  return headrace_tokenizer_encode(tokenizer, text, bytes, options, nullptr, nullptr, 0, count);
}

headrace_status headrace_tokenizer_decode(const headrace_tokenizer* tokenizer, const uint32_t* ids, size_t count,
                                          const headrace_decode_options* options, char* text, size_t capacity, size_t* bytes) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(bytes, "bytes"));
    if (count > 0) HR_CHECK(require(ids, "ids"));
    HR_TRY(const bool skip, skip_special_tokens(options));
    HR_TRY(const auto decoded, tokenizer->pipeline.decode({ids, count}, skip));
    return write_text(decoded, text, capacity, bytes);
  });
}

headrace_status headrace_tokenizer_token(const headrace_tokenizer* tokenizer, uint32_t id, char* token, size_t capacity, size_t* bytes) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(bytes, "bytes"));
    const auto spelling = tokenizer->pipeline.id_to_token(id);
    if (!spelling) return fail(ErrorKind::NotFound, "the vocabulary has no id " + std::to_string(id));
    return write_text(*spelling, token, capacity, bytes);
  });
}

headrace_status headrace_tokenizer_id(const headrace_tokenizer* tokenizer, const char* token, size_t bytes, uint32_t* id) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(id, "id"));
    HR_TRY(const auto view, view_of(token, bytes, "token"));
    const auto found = tokenizer->pipeline.token_to_id(view);
    if (!found) return fail(ErrorKind::NotFound, "the vocabulary has no token \"" + std::string(view) + "\"");
    *id = *found;
    return HEADRACE_OK;
  });
}

headrace_status headrace_tokenizer_vocabulary_size(const headrace_tokenizer* tokenizer, size_t* size) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(size, "size"));
    *size = tokenizer->pipeline.vocabulary_size(true);
    return HEADRACE_OK;
  });
}

headrace_status headrace_tokenizer_is_special(const headrace_tokenizer* tokenizer, uint32_t id, int* special) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_CHECK(require(special, "special"));
    *special = tokenizer->special.contains(id) ? 1 : 0;
    return HEADRACE_OK;
  });
}

headrace_status headrace_stream_decoder_create(const headrace_tokenizer* tokenizer, const headrace_decode_options* options,
                                               headrace_stream_decoder** decoder) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(decoder, "decoder"));
    *decoder = nullptr;
    HR_CHECK(require(tokenizer, "tokenizer"));
    HR_TRY(const bool skip, skip_special_tokens(options));
    HR_TRY(auto made, tokenizer->pipeline.incremental_decoder(skip));
    *decoder = new headrace_stream_decoder{std::move(made)};
    return HEADRACE_OK;
  });
}

headrace_status headrace_stream_decoder_push(headrace_stream_decoder* decoder, uint32_t id, const char** text, size_t* bytes) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(decoder, "decoder"));
    HR_CHECK(require(text, "text"));
    HR_CHECK(require(bytes, "bytes"));
    const std::string_view piece = decoder->decoder.push(id);
    *text = piece.empty() ? "" : piece.data();
    *bytes = piece.size();
    return HEADRACE_OK;
  });
}

headrace_status headrace_stream_decoder_finish(headrace_stream_decoder* decoder, const char** text, size_t* bytes) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(decoder, "decoder"));
    HR_CHECK(require(text, "text"));
    HR_CHECK(require(bytes, "bytes"));
    HR_TRY(const std::string_view piece, decoder->decoder.finish());
    *text = piece.empty() ? "" : piece.data();
    *bytes = piece.size();
    return HEADRACE_OK;
  });
}

void headrace_stream_decoder_free(headrace_stream_decoder* decoder) { delete decoder; }

// Names are literals, so they end with a NUL.
const char* headrace_limit_name(size_t index) {
  const auto limits = headrace::text::named_limits();
  return index < limits.size() ? limits[index].name.data() : nullptr;
}

headrace_status headrace_limit_get(const char* name, uint64_t* value) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(name, "name"));
    HR_CHECK(require(value, "value"));
    HR_TRY(*value, headrace::text::limit(std::string_view(name)));
    return HEADRACE_OK;
  });
}

headrace_status headrace_limit_set(const char* name, uint64_t value) {
  return guarded([&]() -> Result<headrace_status> {
    HR_CHECK(require(name, "name"));
    HR_CHECK(headrace::text::set_limit(std::string_view(name), value));
    return HEADRACE_OK;
  });
}

uint64_t headrace_cache_bytes_in_use(void) { return headrace::text::cache_bytes_in_use(); }

}  // extern "C"

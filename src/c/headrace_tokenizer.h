/* Headrace's tokenizers for C and every language that calls C.
 *
 * Contract of every function:
 *  - No exception and no abort leaves it. It returns a status; headrace_error_message()
 *    then has one sentence about what is wrong.
 *  - Texts are UTF-8 with a length in bytes; they need no NUL at their end and may hold some.
 *  - Results go into the caller's buffers. The size that is needed is always stored; if
 *    the buffer is smaller, HEADRACE_BUFFER_TOO_SMALL comes back and nothing is written to
 *    it. A null buffer of capacity 0 asks for the size alone and is HEADRACE_OK.
 *  - A tokenizer never changes and may be used by any number of threads at once. A stream
 *    decoder belongs to one thread at a time; it keeps what it needs of its tokenizer,
 *    which may be freed first.
 *  - Option structs begin with their size, set by their INIT macro, so that a program that
 *    was compiled with an older header works with a newer library. A null pointer stands
 *    for the defaults.
 */
#ifndef HEADRACE_TOKENIZER_H
#define HEADRACE_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define HEADRACE_API __attribute__((visibility("default")))
#else
#define HEADRACE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows with every addition to this header. */
#define HEADRACE_TOKENIZER_INTERFACE 2

typedef enum headrace_status {
  HEADRACE_OK = 0,
  HEADRACE_INVALID_ARGUMENT = 1, /* a value that cannot be accepted, such as a text that is not UTF-8 */
  HEADRACE_INVALID_DATA = 2,     /* a file that does not follow its format */
  HEADRACE_NOT_FOUND = 3,        /* no such file, token or id */
  HEADRACE_UNSUPPORTED = 4,
  HEADRACE_OUT_OF_MEMORY = 5,
  HEADRACE_OUT_OF_RANGE = 6, /* too long, too many, too deep */
  HEADRACE_IO = 7,
  HEADRACE_INTERNAL = 8, /* a bug in Headrace */
  HEADRACE_BUFFER_TOO_SMALL = 9
} headrace_status;

typedef struct headrace_tokenizer headrace_tokenizer;
typedef struct headrace_stream_decoder headrace_stream_decoder;

/* Bytes [begin, end) of a text, or characters as the options say. */
typedef struct headrace_offset {
  uint32_t begin;
  uint32_t end;
} headrace_offset;

typedef struct headrace_text {
  const char* data;
  size_t bytes;
} headrace_text;

/* A part of a text; special tokens are recognised in trusted parts only. */
typedef struct headrace_segment {
  const char* data;
  size_t bytes;
  int trusted;
} headrace_segment;

typedef enum headrace_special_tokens {
  HEADRACE_SPECIAL_AS_SET = 0,  /* as the tokenizer's file is read: recognised */
  HEADRACE_SPECIAL_PARSE = 1,   /* special tokens written in a text are those tokens */
  HEADRACE_SPECIAL_AS_TEXT = 2  /* they are ordinary text */
} headrace_special_tokens;

typedef struct headrace_encode_options {
  size_t struct_size;
  int add_special_tokens;     /* 1: what the post-processor puts around a text */
  int special_tokens;         /* headrace_special_tokens */
  int replace_invalid_utf8;   /* 1: U+FFFD for what is not UTF-8 (offsets are then of the text so repaired); 0: an error */
  int truncate;               /* 1: as the file asks for; 0: never */
  int pad;                    /* 1: as the file asks for; 0: never */
  int offsets_in_characters;  /* 1: offsets count characters; 0: bytes */
} headrace_encode_options;
#define HEADRACE_ENCODE_OPTIONS_INIT {sizeof(headrace_encode_options), 1, HEADRACE_SPECIAL_AS_SET, 0, 1, 1, 0}

typedef struct headrace_decode_options {
  size_t struct_size;
  int skip_special_tokens; /* 1: leave them out */
} headrace_decode_options;
#define HEADRACE_DECODE_OPTIONS_INIT {sizeof(headrace_decode_options), 1}

/* "0.1.0", and HEADRACE_TOKENIZER_INTERFACE of the library that runs. */
HEADRACE_API const char* headrace_version(void);
HEADRACE_API int headrace_tokenizer_interface(void);

/* What the last call on this thread that failed says; valid until the next call that fails. */
HEADRACE_API const char* headrace_error_message(void);
/* "invalid_argument" and the like. */
HEADRACE_API const char* headrace_status_name(headrace_status status);

/* Loads a tokenizer.json, or its compiled form (`headrace tokenizer compile`), which as a file is mapped and must not be
 * written to while it is in use; replace it. `*tokenizer` is null after an error. */
HEADRACE_API headrace_status headrace_tokenizer_load_file(const char* path, headrace_tokenizer** tokenizer);
HEADRACE_API headrace_status headrace_tokenizer_load_memory(const char* json, size_t bytes, headrace_tokenizer** tokenizer);
/* Null is allowed. No other call may use the tokenizer at that time or later. */
HEADRACE_API void headrace_tokenizer_free(headrace_tokenizer* tokenizer);

/* Text to ids. `offsets` may be null; otherwise it has `capacity` entries as `ids` has. */
HEADRACE_API headrace_status headrace_tokenizer_encode(const headrace_tokenizer* tokenizer, const char* text, size_t bytes,
                                                       const headrace_encode_options* options, uint32_t* ids, headrace_offset* offsets,
                                                       size_t capacity, size_t* count);
/* Several texts, on all processors: their ids one after another. Text i has ids
 * [row_starts[i], row_starts[i + 1]); `row_starts` has text_count + 1 entries and is always
 * written, or null. */
HEADRACE_API headrace_status headrace_tokenizer_encode_batch(const headrace_tokenizer* tokenizer, const headrace_text* texts, size_t text_count,
                                                             const headrace_encode_options* options, uint32_t* ids, headrace_offset* offsets,
                                                             size_t capacity, int64_t* row_starts, size_t* count);
/* The segments as one text, in which nothing that is not trusted becomes a special token,
 * whatever it spells. options->special_tokens has no effect. */
HEADRACE_API headrace_status headrace_tokenizer_encode_segments(const headrace_tokenizer* tokenizer, const headrace_segment* segments,
                                                                size_t segment_count, const headrace_encode_options* options, uint32_t* ids,
                                                                headrace_offset* offsets, size_t capacity, size_t* count);
/* How many ids a text has. */
HEADRACE_API headrace_status headrace_tokenizer_count(const headrace_tokenizer* tokenizer, const char* text, size_t bytes,
                                                      const headrace_encode_options* options, size_t* count);

/* Ids to text; ids outside the vocabulary are left out. No NUL is put at the end. */
HEADRACE_API headrace_status headrace_tokenizer_decode(const headrace_tokenizer* tokenizer, const uint32_t* ids, size_t count,
                                                       const headrace_decode_options* options, char* text, size_t capacity, size_t* bytes);

/* The entry of the vocabulary as it is spelled there; HEADRACE_NOT_FOUND outside it. No NUL is put at the end. */
HEADRACE_API headrace_status headrace_tokenizer_token(const headrace_tokenizer* tokenizer, uint32_t id, char* token, size_t capacity, size_t* bytes);
HEADRACE_API headrace_status headrace_tokenizer_id(const headrace_tokenizer* tokenizer, const char* token, size_t bytes, uint32_t* id);
/* With added tokens. */
HEADRACE_API headrace_status headrace_tokenizer_vocabulary_size(const headrace_tokenizer* tokenizer, size_t* size);
/* 1: a special token; 0: not. */
HEADRACE_API headrace_status headrace_tokenizer_is_special(const headrace_tokenizer* tokenizer, uint32_t id, int* special);

/* Decodes id by id. The texts of all pushes and of finish, joined, are what
 * headrace_tokenizer_decode makes of all ids; characters come whole. A text that is given
 * out belongs to the decoder and is valid until the next call on it; it may be empty. */
HEADRACE_API headrace_status headrace_stream_decoder_create(const headrace_tokenizer* tokenizer, const headrace_decode_options* options,
                                                            headrace_stream_decoder** decoder);
HEADRACE_API headrace_status headrace_stream_decoder_push(headrace_stream_decoder* decoder, uint32_t id, const char** text, size_t* bytes);
/* What is still held back; the next push begins another text. */
HEADRACE_API headrace_status headrace_stream_decoder_finish(headrace_stream_decoder* decoder, const char** text, size_t* bytes);
HEADRACE_API void headrace_stream_decoder_free(headrace_stream_decoder* decoder);

/* ---- Limits (since interface 2) ----
 * What a tokenizer's file and a text may make the whole process do; what goes beyond one is HEADRACE_OUT_OF_RANGE, but caches
 * forget. By name: "text_bytes", "encoding_tokens", "match_steps", "find_steps", "pattern_bytes", "pattern_depth",
 * "cache_bytes" (docs/tokenizers.md says of what). HEADRACE_TOKENIZER_LIMITS="name=value,..." sets them from outside. */

/* The name of limit number `index` from 0 on; null after the last one. */
HEADRACE_API const char* headrace_limit_name(size_t index);
/* HEADRACE_INVALID_ARGUMENT when there is none of that name, or the value is not from 1 to the most that it may be. A new value
 * counts from the next call on, of every thread. */
HEADRACE_API headrace_status headrace_limit_get(const char* name, uint64_t* value);
HEADRACE_API headrace_status headrace_limit_set(const char* name, uint64_t value);
/* Bytes that the caches of all threads have now. */
HEADRACE_API uint64_t headrace_cache_bytes_in_use(void);

#ifdef __cplusplus
}
#endif

#endif /* HEADRACE_TOKENIZER_H */

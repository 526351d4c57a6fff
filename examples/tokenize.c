/* Encodes a text with a tokenizer.json, then decodes it id by id.
 *
 *   cc tokenize.c $(pkg-config --cflags --libs headrace-tokenizer) -o tokenize
 *   ./tokenize tokenizer.json "Hello there"
 */
#include <headrace_tokenizer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, headrace_error_message());
  return 1;
}

static int print_decoded(const headrace_tokenizer* tokenizer, const uint32_t* ids, size_t count) {
  headrace_stream_decoder* decoder = NULL;
  const char* piece = NULL;
  size_t bytes = 0;
  size_t i;
  if (headrace_stream_decoder_create(tokenizer, NULL, &decoder) != HEADRACE_OK) return fail("cannot decode");
  for (i = 0; i < count; ++i) {
    if (headrace_stream_decoder_push(decoder, ids[i], &piece, &bytes) != HEADRACE_OK) break;
    fwrite(piece, 1, bytes, stdout);
  }
  if (headrace_stream_decoder_finish(decoder, &piece, &bytes) == HEADRACE_OK) fwrite(piece, 1, bytes, stdout);
  putchar('\n');
  headrace_stream_decoder_free(decoder);
  return 0;
}

int main(int argc, char** argv) {
  headrace_segment user = {NULL, 0, 0}; /* not trusted: a special token that it spells is text */
  headrace_tokenizer* tokenizer = NULL;
  uint32_t few[16];
  uint32_t* ids = few;
  size_t count = 0;
  size_t i;
  headrace_status status;
  if (argc != 3) {
    fprintf(stderr, "usage: %s TOKENIZER.JSON TEXT\n", argv[0]);
    return 2;
  }
  if (headrace_tokenizer_load_file(argv[1], &tokenizer) != HEADRACE_OK) return fail("cannot load the tokenizer");

  user.data = argv[2];
  user.bytes = strlen(argv[2]);
  status = headrace_tokenizer_encode_segments(tokenizer, &user, 1, NULL, ids, NULL, 16, &count);
  if (status == HEADRACE_BUFFER_TOO_SMALL) { /* count says how many there are */
    ids = malloc(count * sizeof *ids);
    if (!ids) return 1;
    status = headrace_tokenizer_encode_segments(tokenizer, &user, 1, NULL, ids, NULL, count, &count);
  }
  if (status != HEADRACE_OK) return fail("cannot encode");

  for (i = 0; i < count; ++i) printf("%s%u", i ? " " : "", (unsigned)ids[i]);
  putchar('\n');
  status = (headrace_status)print_decoded(tokenizer, ids, count);
  if (ids != few) free(ids);
  headrace_tokenizer_free(tokenizer);
  return (int)status;
}

#include "server/reply/reply.h"

#include "server/reply/json_text.h"

namespace headrace::server {

void append_reply_head(std::string& out, const ReplyHead& head, std::string_view object) {
  out.append("{\"id\":");
  append_json_string(out, head.id);
  out.append(",\"object\":");
  append_json_string(out, object);
  out.append(",\"created\":");
  append_json_number(out, uint64_t(head.created));
  out.append(",\"model\":");
  append_json_string(out, head.model);
  out.append(",\"system_fingerprint\":");
  append_json_string(out, head.fingerprint);
}

void append_usage(std::string& out, const engine::Usage& usage) {
  out.append("\"usage\":{\"prompt_tokens\":");
  append_json_number(out, usage.prompt_tokens);
  out.append(",\"completion_tokens\":");
  append_json_number(out, usage.completion_tokens);
  out.append(",\"total_tokens\":");
  append_json_number(out, uint64_t{usage.prompt_tokens} + usage.completion_tokens);
  out.append(",\"prompt_tokens_details\":{\"cached_tokens\":");
  append_json_number(out, usage.cached_tokens);
  out.append("}}");
}

void add_usage(engine::Usage& total, const engine::Usage& usage, bool skip_generation) {
  total.prompt_tokens += usage.prompt_tokens;
  total.cached_tokens += usage.cached_tokens;
  if (!skip_generation) total.completion_tokens += usage.completion_tokens;
}

ApiError engine_failure(const engine::Event& event) {
  if (event.error) return from_error(*event.error);
  return from_error(Error{ErrorKind::Cancelled, "The server is shutting down and ended this request."});
}

}  // namespace headrace::server

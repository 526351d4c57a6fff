#include "cli/chat_prompt.h"

#include <fmt/format.h>

namespace headrace::cli {

Result<std::vector<text::TokenId>> chat_prompt(const model::Model& model, const nlohmann::ordered_json& messages) {
  const auto& chat_template = model.chat_template();
  if (!chat_template) {
    return fail(ErrorKind::Unsupported, fmt::format("{} has no chat template, so it cannot chat; use `headrace generate`",
                                                    model.info().name));
  }
  const auto& tokenizer = *model.tokenizer();
  text::ChatContext context;
  if (const auto bos = tokenizer.bos()) context.bos_token = tokenizer.token(*bos);
  if (const auto eos = tokenizer.eos()) context.eos_token = tokenizer.token(*eos);
  HR_TRY(const auto text, chat_template->render({{"messages", messages}}, context));
  HR_TRY(auto encoding, tokenizer.encode(text));
  return std::move(encoding.ids);
}

}  // namespace headrace::cli

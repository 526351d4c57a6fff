#include "python/bindings.h"
#include "python/tokenizers/added_token.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/texts.h"

namespace headrace::python {

void bind_tokenizers(nanobind::module_& parent) {
  auto module = parent.def_submodule("tokenizers", "Tokenizers assembled from parts, with Hugging Face's names.");
  bind_texts(module);
  bind_added_token(module);
  bind_encoding(module);
  bind_normalizers(module);
  bind_pre_tokenizers(module);
  bind_models(module);
  bind_processors(module);
  bind_pipeline(module);
  bind_decoders(module);
  bind_trainers(module);
  bind_files(module);
  bind_limits(module);
}

}  // namespace headrace::python

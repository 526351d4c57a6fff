#pragma once

#include "text/components.h"

namespace headrace::text {

/// [CLS] A [SEP] and B [SEP].
class BertProcessingStage final : public PostProcessorStage {
 public:
  explicit BertProcessingStage(BertProcessing spec) : spec_(std::move(spec)) {}
  size_t added_tokens(bool is_pair) const override { return is_pair ? 3 : 2; }
  Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const override;

 private:
  BertProcessing spec_;
};

/// <s> A </s> and </s> B </s>; every type id is 0.
class RobertaProcessingStage final : public PostProcessorStage {
 public:
  explicit RobertaProcessingStage(RobertaProcessing spec) : spec_(std::move(spec)) {}
  size_t added_tokens(bool is_pair) const override { return is_pair ? 4 : 2; }
  Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const override;

 private:
  RobertaProcessing spec_;
};

/// Trims offsets, adds nothing.
class ByteLevelProcessingStage final : public PostProcessorStage {
 public:
  explicit ByteLevelProcessingStage(ByteLevelProcessing spec) : spec_(spec) {}
  size_t added_tokens(bool) const override { return 0; }
  Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const override;

 private:
  ByteLevelProcessing spec_;
};

/// Sequences and special tokens in the order of a template.
class TemplateProcessingStage final : public PostProcessorStage {
 public:
  explicit TemplateProcessingStage(TemplateProcessing spec);
  size_t added_tokens(bool is_pair) const override { return is_pair ? added_to_pair_ : added_to_single_; }
  Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const override;

 private:
  Result<void> check_growth(const std::vector<Encoding>& encodings, bool add_special_tokens) const;
  const TemplateSpecialToken* find(const std::string& id) const;
  size_t count_added(const std::vector<TemplatePiece>& pieces) const;

  TemplateProcessing spec_;
  size_t added_to_single_ = 0;
  size_t added_to_pair_ = 0;
};

/// One after the other, each on what the one before it made.
class PostProcessorSequenceStage final : public PostProcessorStage {
 public:
  explicit PostProcessorSequenceStage(std::vector<std::shared_ptr<const PostProcessorStage>> stages) : stages_(std::move(stages)) {}
  size_t added_tokens(bool is_pair) const override;
  Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const override;

 private:
  std::vector<std::shared_ptr<const PostProcessorStage>> stages_;
};

}  // namespace headrace::text

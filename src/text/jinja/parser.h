#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/failure.h"
#include "text/jinja/statement.h"
#include "text/jinja/symbols.h"
#include "text/jinja/token.h"

namespace headrace::text::jinja {

/// Builds the syntax tree by recursive descent. Nesting is bounded, so the tree can
/// be walked and freed by recursion.
class Parser {
 public:
  explicit Parser(std::string_view source);
  std::shared_ptr<const Program> run();

 private:
  // Statements (parse_statement.cpp).
  Body parse_body(std::initializer_list<std::string_view> ends);
  StatementPtr parse_statement();
  StatementPtr parse_output();
  StatementPtr parse_for();
  StatementPtr parse_if();
  StatementPtr parse_set();
  StatementPtr parse_with();
  StatementPtr parse_macro();
  StatementPtr parse_call_block();
  StatementPtr parse_filter_block();
  StatementPtr parse_generation();
  StatementPtr parse_jump();
  void parse_signature(MacroDefinition& definition);
  void parse_macro_body(MacroDefinition& definition, std::string_view end);
  Body parse_scope(std::initializer_list<std::string_view> ends);
  Body parse_open_scope(std::initializer_list<std::string_view> ends);
  template <class Record>
  static void for_each_name(const Target& target, Record record);
  void store(const Target& target);
  void declare(const Target& target);
  void expect_known(bool known, int line, std::string_view what, const std::string& name);
  std::unique_ptr<const Filter> parse_filter_chain();
  Target parse_target(std::string_view end_name);
  Target parse_single_target();
  bool at_end_tag(std::initializer_list<std::string_view> ends) const;
  void expect_block_end();

  // Expressions (parse_expression.cpp), from the weakest binding to the strongest.
  ExpressionPtr parse_tuple(bool with_conditional = true, std::string_view end_name = {}, bool may_be_empty = false);
  bool at_tuple_end(std::string_view end_name) const;
  ExpressionPtr parse_expression();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  bool take_comparison(Comparison& comparison);
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filter = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_name();
  ExpressionPtr parse_string();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dictionary();
  ExpressionPtr parse_postfix(ExpressionPtr value);
  ExpressionPtr parse_attribute(ExpressionPtr object);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_subscript_item(ExpressionPtr& object);
  ExpressionPtr parse_call(ExpressionPtr callee);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr value);
  std::unique_ptr<Filter> parse_filter(ExpressionPtr subject);
  ExpressionPtr parse_test(ExpressionPtr subject);
  ArgumentList parse_arguments();
  void parse_argument(ArgumentList& arguments);
  std::string parse_dotted_name();

  ExpressionPtr constant(Value value, int line);
  ExpressionPtr string_constant(std::string text, int line);
  ExpressionPtr logical(bool is_and, ExpressionPtr left, ExpressionPtr right, int line);
  ExpressionPtr binary(Operator operation, ExpressionPtr left, ExpressionPtr right, int line);

  // Tokens.
  const Token& current() const { return tokens_[position_]; }
  const Token& ahead() const { return tokens_[std::min(position_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool take_name(std::string_view name);
  bool take_symbol(std::string_view symbol);
  Token expect_name();
  void expect_symbol(std::string_view symbol);
  void expect_keyword(std::string_view name);
  std::string describe_current() const;
  [[noreturn]] void fail_at(int line, std::string message) const;
  [[noreturn]] void fail_unexpected(std::string_view wanted) const;

  NameId intern(const std::string& name);
  /// Stamps the line, and the depth over the deepest child.
  template <class Node>
  std::unique_ptr<Node> finish(std::unique_ptr<Node> node, int line, int deepest_child) const;

  /// Counts nesting while it lives.
  class Nesting {
   public:
    explicit Nesting(Parser& parser);
    ~Nesting() { --parser_.nesting_; }

   private:
    Parser& parser_;
  };

  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  std::vector<Token> tokens_;
  size_t position_ = 0;
  int nesting_ = 0;
  int loops_ = 0;         ///< how many loops a `break` here could leave
  bool lenient_ = false;  ///< in an `if`: unknown filters and tests are errors only when reached
  std::vector<Failure> unknown_;  ///< filters and tests that do not exist, where that is an error
  Symbols symbols_;
  std::vector<MacroDefinition*> macros_;
  std::map<std::string, NameId, std::less<>> ids_;
};

/// Stops if `depth` is over what the tree may have.
void check_depth(int depth, int line);

template <class Node>
std::unique_ptr<Node> Parser::finish(std::unique_ptr<Node> node, int line, int deepest_child) const {
  node->line = line;
  node->depth = deepest_child + 1;
  check_depth(node->depth, line);
  return node;
}

}  // namespace headrace::text::jinja

#pragma once

#include "frame/sql/syntax.h"
#include "frame/sql/values.h"
#include "frame/sql/token_stream.h"

namespace headrace::frame::sql {

/// One method for each rule of the grammar.
class Parser {
 public:
  Parser(const Source& source, std::vector<Token> tokens) : in_(source, std::move(tokens)) {}

  Result<Script> script();

 private:
  // Queries (parse_query.cpp).
  Result<QueryPointer> query();
  Result<std::shared_ptr<const Body>> body(int precedence);
  Result<std::shared_ptr<const Body>> body_part();
  Result<std::shared_ptr<const Body>> values();
  Result<Select> select();
  Result<void> group_by(Select& select);
  Result<std::vector<SelectItem>> items();
  Result<SelectItem> item();
  Result<std::vector<OrderItem>> order_by();
  Result<void> limits(Query& query);
  Result<CommonTable> common_table();
  Result<std::vector<std::string>> column_names();
  Result<std::string> name(const char* what);

  // Tables (parse_query.cpp).
  Result<TablePointer> from();
  Result<TablePointer> joined();
  Result<TablePointer> table();
  Result<void> alias(TableNode& table);
  Result<std::optional<JoinKind>> join_kind(bool& natural);
  Result<void> join_condition(TableNode& join);

  // Expressions (parse_expression.cpp), what binds loosest first.
  Result<NodePointer> expression();
  Result<NodePointer> conjunction();
  Result<NodePointer> negation();
  Result<NodePointer> comparison();
  Result<NodePointer> tested(NodePointer left);
  Result<NodePointer> like(NodePointer left, size_t at, bool negated, const char* kind);
  Result<NodePointer> in(NodePointer left, size_t at, bool negated);
  Result<NodePointer> binary(size_t level);
  Result<NodePointer> unary();
  Result<NodePointer> postfix();
  Result<NodePointer> primary();
  Result<NodePointer> bracket();
  Result<NodePointer> case_of();
  Result<NodePointer> cast();
  Result<NodePointer> interval();
  Result<NodePointer> extract();
  Result<NodePointer> substring();
  Result<NodePointer> position();
  Result<NodePointer> trim();
  Result<NodePointer> call();
  Result<NodePointer> named();
  Result<std::vector<NodePointer>> expressions();
  Result<DataType> type();

  // Windows (parse_window.cpp).
  Result<Window> window();
  Result<WindowFrame> window_frame(WindowFrame::Unit unit);
  Result<void> window_bound(WindowFrame::Bound& bound, Scalar& offset);
  Result<void> windows(Select& select);

  Result<NodePointer> made(Node node);
  static NodePointer with_text(Node::Kind kind, size_t at, std::string text);

  TokenStream in_;
  size_t depth_ = 0;
};

/// Words that begin the next part of a query, and are no names without quotes.
bool is_reserved(const std::string& word);

}  // namespace headrace::frame::sql

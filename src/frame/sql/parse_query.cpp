#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "frame/sql/parser.h"
#include "frame/sql/parser_parts.h"

namespace headrace::frame::sql {

bool is_reserved(const std::string& word) {
  static constexpr std::string_view kWords[] = {
      "all",   "and",   "anti",   "as",     "asc",     "between", "by",    "case",  "cast",    "create", "cross", "desc",      "distinct",
      "else",  "end",   "except", "exists", "false",   "for",     "from",  "full",  "group",   "having", "ilike", "in",        "inner",
      "intersect", "is", "join",  "left",   "like",    "limit",   "natural", "not", "null",    "offset", "on",    "or",        "order",
      "outer", "right", "select", "semi",   "then",    "true",    "union", "using", "values",  "when",   "where", "with", "qualify",
      "window", "over"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

std::unexpected<Error> TokenStream::wrong(std::string_view expected) const {
  const Token& token = peek();
  const std::string found = token.kind == Token::Kind::End ? "the query ends" : fmt::format("{:?} stands", token.text);
  return source_.fail(ErrorKind::InvalidArgument, token.at, fmt::format("{} where {}.", expected, found));
}

Result<Script> parse(const Source& source) {
  HR_TRY(auto tokens, tokens_of(source));
  return Parser(source, std::move(tokens)).script();
}

Result<Script> Parser::script() {
  Script script;
  for (;;) {
    while (in_.take(";")) {
    }
    if (!in_.take("create")) break;
    if (in_.take("or")) HR_CHECK(in_.expect("replace"));
    if (!in_.take("temp")) in_.take("temporary");
    HR_CHECK(in_.expect("view"));
    CommonTable view;
    HR_TRY(view.name, name("the view's name is expected"));
    if (in_.is("(")) {
      HR_TRY(view.columns, column_names());
    }
    HR_CHECK(in_.expect("as"));
    HR_TRY(view.query, query());
    script.views.push_back(std::move(view));
    if (!in_.is(";")) return in_.wrong("; and a query are expected");
  }
  HR_TRY(script.query, query());
  while (in_.take(";")) {
  }
  if (in_.take("drop", "view")) {
    HR_TRY(const std::string dropped, name("the view's name is expected"));
    while (in_.take(";")) {
    }
  }
  if (in_.peek().kind != Token::Kind::End) return in_.wrong("The end of the query is expected");
  return script;
}

Result<std::string> Parser::name(const char* what) {
  const Token& token = in_.peek();
  if (token.kind == Token::Kind::Name || (token.kind == Token::Kind::Word && !is_reserved(token.text))) {
    const std::string text = token.kind == Token::Kind::Word ? token.original : token.text;
    in_.next();
    return text;
  }
  return in_.wrong(what);
}

Result<std::vector<std::string>> Parser::column_names() {
  HR_CHECK(in_.expect("("));
  std::vector<std::string> names;
  do {
    HR_TRY(std::string column, name("a column's name is expected"));
    names.push_back(std::move(column));
  } while (in_.take(","));
  HR_CHECK(in_.expect(")"));
  return names;
}

Result<CommonTable> Parser::common_table() {
  CommonTable table;
  HR_TRY(table.name, name("the table's name is expected"));
  if (in_.is("(")) {
    HR_TRY(table.columns, column_names());
  }
  HR_CHECK(in_.expect("as"));
  if (in_.take("not")) {
    HR_CHECK(in_.expect("materialized"));
  } else {
    in_.take("materialized");
  }
  HR_CHECK(in_.expect("("));
  HR_TRY(table.query, query());
  HR_CHECK(in_.expect(")"));
  return table;
}

Result<QueryPointer> Parser::query() {
  const Depth depth(depth_);
  if (depth.is_too_deep()) return in_.source().fail(ErrorKind::OutOfRange, in_.peek().at, "The query is nested too deep here.");
  auto query = std::make_shared<Query>();
  query->at = in_.peek().at;
  if (in_.take("with")) {
    if (in_.is("recursive")) {
      return in_.source().fail(ErrorKind::Unsupported, in_.peek().at, "Recursive queries are not supported.");
    }
    do {
      HR_TRY(CommonTable table, common_table());
      query->with.push_back(std::move(table));
    } while (in_.take(","));
  }
  HR_TRY(query->body, body(0));
  if (in_.take("order", "by")) {
    HR_TRY(query->order_by, order_by());
  }
  HR_CHECK(limits(*query));
  return query;
}

Result<void> Parser::limits(Query& query) {
  for (;;) {
    if (!query.limit && in_.take("limit")) {
      if (in_.take("all")) continue;
      HR_TRY(query.limit, expression());
    } else if (!query.offset && in_.take("offset")) {
      HR_TRY(query.offset, expression());
      if (!in_.take("rows")) in_.take("row");
    } else if (!query.limit && in_.take("fetch")) {
      if (!in_.take("first")) HR_CHECK(in_.expect("next"));
      HR_TRY(query.limit, primary());
      if (!in_.take("rows")) HR_CHECK(in_.expect("row"));
      HR_CHECK(in_.expect("only"));
    } else {
      return {};
    }
  }
}

Result<std::vector<OrderItem>> Parser::order_by() {
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    HR_TRY(item.key, expression());
    if (in_.take("desc")) {
      item.descending = true;
    } else {
      in_.take("asc");
    }
    if (in_.take("nulls")) {
      item.nulls_first = in_.take("first");
      if (!item.nulls_first) HR_CHECK(in_.expect("last"));
    }
    items.push_back(std::move(item));
  } while (in_.take(","));
  return items;
}

/// Intersections bind closer than unions and differences.
Result<std::shared_ptr<const Body>> Parser::body(int precedence) {
  HR_TRY(auto left, precedence == 0 ? body(1) : body_part());
  size_t parts = 1;
  for (;;) {
    const Token& token = in_.peek();
    Body made{.at = token.at};
    if (precedence == 0 && token.is("union")) {
      made.kind = Body::Kind::Union;
    } else if (precedence == 0 && token.is("except")) {
      made.kind = Body::Kind::Except;
    } else if (precedence == 1 && token.is("intersect")) {
      made.kind = Body::Kind::Intersect;
    } else {
      return left;
    }
    if (++parts > kDeepest) return in_.source().fail(ErrorKind::OutOfRange, token.at, "Too many queries are put together here.");
    in_.next();
    made.all = in_.take("all");
    if (!made.all) in_.take("distinct");
    if (in_.take("by")) return in_.source().fail(ErrorKind::Unsupported, made.at, "Set operations by names are not supported.");
    made.left = std::move(left);
    HR_TRY(made.right, precedence == 0 ? body(1) : body_part());
    left = std::make_shared<const Body>(std::move(made));
  }
}

Result<std::shared_ptr<const Body>> Parser::body_part() {
  Body made{.at = in_.peek().at};
  if (in_.take("(")) {
    made.kind = Body::Kind::Query;
    HR_TRY(made.query, query());
    HR_CHECK(in_.expect(")"));
    return std::make_shared<const Body>(std::move(made));
  }
  if (in_.is("values")) return values();
  if (!in_.is("select") && !in_.is("from")) return in_.wrong("A query is expected");
  HR_TRY(made.select, select());
  return std::make_shared<const Body>(std::move(made));
}

Result<std::shared_ptr<const Body>> Parser::values() {
  Body made{.kind = Body::Kind::Values, .at = in_.next().at};
  do {
    HR_CHECK(in_.expect("("));
    HR_TRY(auto row, expressions());
    HR_CHECK(in_.expect(")"));
    made.rows.push_back(std::move(row));
  } while (in_.take(","));
  return std::make_shared<const Body>(std::move(made));
}

Result<Select> Parser::select() {
  Select select{.at = in_.peek().at};
  if (in_.take("from")) {
    // What is selected may stand behind, or be left out.
    HR_TRY(select.from, from());
  }
  if (in_.take("select")) {
    select.distinct = in_.take("distinct");
    if (select.distinct && in_.is("on")) return in_.source().fail(ErrorKind::Unsupported, in_.peek().at, "DISTINCT ON is not supported.");
    if (!select.distinct) in_.take("all");
    HR_TRY(select.items, items());
  } else {
    select.items.push_back({with_text(Node::Kind::Star, select.at, "")});
  }
  if (!select.from && in_.take("from")) {
    HR_TRY(select.from, from());
  }
  if (in_.take("where")) {
    HR_TRY(select.where, expression());
  }
  HR_CHECK(group_by(select));
  if (in_.take("having")) {
    HR_TRY(select.having, expression());
  }
  HR_CHECK(windows(select));
  if (in_.take("qualify")) {
    HR_TRY(select.qualify, expression());
  }
  return select;
}

Result<void> Parser::group_by(Select& select) {
  const size_t at = in_.peek().at;
  if (!in_.take("group", "by")) return {};
  if (in_.take("all")) {
    select.group_by_all = true;
    return {};
  }
  for (const char* word : {"rollup", "cube", "grouping"}) {
    if (in_.is(word)) return in_.source().fail(ErrorKind::Unsupported, at, "Grouping sets are not supported; unite queries instead.");
  }
  HR_TRY(select.group_by, expressions());
  return {};
}

Result<std::vector<SelectItem>> Parser::items() {
  std::vector<SelectItem> items;
  do {
    // A comma may stand behind the last one.
    if (!items.empty() && (in_.is("from") || in_.peek().kind == Token::Kind::End)) break;
    HR_TRY(SelectItem each, item());
    items.push_back(std::move(each));
  } while (in_.take(","));
  return items;
}

Result<SelectItem> Parser::item() {
  SelectItem item;
  const Token& token = in_.peek();
  const bool of_table = (token.kind == Token::Kind::Word || token.kind == Token::Kind::Name) && in_.is(".", 1) && in_.is("*", 2);
  if (of_table || token.is("*")) {
    item.value = with_text(Node::Kind::Star, token.at, of_table ? token.kind == Token::Kind::Word ? token.original : token.text : "");
    for (size_t i = 0; i < (of_table ? 3 : 1); ++i) in_.next();
    if (in_.take("exclude")) {
      if (in_.is("(")) {
        HR_TRY(item.excluded, column_names());
      } else {
        HR_TRY(std::string one, name("a column's name is expected"));
        item.excluded.push_back(std::move(one));
      }
    }
    return item;
  }
  HR_TRY(item.value, expression());
  if (in_.take("as")) {
    // Behind AS any word is a name.
    if (in_.peek().kind == Token::Kind::Word) {
      item.alias = in_.next().original;
    } else if (in_.peek().kind == Token::Kind::String) {
      item.alias = in_.next().text;
    } else {
      HR_TRY(item.alias, name("a name is expected"));
    }
  } else if (in_.peek().kind == Token::Kind::Name || (in_.peek().kind == Token::Kind::Word && !is_reserved(in_.peek().text))) {
    HR_TRY(item.alias, name("a name is expected"));
  }
  return item;
}

Result<TablePointer> Parser::from() {
  HR_TRY(TablePointer left, joined());
  size_t tables = 1;
  while (in_.take(",")) {
    TableNode made{.kind = TableNode::Kind::Join, .at = in_.peek().at, .join = JoinKind::Cross};
    if (++tables > kDeepest) return in_.source().fail(ErrorKind::OutOfRange, made.at, "Too many tables are joined here.");
    made.left = std::move(left);
    HR_TRY(made.right, joined());
    left = std::make_shared<const TableNode>(std::move(made));
  }
  return left;
}

Result<std::optional<JoinKind>> Parser::join_kind(bool& natural) {
  natural = in_.take("natural");
  struct Word { const char* word; JoinKind kind; bool may_be_outer; };
  static constexpr Word kWords[] = {{"inner", JoinKind::Inner, false}, {"left", JoinKind::Left, true},   {"right", JoinKind::Right, true},
                                    {"full", JoinKind::Full, true},    {"cross", JoinKind::Cross, false}, {"semi", JoinKind::Semi, false},
                                    {"anti", JoinKind::Anti, false}};
  for (const Word& each : kWords) {
    if (!in_.is(each.word)) continue;
    in_.next();
    if (each.may_be_outer) in_.take("outer");
    HR_CHECK(in_.expect("join"));
    return each.kind;
  }
  if (in_.take("join")) return JoinKind::Inner;
  if (natural) return in_.wrong("A join is expected");
  return std::nullopt;
}

Result<TablePointer> Parser::joined() {
  HR_TRY(TablePointer left, table());
  size_t tables = 1;
  for (;;) {
    TableNode made{.kind = TableNode::Kind::Join, .at = in_.peek().at};
    HR_TRY(const auto kind, join_kind(made.natural));
    if (!kind) return left;
    if (++tables > kDeepest) return in_.source().fail(ErrorKind::OutOfRange, made.at, "Too many tables are joined here.");
    made.join = *kind;
    made.left = std::move(left);
    HR_TRY(made.right, table());
    if (*kind != JoinKind::Cross && !made.natural) HR_CHECK(join_condition(made));
    left = std::make_shared<const TableNode>(std::move(made));
  }
}

Result<void> Parser::join_condition(TableNode& join) {
  if (in_.take("on")) {
    HR_TRY(join.on, expression());
    return {};
  }
  if (!in_.take("using")) return in_.wrong("ON or USING is expected");
  HR_TRY(join.using_names, column_names());
  return {};
}

Result<TablePointer> Parser::table() {
  const Depth depth(depth_);
  if (depth.is_too_deep()) return in_.source().fail(ErrorKind::OutOfRange, in_.peek().at, "The query is nested too deep here.");
  TableNode made{.at = in_.peek().at};
  if (in_.is("lateral")) return in_.source().fail(ErrorKind::Unsupported, made.at, "LATERAL is not supported.");
  if (in_.take("(")) {
    if (!in_.is("select") && !in_.is("with") && !in_.is("values") && !in_.is("from") && !in_.is("(")) {
      HR_TRY(TablePointer inner, from());
      HR_CHECK(in_.expect(")"));
      return inner;
    }
    made.kind = TableNode::Kind::Query;
    HR_TRY(made.query, query());
    HR_CHECK(in_.expect(")"));
  } else if (in_.peek().kind == Token::Kind::String) {
    made.name = in_.next().text;
    made.is_file = true;
  } else {
    const Token& function = in_.peek();
    if ((function.is("read_parquet") || function.is("parquet_scan")) && in_.is("(", 1) && in_.peek(2).kind == Token::Kind::String) {
      in_.next(), in_.next();
      made.name = in_.next().text;
      made.is_file = true;
      HR_CHECK(in_.expect(")"));
    } else {
      HR_TRY(made.name, name("a table is expected"));
      while (in_.take(".")) {
        HR_TRY(made.name, name("a table's name is expected"));
      }
    }
  }
  HR_CHECK(alias(made));
  return std::make_shared<const TableNode>(std::move(made));
}

Result<void> Parser::alias(TableNode& table) {
  const bool has_as = in_.take("as");
  const Token& token = in_.peek();
  if (!has_as && token.kind != Token::Kind::Name && (token.kind != Token::Kind::Word || is_reserved(token.text))) return {};
  HR_TRY(table.alias, name("a name is expected"));
  if (in_.is("(")) {
    HR_TRY(table.columns, column_names());
  }
  return {};
}

}  // namespace headrace::frame::sql

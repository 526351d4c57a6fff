#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "frame/sql/parser.h"
#include "frame/sql/parser_parts.h"

namespace headrace::frame::sql {
namespace {

using Kind = Node::Kind;

struct Operator {
  const char* text;
  size_t level;
};
/// Of two sides, the loosest first.
constexpr Operator kOperators[] = {{"||", 0}, {"&", 0}, {"|", 0}, {"+", 1}, {"-", 1}, {"*", 2}, {"/", 2}, {"//", 2}, {"%", 2}, {"^", 3},
    {"**", 3}};
constexpr size_t kLevels = 4;

constexpr const char* kComparisons[] = {"=", "==", "<>", "!=", "<", "<=", ">", ">="};

}  // namespace

NodePointer Parser::with_text(Kind kind, size_t at, std::string text) {
  return std::make_shared<const Node>(Node{.kind = kind, .at = at, .text = std::move(text)});
}

/// A node, if it is not too deep.
Result<NodePointer> Parser::made(Node node) {
  for (const NodePointer& input : node.inputs) node.depth = std::max(node.depth, input->depth + 1);
  if (node.depth > kDeepest) return in_.source().fail(ErrorKind::OutOfRange, node.at, "The expression is nested too deep here.");
  return std::make_shared<const Node>(std::move(node));
}

Result<std::vector<NodePointer>> Parser::expressions() {
  std::vector<NodePointer> all;
  do {
    HR_TRY(NodePointer one, expression());
    all.push_back(std::move(one));
  } while (in_.take(","));
  return all;
}

Result<NodePointer> Parser::expression() {
  const Depth depth(depth_);
  if (depth.is_too_deep()) return in_.source().fail(ErrorKind::OutOfRange, in_.peek().at, "The query is nested too deep here.");
  Node node{.kind = Kind::Or, .at = in_.peek().at};
  do {
    HR_TRY(NodePointer part, conjunction());
    node.inputs.push_back(std::move(part));
  } while (in_.take("or"));
  return node.inputs.size() == 1 ? node.inputs.front() : made(std::move(node));
}

Result<NodePointer> Parser::conjunction() {
  Node node{.kind = Kind::And, .at = in_.peek().at};
  do {
    HR_TRY(NodePointer part, negation());
    node.inputs.push_back(std::move(part));
  } while (in_.take("and"));
  return node.inputs.size() == 1 ? node.inputs.front() : made(std::move(node));
}

Result<NodePointer> Parser::negation() {
  const size_t at = in_.peek().at;
  size_t times = 0;
  while (in_.is("not") && !in_.is("exists", 1)) in_.next(), ++times;
  HR_TRY(NodePointer node, comparison());
  if (times > kDeepest) return in_.source().fail(ErrorKind::OutOfRange, at, "The expression is nested too deep here.");
  for (size_t i = 0; i < times; ++i) {
    HR_TRY(node, made({.kind = Kind::Unary, .at = at, .text = "not", .inputs = {node}}));
  }
  return node;
}

Result<NodePointer> Parser::comparison() {
  HR_TRY(NodePointer left, binary(0));
  HR_TRY(left, tested(std::move(left)));
  for (;;) {
    const Token& token = in_.peek();
    const auto found = std::ranges::find_if(kComparisons, [&](const char* each) { return token.is(each); });
    if (found == std::end(kComparisons)) return left;
    const std::string text = token.is("==") ? "=" : token.is("!=") ? "<>" : token.text;
    const size_t at = token.at;
    in_.next();
    for (const char* word : {"all", "any", "some"}) {
      if (!in_.is(word) || !in_.is("(", 1)) continue;
      return in_.source().fail(ErrorKind::Unsupported, at, "Comparisons with ALL and ANY are not supported; use IN, min or max.");
    }
    HR_TRY(NodePointer right, binary(0));
    HR_TRY(right, tested(std::move(right)));
    HR_TRY(left, made({.kind = Kind::Binary, .at = at, .text = text, .inputs = {left, right}}));
  }
}

/// What may stand behind a value: IS NULL, BETWEEN, IN, LIKE.
Result<NodePointer> Parser::tested(NodePointer left) {
  for (;;) {
    const size_t at = in_.peek().at;
    if (in_.take("is")) {
      const bool negated = in_.take("not");
      if (in_.take("null")) {
        HR_TRY(left, made({.kind = Kind::IsNull, .at = at, .inputs = {left}, .negated = negated}));
      } else if (in_.is("true") || in_.is("false")) {
        const auto value = with_text(Kind::Bool, at, in_.next().text);
        HR_TRY(left, made({.kind = Kind::Distinct, .at = at, .inputs = {left, value}, .negated = !negated}));
      } else if (in_.take("distinct", "from")) {
        HR_TRY(NodePointer right, binary(0));
        HR_TRY(left, made({.kind = Kind::Distinct, .at = at, .inputs = {left, right}, .negated = negated}));
      } else {
        return in_.wrong("NULL, TRUE, FALSE or DISTINCT FROM is expected");
      }
      continue;
    }
    if (in_.take("isnull") || in_.take("notnull")) return in_.source().fail(ErrorKind::Unsupported, at, "Write IS NULL or IS NOT NULL.");
    const bool negated = in_.is("not") && (in_.is("between", 1) || in_.is("in", 1) || in_.is("like", 1) || in_.is("ilike", 1));
    if (negated) in_.next();
    if (in_.take("between")) {
      HR_TRY(NodePointer least, binary(0));
      HR_CHECK(in_.expect("and"));
      HR_TRY(NodePointer most, binary(0));
      HR_TRY(left, made({.kind = Kind::Between, .at = at, .inputs = {left, least, most}, .negated = negated}));
    } else if (in_.take("in")) {
      HR_TRY(left, in(std::move(left), at, negated));
    } else if (in_.take("like")) {
      HR_TRY(left, like(std::move(left), at, negated, "like"));
    } else if (in_.take("ilike")) {
      HR_TRY(left, like(std::move(left), at, negated, "ilike"));
    } else {
      return left;
    }
  }
}

Result<NodePointer> Parser::like(NodePointer left, size_t at, bool negated, const char* kind) {
  Node node{.kind = Kind::Like, .at = at, .text = kind, .inputs = {std::move(left)}, .negated = negated};
  HR_TRY(NodePointer pattern, binary(0));
  node.inputs.push_back(std::move(pattern));
  if (in_.take("escape")) {
    HR_TRY(NodePointer escape, primary());
    node.inputs.push_back(std::move(escape));
  }
  return made(std::move(node));
}

Result<NodePointer> Parser::in(NodePointer left, size_t at, bool negated) {
  HR_CHECK(in_.expect("("));
  Node node{.kind = Kind::In, .at = at, .inputs = {std::move(left)}, .negated = negated};
  if (in_.is("select") || in_.is("with") || in_.is("values") || in_.is("from")) {
    node.kind = Kind::InQuery;
    HR_TRY(node.query, query());
  } else {
    HR_TRY(auto values, expressions());
    node.inputs.insert(node.inputs.end(), values.begin(), values.end());
  }
  HR_CHECK(in_.expect(")"));
  // A list has no depth of its own.
  return made(std::move(node));
}

Result<NodePointer> Parser::binary(size_t level) {
  if (level == kLevels) return unary();
  HR_TRY(NodePointer left, binary(level + 1));
  for (;;) {
    const Token& token = in_.peek();
    const auto found = std::ranges::find_if(kOperators, [&](const Operator& each) { return each.level == level && token.is(each.text); });
    if (found == std::end(kOperators)) return left;
    const size_t at = token.at;
    in_.next();
    HR_TRY(NodePointer right, binary(level + 1));
    HR_TRY(left, made({.kind = Kind::Binary, .at = at, .text = found->text, .inputs = {left, right}}));
  }
}

Result<NodePointer> Parser::unary() {
  const size_t at = in_.peek().at;
  if (!in_.is("-") && !in_.is("+")) return postfix();
  const Depth depth(depth_);
  if (depth.is_too_deep()) return in_.source().fail(ErrorKind::OutOfRange, at, "The expression is nested too deep here.");
  const std::string text = in_.next().text;
  HR_TRY(NodePointer input, unary());
  return made({.kind = Kind::Unary, .at = at, .text = text, .inputs = {input}});
}

Result<NodePointer> Parser::postfix() {
  HR_TRY(NodePointer node, primary());
  for (;;) {
    const size_t at = in_.peek().at;
    if (in_.take("::")) {
      HR_TRY(DataType to, type());
      HR_TRY(node, made({.kind = Kind::Cast, .at = at, .inputs = {node}, .type = std::move(to)}));
    } else if (in_.is("[")) {
      return in_.source().fail(ErrorKind::Unsupported, at, "Parts in brackets are not supported; use substring().");
    } else {
      return node;
    }
  }
}

Result<NodePointer> Parser::primary() {
  const Token& token = in_.peek();
  const size_t at = token.at;
  switch (token.kind) {
    case Token::Kind::Number: return with_text(Kind::Number, at, in_.next().text);
    case Token::Kind::String: return with_text(Kind::String, at, in_.next().text);
    case Token::Kind::Name: return named();
    case Token::Kind::End: return in_.wrong("An expression is expected");
    case Token::Kind::Symbol:
      if (token.is("(")) return bracket();
      return in_.wrong("An expression is expected");
    case Token::Kind::Word: break;
  }
  if (token.is("null")) return in_.next(), with_text(Kind::Null, at, "");
  if (token.is("true") || token.is("false")) return with_text(Kind::Bool, at, in_.next().text);
  if (token.is("case")) return case_of();
  if ((token.is("cast") || token.is("try_cast")) && in_.is("(", 1)) return cast();
  if (token.is("exists") || (token.is("not") && in_.is("exists", 1))) {
    const bool negated = in_.take("not");
    in_.next();
    HR_CHECK(in_.expect("("));
    HR_TRY(QueryPointer inner, query());
    HR_CHECK(in_.expect(")"));
    return made({.kind = Kind::Exists, .at = at, .query = std::move(inner), .negated = negated});
  }
  const bool is_text = in_.peek(1).kind == Token::Kind::String;
  if (token.is("interval") && (is_text || in_.peek(1).kind == Token::Kind::Number || in_.is("(", 1))) return interval();
  if ((token.is("date") || token.is("timestamp") || token.is("datetime")) && is_text) {
    const DataType to = token.is("date") ? DataType(TypeId::Date) : DataType::datetime(TimeUnit::Microsecond);
    in_.next();
    const auto text = with_text(Kind::String, in_.peek().at, in_.peek().text);
    in_.next();
    return made({.kind = Kind::Cast, .at = at, .inputs = {text}, .type = to});
  }
  if (in_.is("(", 1)) {
    if (token.is("extract")) return extract();
    if (token.is("substring") || token.is("substr")) return substring();
    if (token.is("position")) return position();
    if (token.is("trim")) return trim();
    if (!is_reserved(token.text) || token.is("left") || token.is("right")) return call();
  }
  return named();
}

Result<NodePointer> Parser::bracket() {
  const size_t at = in_.next().at;
  if (in_.is("select") || in_.is("with") || in_.is("values") || in_.is("from")) {
    HR_TRY(QueryPointer inner, query());
    HR_CHECK(in_.expect(")"));
    return made({.kind = Kind::Scalar, .at = at, .query = std::move(inner)});
  }
  HR_TRY(NodePointer inner, expression());
  if (in_.is(",")) return in_.source().fail(ErrorKind::Unsupported, at, "Rows of several values are not supported here.");
  HR_CHECK(in_.expect(")"));
  return inner;
}

Result<NodePointer> Parser::case_of() {
  Node node{.kind = Kind::Case, .at = in_.next().at};
  NodePointer subject;
  if (!in_.is("when")) {
    HR_TRY(subject, expression());
  }
  if (!in_.is("when")) return in_.wrong("WHEN is expected");
  while (in_.take("when")) {
    HR_TRY(NodePointer condition, expression());
    if (subject) {
      HR_TRY(condition, made({.kind = Kind::Binary, .at = condition->at, .text = "=", .inputs = {subject, condition}}));
    }
    HR_CHECK(in_.expect("then"));
    HR_TRY(NodePointer value, expression());
    node.inputs.push_back(std::move(condition));
    node.inputs.push_back(std::move(value));
    if (node.inputs.size() > 2 * kDeepest) return in_.source().fail(ErrorKind::OutOfRange, node.at, "The CASE has too many branches.");
  }
  if (in_.take("else")) {
    HR_TRY(NodePointer otherwise, expression());
    node.inputs.push_back(std::move(otherwise));
    node.flag = true;
  }
  HR_CHECK(in_.expect("end"));
  return made(std::move(node));
}

Result<NodePointer> Parser::cast() {
  Node node{.kind = Kind::Cast, .at = in_.peek().at, .flag = in_.next().is("try_cast")};
  HR_CHECK(in_.expect("("));
  HR_TRY(NodePointer input, expression());
  node.inputs.push_back(std::move(input));
  HR_CHECK(in_.expect("as"));
  HR_TRY(node.type, type());
  HR_CHECK(in_.expect(")"));
  return made(std::move(node));
}

/// interval '90' day (3), interval 3 months, interval '1 year', interval (n) day.
Result<NodePointer> Parser::interval() {
  Node node{.kind = Kind::Interval, .at = in_.next().at};
  const bool is_string = in_.peek().kind == Token::Kind::String;
  if (is_string) {
    // Number and unit may stand in the quotes together.
    const std::string text = in_.peek().text;
    const size_t end = text.find_first_not_of("+-0123456789");
    node.inputs.push_back(with_text(Kind::Number, in_.next().at, text.substr(0, end)));
    if (end != text.npos) {
      node.text = text.substr(std::min(text.find_first_not_of(' ', end), text.size()));
      std::ranges::transform(node.text, node.text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
  } else {
    HR_TRY(NodePointer count, primary());
    node.inputs.push_back(std::move(count));
  }
  if (node.text.empty()) {
    if (in_.peek().kind != Token::Kind::Word) return in_.wrong("A unit such as DAY is expected");
    node.text = in_.next().text;
    // Digits that the number may have.
    if (in_.is("(") && in_.peek(1).kind == Token::Kind::Number && in_.is(")", 2)) in_.next(), in_.next(), in_.next();
  }
  if (node.text.ends_with('s')) node.text.pop_back();
  return made(std::move(node));
}

Result<NodePointer> Parser::extract() {
  Node node{.kind = Kind::Call, .at = in_.next().at, .text = "date_part"};
  HR_CHECK(in_.expect("("));
  const Token& part = in_.peek();
  if (part.kind != Token::Kind::Word && part.kind != Token::Kind::String) return in_.wrong("A part of a date such as YEAR is expected");
  node.inputs.push_back(with_text(Kind::String, part.at, part.text));
  in_.next();
  HR_CHECK(in_.expect("from"));
  HR_TRY(NodePointer input, expression());
  node.inputs.push_back(std::move(input));
  HR_CHECK(in_.expect(")"));
  return made(std::move(node));
}

/// substring(x from a for b), or with commas.
Result<NodePointer> Parser::substring() {
  Node node{.kind = Kind::Call, .at = in_.next().at, .text = "substring"};
  HR_CHECK(in_.expect("("));
  for (const char* word : {"from", "for", ")"}) {
    HR_TRY(NodePointer input, expression());
    node.inputs.push_back(std::move(input));
    if (in_.is(")")) break;
    if (!in_.take(",")) HR_CHECK(in_.expect(word));
  }
  HR_CHECK(in_.expect(")"));
  return made(std::move(node));
}

Result<NodePointer> Parser::position() {
  Node node{.kind = Kind::Call, .at = in_.next().at, .text = "strpos"};
  HR_CHECK(in_.expect("("));
  HR_TRY(NodePointer part, binary(0));
  HR_CHECK(in_.expect("in"));
  HR_TRY(NodePointer whole, expression());
  node.inputs = {std::move(whole), std::move(part)};
  HR_CHECK(in_.expect(")"));
  return made(std::move(node));
}

/// trim(x), trim(both 'c' from x), trim(x, 'c').
Result<NodePointer> Parser::trim() {
  Node node{.kind = Kind::Call, .at = in_.next().at, .text = "trim"};
  HR_CHECK(in_.expect("("));
  if (in_.take("leading")) {
    node.text = "ltrim";
  } else if (in_.take("trailing")) {
    node.text = "rtrim";
  } else {
    in_.take("both");
  }
  if (!in_.take("from")) {
    HR_TRY(NodePointer first, expression());
    node.inputs.push_back(std::move(first));
  }
  if (in_.take("from") || node.inputs.empty()) {
    HR_TRY(NodePointer input, expression());
    node.inputs.insert(node.inputs.begin(), std::move(input));
  } else if (in_.take(",")) {
    HR_TRY(NodePointer characters, expression());
    node.inputs.push_back(std::move(characters));
  }
  HR_CHECK(in_.expect(")"));
  return made(std::move(node));
}

Result<NodePointer> Parser::call() {
  Node node{.kind = Kind::Call, .at = in_.peek().at, .text = in_.peek().text};
  in_.next(), in_.next();
  node.flag = in_.take("distinct");
  if (in_.is("*") && in_.is(")", 1)) {
    node.inputs.push_back(with_text(Kind::Star, in_.next().at, ""));
  } else if (!in_.is(")")) {
    HR_TRY(node.inputs, expressions());
  }
  if (in_.is("order")) return in_.source().fail(ErrorKind::Unsupported, in_.peek().at, "Aggregates in an order are not supported.");
  HR_CHECK(in_.expect(")"));
  if (in_.take("filter")) {
    HR_CHECK(in_.expect("("));
    in_.take("where");
    HR_TRY(node.filter, expression());
    HR_CHECK(in_.expect(")"));
  }
  if (in_.take("over")) {
    Window window{.at = in_.peek().at};
    if (in_.is("(")) {
      HR_TRY(window, this->window());
    } else {
      HR_TRY(window.name, name("A window is expected"));
    }
    node.over = std::make_shared<const Window>(std::move(window));
  }
  return made(std::move(node));
}

Result<NodePointer> Parser::named() {
  Node node{.kind = Kind::Name, .at = in_.peek().at};
  do {
    HR_TRY(std::string part, name("An expression is expected"));
    node.names.push_back(std::move(part));
  } while (in_.take("."));
  return made(std::move(node));
}

Result<DataType> Parser::type() {
  const Token& token = in_.peek();
  if (token.kind != Token::Kind::Word) return in_.wrong("A type is expected");
  const size_t at = token.at;
  std::string text = in_.next().text;
  if (text == "double") in_.take("precision");
  if (text == "character") in_.take("varying");
  std::vector<int> digits;
  if (in_.take("(")) {
    do {
      const Token& number = in_.peek();
      int value = 0;
      const auto [end, error] = std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
      const bool is_number = number.kind == Token::Kind::Number && error == std::errc() && end == number.text.data() + number.text.size();
      if (!is_number) return in_.wrong("A number is expected");
      digits.push_back(value);
      in_.next();
    } while (in_.take(","));
    HR_CHECK(in_.expect(")"));
  }
  if (auto found = type_named(text, digits)) return *std::move(found);
  return in_.source().fail(ErrorKind::InvalidArgument, at, fmt::format("There is no type {:?} here.", text), text);
}

std::optional<DataType> type_named(const std::string& name, const std::vector<int>& digits) {
  struct Entry { const char* name; TypeId id; };
  static constexpr Entry kTypes[] = {
      {"boolean", TypeId::Bool},   {"bool", TypeId::Bool},       {"tinyint", TypeId::Int8},    {"int1", TypeId::Int8},
      {"smallint", TypeId::Int16}, {"int2", TypeId::Int16},      {"short", TypeId::Int16},     {"integer", TypeId::Int32},
      {"int", TypeId::Int32},      {"int4", TypeId::Int32},      {"signed", TypeId::Int32},    {"bigint", TypeId::Int64},
      {"int8", TypeId::Int64},     {"long", TypeId::Int64},      {"utinyint", TypeId::UInt8},  {"usmallint", TypeId::UInt16},
      {"uinteger", TypeId::UInt32}, {"ubigint", TypeId::UInt64}, {"float", TypeId::Float32},   {"float4", TypeId::Float32},
      {"real", TypeId::Float32},   {"double", TypeId::Float64},  {"float8", TypeId::Float64},  {"varchar", TypeId::String},
      {"text", TypeId::String},    {"string", TypeId::String},   {"char", TypeId::String},     {"bpchar", TypeId::String},
      {"character", TypeId::String}, {"date", TypeId::Date},     {"timestamp", TypeId::Datetime}, {"datetime", TypeId::Datetime}};
  if (name == "decimal" || name == "numeric" || name == "dec") {
    if (digits.size() > 2) return std::nullopt;
    // What DuckDB takes without digits.
    const auto made = DataType::decimal(digits.empty() ? 18 : digits[0], digits.empty() ? 3 : digits.size() < 2 ? 0 : digits[1]);
    return made ? std::optional(*made) : std::nullopt;
  }
  if (name == "hugeint") return *DataType::decimal(DataType::kGreatestPrecision, 0);
  for (const Entry& entry : kTypes) {
    if (name == entry.name) return DataType(entry.id);
  }
  return std::nullopt;
}

}  // namespace headrace::frame::sql

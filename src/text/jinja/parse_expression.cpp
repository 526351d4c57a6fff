#include <algorithm>

#include "text/jinja/failure.h"
#include "text/jinja/parser.h"

namespace headrace::text::jinja {
namespace {

int depth_of(const ExpressionPtr& node) { return node ? node->depth : 0; }

int deepest(const ExpressionList& nodes) {
  int depth = 0;
  for (const ExpressionPtr& node : nodes) depth = std::max(depth, depth_of(node));
  return depth;
}

int deepest(const ArgumentList& arguments) {
  int depth = std::max({deepest(arguments.positional), depth_of(arguments.spread), depth_of(arguments.spread_named)});
  for (const auto& [name, value] : arguments.named) depth = std::max(depth, depth_of(value));
  return depth;
}

}  // namespace

ExpressionPtr Parser::constant(Value value, int line) {
  return finish(std::make_unique<Constant>(std::move(value)), line, 0);
}

ExpressionPtr Parser::string_constant(std::string text, int line) {
  const auto object = program_->constants.make<StringObject>(std::move(text));
  object->length();  // counted now, so that the shared constant never changes
  Heap::make_permanent(*object);
  return constant(Value(Kind::String, object), line);
}

ExpressionPtr Parser::logical(bool is_and, ExpressionPtr left, ExpressionPtr right, int line) {
  auto node = std::make_unique<Logical>();
  const int depth = std::max(left->depth, right->depth);
  node->is_and = is_and;
  node->left = std::move(left);
  node->right = std::move(right);
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::binary(Operator operation, ExpressionPtr left, ExpressionPtr right, int line) {
  auto node = std::make_unique<Binary>();
  const int depth = std::max(left->depth, right->depth);
  node->operation = operation;
  node->left = std::move(left);
  node->right = std::move(right);
  return finish(std::move(node), line, depth);
}

bool Parser::at_tuple_end(std::string_view end_name) const {
  return current().kind == TokenKind::VariableEnd || current().kind == TokenKind::BlockEnd ||
         current().is_symbol(")") || (!end_name.empty() && current().is_name(end_name));
}

// One expression, or a tuple where commas follow.
ExpressionPtr Parser::parse_tuple(bool with_conditional, std::string_view end_name, bool may_be_empty) {
  const int line = current().line;
  ExpressionList items;
  bool is_tuple = false;
  while (!at_tuple_end(end_name)) {
    items.push_back(with_conditional ? parse_expression() : parse_or());
    if (!take_symbol(",")) break;
    is_tuple = true;
  }
  if (items.empty() && !may_be_empty) fail_unexpected("an expression");
  if (items.size() == 1 && !is_tuple) return std::move(items[0]);
  const int depth = deepest(items);
  return finish(std::make_unique<Sequence>(Kind::Tuple, std::move(items)), line, depth);
}

ExpressionPtr Parser::parse_expression() {
  const Nesting nesting(*this);
  const int line = current().line;
  const bool was_lenient = lenient_;
  const size_t unknown = unknown_.size();
  ExpressionPtr value = parse_or();
  while (take_name("if")) {
    auto node = std::make_unique<Conditional>();
    lenient_ = true;
    unknown_.resize(unknown);
    node->condition = parse_or();
    if (take_name("else")) node->otherwise = parse_expression();
    lenient_ = was_lenient;
    node->value = std::move(value);
    const int depth = std::max({node->condition->depth, node->value->depth, depth_of(node->otherwise)});
    value = finish(std::move(node), line, depth);
  }
  return value;
}

ExpressionPtr Parser::parse_or() {
  ExpressionPtr left = parse_and();
  for (int line = current().line; take_name("or"); line = current().line)
    left = logical(false, std::move(left), parse_and(), line);
  return left;
}

ExpressionPtr Parser::parse_and() {
  ExpressionPtr left = parse_not();
  for (int line = current().line; take_name("and"); line = current().line)
    left = logical(true, std::move(left), parse_not(), line);
  return left;
}

ExpressionPtr Parser::parse_not() {
  if (!current().is_name("not")) return parse_compare();
  const Nesting nesting(*this);
  const int line = take().line;
  auto node = std::make_unique<Unary>();
  node->operand = parse_not();
  const int depth = node->operand->depth;
  return finish(std::move(node), line, depth);
}

bool Parser::take_comparison(Comparison& comparison) {
  constexpr std::pair<std::string_view, Comparison> kSigns[] = {
      {"==", Comparison::Equal},     {"!=", Comparison::NotEqual}, {"<", Comparison::Less},
      {"<=", Comparison::LessEqual}, {">", Comparison::Greater},   {">=", Comparison::GreaterEqual}};
  for (const auto& [sign, meaning] : kSigns) {
    if (!take_symbol(sign)) continue;
    comparison = meaning;
    return true;
  }
  if (take_name("in")) {
    comparison = Comparison::In;
    return true;
  }
  if (!current().is_name("not") || !ahead().is_name("in")) return false;
  position_ += 2;
  comparison = Comparison::NotIn;
  return true;
}

ExpressionPtr Parser::parse_compare() {
  const int line = current().line;
  ExpressionPtr first = parse_sum();
  Comparison comparison{};
  if (!take_comparison(comparison)) return first;
  auto node = std::make_unique<Compare>();
  int depth = first->depth;
  node->first = std::move(first);
  do {
    node->rest.emplace_back(comparison, parse_sum());
    depth = std::max(depth, node->rest.back().second->depth);
  } while (take_comparison(comparison));
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (current().is_symbol("+") || current().is_symbol("-")) {
    const Token sign = take();
    const Operator operation = sign.text == "+" ? Operator::Add : Operator::Subtract;
    left = binary(operation, std::move(left), parse_concatenation(), sign.line);
  }
  return left;
}

ExpressionPtr Parser::parse_concatenation() {
  const int line = current().line;
  ExpressionPtr first = parse_product();
  if (!current().is_symbol("~")) return first;
  auto node = std::make_unique<Concatenation>();
  node->items.push_back(std::move(first));
  while (take_symbol("~")) node->items.push_back(parse_product());
  const int depth = deepest(node->items);
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::parse_product() {
  ExpressionPtr left = parse_power();
  constexpr std::pair<std::string_view, Operator> kSigns[] = {{"*", Operator::Multiply},
                                                              {"/", Operator::Divide},
                                                              {"//", Operator::FloorDivide},
                                                              {"%", Operator::Modulo}};
  for (;;) {
    const auto* sign = std::ranges::find_if(kSigns, [this](const auto& s) { return current().is_symbol(s.first); });
    if (sign == std::end(kSigns)) return left;
    const int line = take().line;
    left = binary(sign->second, std::move(left), parse_power(), line);
  }
}

ExpressionPtr Parser::parse_power() {
  ExpressionPtr left = parse_unary();
  while (current().is_symbol("**")) {
    const int line = take().line;
    left = binary(Operator::Power, std::move(left), parse_unary(), line);
  }
  return left;
}

ExpressionPtr Parser::parse_unary(bool with_filter) {
  const Nesting nesting(*this);
  ExpressionPtr value;
  if (current().is_symbol("-") || current().is_symbol("+")) {
    const Token sign = take();
    auto node = std::make_unique<Unary>();
    node->prefix = sign.text == "-" ? Prefix::Minus : Prefix::Plus;
    node->operand = parse_unary(false);
    const int depth = node->operand->depth;
    value = finish(std::move(node), sign.line, depth);
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filter ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPtr Parser::parse_primary() {
  const Token& token = current();
  const int line = token.line;
  if (token.kind == TokenKind::Name) return parse_name();
  if (token.kind == TokenKind::String) return parse_string();
  if (token.kind == TokenKind::Integer) return constant(Value(take().integer), line);
  if (token.kind == TokenKind::Float) return constant(Value(take().number), line);
  if (token.is_symbol("[")) return parse_list();
  if (token.is_symbol("{")) return parse_dictionary();
  if (!take_symbol("(")) fail_unexpected("an expression");
  ExpressionPtr value = parse_tuple(true, {}, true);
  expect_symbol(")");
  return value;
}

ExpressionPtr Parser::parse_name() {
  const Token token = take();
  if (token.text == "true" || token.text == "True") return constant(Value(true), token.line);
  if (token.text == "false" || token.text == "False") return constant(Value(false), token.line);
  if (token.text == "none" || token.text == "None") return constant(Value::none(), token.line);
  for (MacroDefinition* macro : macros_) {
    macro->uses_caller |= token.text == "caller";
    macro->uses_names |= token.text == "kwargs";
    macro->uses_positions |= token.text == "varargs";
  }
  const NameId id = intern(token.text);
  symbols_.load(id);
  return finish(std::make_unique<Name>(id), token.line, 0);
}

ExpressionPtr Parser::parse_string() {
  const int line = current().line;
  std::string text;
  while (current().kind == TokenKind::String) text += take().text;
  return string_constant(std::move(text), line);
}

ExpressionPtr Parser::parse_list() {
  const int line = take().line;
  ExpressionList items;
  while (!current().is_symbol("]")) {
    if (!items.empty()) expect_symbol(",");
    if (current().is_symbol("]")) break;
    items.push_back(parse_expression());
  }
  expect_symbol("]");
  const int depth = deepest(items);
  return finish(std::make_unique<Sequence>(Kind::List, std::move(items)), line, depth);
}

ExpressionPtr Parser::parse_dictionary() {
  const int line = take().line;
  auto node = std::make_unique<Dictionary>();
  int depth = 0;
  while (!current().is_symbol("}")) {
    if (!node->entries.empty()) expect_symbol(",");
    if (current().is_symbol("}")) break;
    ExpressionPtr key = parse_expression();
    expect_symbol(":");
    ExpressionPtr value = parse_expression();
    depth = std::max({depth, key->depth, value->depth});
    node->entries.emplace_back(std::move(key), std::move(value));
  }
  expect_symbol("}");
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::parse_postfix(ExpressionPtr value) {
  for (;;) {
    if (current().is_symbol(".")) {
      value = parse_attribute(std::move(value));
    } else if (current().is_symbol("[")) {
      value = parse_subscript(std::move(value));
    } else if (current().is_symbol("(")) {
      value = parse_call(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr Parser::parse_attribute(ExpressionPtr object) {
  const int line = take().line;
  const int depth = object->depth;
  if (current().kind == TokenKind::Integer) {
    auto node = std::make_unique<Subscript>();
    node->object = std::move(object);
    node->key = constant(Value(take().integer), line);
    return finish(std::move(node), line, depth);
  }
  auto node = std::make_unique<Attribute>();
  node->object = std::move(object);
  node->name = expect_name().text;
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::parse_subscript(ExpressionPtr object) {
  const int line = take().line;
  ExpressionList keys;
  while (!current().is_symbol("]")) {
    if (!keys.empty()) expect_symbol(",");
    ExpressionPtr key = parse_subscript_item(object);
    if (!key) {  // a slice has taken the object
      expect_symbol("]");
      return object;
    }
    keys.push_back(std::move(key));
  }
  expect_symbol("]");
  auto node = std::make_unique<Subscript>();
  const int depth = std::max(object->depth, deepest(keys) + 1);
  node->object = std::move(object);
  if (keys.size() == 1) {
    node->key = std::move(keys[0]);
  } else {
    const int keys_depth = deepest(keys);
    node->key = finish(std::make_unique<Sequence>(Kind::Tuple, std::move(keys)), line, keys_depth);
  }
  return finish(std::move(node), line, depth);
}

// A key; or a slice, which is wrapped around `object`, with null as the answer.
ExpressionPtr Parser::parse_subscript_item(ExpressionPtr& object) {
  const int line = current().line;
  ExpressionPtr first;
  if (!current().is_symbol(":")) {
    first = parse_expression();
    if (!current().is_symbol(":")) return first;
  }
  auto node = std::make_unique<Slice>();
  expect_symbol(":");
  node->start = std::move(first);
  const auto at_end = [this] { return current().is_symbol(":") || current().is_symbol("]") || current().is_symbol(","); };
  if (!at_end()) node->stop = parse_expression();
  if (take_symbol(":") && !at_end()) node->step = parse_expression();
  if (!current().is_symbol("]")) fail_unexpected("']'");
  node->object = std::move(object);
  const int depth =
      std::max({node->object->depth, depth_of(node->start), depth_of(node->stop), depth_of(node->step)});
  object = finish(std::move(node), line, depth);
  return nullptr;
}

ExpressionPtr Parser::parse_call(ExpressionPtr callee) {
  const int line = current().line;
  auto node = std::make_unique<Call>();
  node->arguments = parse_arguments();
  node->callee = std::move(callee);
  const int depth = std::max(node->callee->depth, deepest(node->arguments));
  return finish(std::move(node), line, depth);
}

ArgumentList Parser::parse_arguments() {
  expect_symbol("(");
  ArgumentList arguments;
  for (bool first = true; !current().is_symbol(")"); first = false) {
    if (!first) {
      expect_symbol(",");
      if (current().is_symbol(")")) break;
    }
    parse_argument(arguments);
  }
  expect_symbol(")");
  return arguments;
}

void Parser::parse_argument(ArgumentList& arguments) {
  const int line = current().line;
  const auto require = [&](bool condition) {
    if (!condition) fail_at(line, "a call's arguments are in the wrong order");
  };
  if (take_symbol("*")) {
    require(!arguments.spread && !arguments.spread_named);
    arguments.spread = parse_expression();
  } else if (take_symbol("**")) {
    require(!arguments.spread_named);
    arguments.spread_named = parse_expression();
  } else if (current().kind == TokenKind::Name && ahead().is_symbol("=")) {
    require(!arguments.spread_named);
    std::string name = take().text;
    take();
    for (const auto& [other, value] : arguments.named)
      if (other == name) fail_at(line, fmt::format("the argument '{}' is given twice", name));
    arguments.named.emplace_back(std::move(name), parse_expression());
  } else {
    require(!arguments.spread && !arguments.spread_named && arguments.named.empty());
    arguments.positional.push_back(parse_expression());
  }
}

std::string Parser::parse_dotted_name() {
  std::string name = expect_name().text;
  while (take_symbol(".")) name += "." + expect_name().text;
  return name;
}

ExpressionPtr Parser::parse_filters_and_tests(ExpressionPtr value) {
  for (;;) {
    if (current().is_symbol("|")) {
      value = parse_filter(std::move(value));
    } else if (current().is_name("is")) {
      value = parse_test(std::move(value));
    } else if (current().is_symbol("(")) {
      value = parse_call(std::move(value));
    } else {
      return value;
    }
  }
}

std::unique_ptr<Filter> Parser::parse_filter(ExpressionPtr subject) {
  const int line = take().line;
  auto node = std::make_unique<Filter>();
  node->name = parse_dotted_name();
  node->function = find_filter(node->name);
  expect_known(node->function, line, "filter", node->name);
  if (current().is_symbol("(")) node->arguments = parse_arguments();
  const int depth = std::max(depth_of(subject), deepest(node->arguments));
  node->subject = std::move(subject);
  return finish(std::move(node), line, depth);
}

ExpressionPtr Parser::parse_test(ExpressionPtr subject) {
  const int line = take().line;
  const bool negated = take_name("not");
  auto node = std::make_unique<Test>();
  node->name = parse_dotted_name();
  node->function = find_test(node->name);
  expect_known(node->function, line, "test", node->name);
  const Token& next = current();
  const bool literal = next.kind == TokenKind::String || next.kind == TokenKind::Integer ||
                       next.kind == TokenKind::Float || next.is_symbol("[") || next.is_symbol("{");
  const bool name = next.kind == TokenKind::Name && !next.is_name("else") && !next.is_name("or") && !next.is_name("and");
  if (next.is_symbol("(")) {
    node->arguments = parse_arguments();
  } else if (literal || name) {
    if (next.is_name("is")) fail_at(next.line, "tests cannot be chained with 'is'");
    node->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  int depth = std::max(depth_of(subject), deepest(node->arguments));
  node->subject = std::move(subject);
  ExpressionPtr test = finish(std::move(node), line, depth);
  if (!negated) return test;
  auto negation = std::make_unique<Unary>();
  depth = test->depth;
  negation->operand = std::move(test);
  return finish(std::move(negation), line, depth);
}

}  // namespace headrace::text::jinja

#include <algorithm>

#include "text/jinja/failure.h"
#include "text/jinja/parser.h"

namespace headrace::text::jinja {
namespace {

template <class Node>
std::unique_ptr<Node> at_line(std::unique_ptr<Node> node, int line) {
  node->line = line;
  return node;
}

/// Sets a variable for as long as it lives.
template <class T>
class Override {
 public:
  Override(T& variable, T value) : variable_(variable), old_(variable) { variable = value; }
  ~Override() { variable_ = old_; }

 private:
  T& variable_;
  T old_;
};

}  // namespace

bool Parser::at_end_tag(std::initializer_list<std::string_view> ends) const {
  return std::ranges::any_of(ends, [this](std::string_view end) { return current().is_name(end); });
}

// Statements up to one of the tags named (left as the current token) or, without
// names, to the end of the template.
Body Parser::parse_body(std::initializer_list<std::string_view> ends) {
  const Nesting nesting(*this);
  const int line = tokens_[position_ > 0 ? position_ - 1 : 0].line;  // of the tag that opened it
  Body body;
  for (;;) {
    switch (current().kind) {
      case TokenKind::Data: {
        const Token token = take();
        auto text = std::make_unique<Text>();
        text->text = token.text;
        body.statements.push_back(at_line(std::move(text), token.line));
        break;
      }
      case TokenKind::VariableBegin: body.statements.push_back(parse_output()); break;
      case TokenKind::BlockBegin:
        ++position_;
        if (at_end_tag(ends)) return body;
        body.statements.push_back(parse_statement());
        break;
      default:
        if (ends.size() != 0)
          fail_at(line, fmt::format("a tag that starts here is not closed with '{}'", *(ends.end() - 1)));
        return body;
    }
  }
}

// A body with variables of its own, in the scope that is open already.
Body Parser::parse_open_scope(std::initializer_list<std::string_view> ends) {
  const Override strict(lenient_, false);
  Body body = parse_body(ends);
  body.scope_number = symbols_.close_scope();
  return body;
}

Body Parser::parse_scope(std::initializer_list<std::string_view> ends) {
  symbols_.open_scope();
  return parse_open_scope(ends);
}

template <class Record>
void Parser::for_each_name(const Target& target, Record record) {
  if (!target.is_tuple) return record(target);
  for (const Target& item : target.items) for_each_name(item, record);
}

void Parser::store(const Target& target) {
  for_each_name(target, [this](const Target& name) {
    name.attribute.empty() ? symbols_.store(name.name) : symbols_.load(name.name);
  });
}

void Parser::declare(const Target& target) {
  for_each_name(target, [this](const Target& name) { symbols_.declare(name.name); });
}

StatementPtr Parser::parse_output() {
  const int line = take().line;
  auto node = std::make_unique<Output>();
  node->value = parse_tuple();
  if (current().kind != TokenKind::VariableEnd) fail_unexpected("'}}'");
  ++position_;
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_statement() {
  if (current().kind != TokenKind::Name) fail_unexpected("the name of a tag");
  const std::string& name = current().text;
  StatementPtr statement;
  if (name == "if") statement = parse_if();
  else if (name == "for") statement = parse_for();
  else if (name == "set") statement = parse_set();
  else if (name == "macro") statement = parse_macro();
  else if (name == "call") statement = parse_call_block();
  else if (name == "filter") statement = parse_filter_block();
  else if (name == "with") statement = parse_with();
  else if (name == "generation") statement = parse_generation();
  else if (name == "break" || name == "continue") statement = parse_jump();
  else fail_at(current().line, fmt::format("there is no tag '{}' here", name));
  expect_block_end();
  return statement;
}

StatementPtr Parser::parse_if() {
  const int line = current().line;
  auto node = std::make_unique<If>();
  const Override lenient(lenient_, true);
  const auto parse_branch = [&] {
    take();
    ExpressionPtr condition = parse_tuple(false);
    expect_block_end();
    symbols_.open_branch();
    node->branches.emplace_back(std::move(condition), parse_body({"elif", "else", "endif"}));
    symbols_.close_branch();
  };
  parse_branch();
  // All the elifs are one part of the statement, each an `if` of its own in it.
  symbols_.open_branch();
  while (current().is_name("elif")) {
    parse_branch();
    symbols_.open_branch();
    symbols_.close_branch();
    symbols_.join_branches(2);
  }
  symbols_.close_branch();
  symbols_.open_branch();
  if (take_name("else")) {
    expect_block_end();
    node->otherwise = parse_body({"endif"});
  }
  symbols_.close_branch();
  symbols_.join_branches(3);
  take();
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_for() {
  const int line = take().line;
  auto node = std::make_unique<For>();
  const Override strict(lenient_, false);
  node->loop_name = intern("loop");
  node->target = parse_target("in");
  if (!node->target.is_tuple && node->target.name == node->loop_name) fail_at(line, "a loop cannot assign to 'loop'");
  expect_keyword("in");
  node->iterable = parse_tuple(false, "recursive");
  if (take_name("if")) {
    symbols_.open_scope();
    declare(node->target);
    node->condition = parse_expression();
    node->condition_scope = symbols_.close_scope();
  }
  node->recursive = take_name("recursive");
  expect_block_end();
  {
    const Override in_loop(loops_, loops_ + 1);
    symbols_.open_scope();
    declare(node->target);
    symbols_.declare(node->loop_name);
    node->body = parse_open_scope({"else", "endfor"});
  }
  if (take_name("else")) {
    expect_block_end();
    node->otherwise = parse_scope({"endfor"});
  }
  take();
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_jump() {
  const Token token = take();
  if (loops_ == 0) fail_at(token.line, fmt::format("'{}' stands outside a loop", token.text));
  auto node = std::make_unique<Jump>();
  node->flow = token.text == "break" ? Flow::Break : Flow::Continue;
  return at_line(std::move(node), token.line);
}

// A name, `namespace.attribute`, or a parenthesised tuple of these.
Target Parser::parse_single_target() {
  const Nesting nesting(*this);
  const int line = current().line;
  if (take_symbol("(")) {
    Target target = parse_target({});
    expect_symbol(")");
    return target;
  }
  Target target;
  const Token name = expect_name();
  constexpr std::string_view kConstants[] = {"true", "false", "none", "True", "False", "None"};
  if (std::ranges::find(kConstants, name.text) != std::end(kConstants))
    fail_at(line, fmt::format("'{}' cannot be assigned to", name.text));
  target.line = line;
  target.name = intern(name.text);
  if (take_symbol(".")) target.attribute = expect_name().text;
  return target;
}

Target Parser::parse_target(std::string_view end_name) {
  const int line = current().line;
  std::vector<Target> items;
  bool is_tuple = false;
  while (!at_tuple_end(end_name) && !current().is_symbol("=")) {
    items.push_back(parse_single_target());
    if (!take_symbol(",")) break;
    is_tuple = true;
  }
  if (items.empty()) fail_unexpected("a name");
  if (!is_tuple) return std::move(items[0]);
  Target target;
  target.line = line;
  target.is_tuple = true;
  target.items = std::move(items);
  return target;
}

StatementPtr Parser::parse_set() {
  const int line = take().line;
  Target target = parse_target({});
  if (take_symbol("=")) {
    auto node = std::make_unique<Set>();
    node->target = std::move(target);
    node->value = parse_tuple();
    store(node->target);
    return at_line(std::move(node), line);
  }
  auto node = std::make_unique<SetBlock>();
  node->target = std::move(target);
  if (current().is_symbol("|")) node->filter = parse_filter_chain();
  expect_block_end();
  store(node->target);
  node->body = parse_scope({"endset"});
  take();
  return at_line(std::move(node), line);
}

std::unique_ptr<const Filter> Parser::parse_filter_chain() {
  std::unique_ptr<const Filter> chain;
  while (current().is_symbol("|")) chain = parse_filter(std::move(chain));
  return chain;
}

StatementPtr Parser::parse_with() {
  const int line = take().line;
  auto node = std::make_unique<With>();
  while (current().kind != TokenKind::BlockEnd) {
    if (!node->variables.empty()) expect_symbol(",");
    Target target = parse_single_target();
    expect_symbol("=");
    node->variables.emplace_back(std::move(target), parse_expression());
  }
  expect_block_end();
  symbols_.open_scope();
  for (const auto& [target, value] : node->variables) declare(target);
  node->body = parse_open_scope({"endwith"});
  take();
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_filter_block() {
  const int line = current().line;
  auto node = std::make_unique<FilterBlock>();
  // The first filter follows the tag's name as others follow a '|'.
  std::unique_ptr<const Filter> chain = parse_filter(nullptr);
  while (current().is_symbol("|")) chain = parse_filter(std::move(chain));
  node->filter = std::move(chain);
  expect_block_end();
  node->body = parse_scope({"endfilter"});
  take();
  return at_line(std::move(node), line);
}

void Parser::parse_signature(MacroDefinition& definition) {
  expect_symbol("(");
  while (!current().is_symbol(")")) {
    if (!definition.parameters.empty()) expect_symbol(",");
    const Token name = expect_name();
    MacroDefinition::Parameter parameter{name.text, intern(name.text), nullptr};
    definition.names_caller |= name.text == "caller";
    symbols_.declare(parameter.id);
    if (take_symbol("=")) {
      parameter.otherwise = parse_expression();
    } else if (!definition.parameters.empty() && definition.parameters.back().otherwise) {
      fail_at(name.line, fmt::format("'{}' needs a default, as the parameter before it has one", name.text));
    }
    for (const auto& other : definition.parameters)
      if (other.id == parameter.id) fail_at(name.line, fmt::format("the parameter '{}' stands twice", name.text));
    definition.parameters.push_back(std::move(parameter));
  }
  expect_symbol(")");
}

void Parser::parse_macro_body(MacroDefinition& definition, std::string_view end) {
  definition.caller_name = intern("caller");
  definition.kwargs_name = intern("kwargs");
  definition.varargs_name = intern("varargs");
  const Override outside(loops_, 0);
  macros_.push_back(&definition);
  for (const NameId name : {definition.caller_name, definition.kwargs_name, definition.varargs_name})
    symbols_.declare(name);
  definition.body = parse_open_scope({end});
  macros_.pop_back();
}

StatementPtr Parser::parse_macro() {
  const int line = take().line;
  auto node = std::make_unique<Macro>();
  const Token name = expect_name();
  node->name = intern(name.text);
  node->definition.name = name.text;
  symbols_.store(node->name);
  symbols_.open_scope();
  parse_signature(node->definition);
  expect_block_end();
  parse_macro_body(node->definition, "endmacro");
  take();
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_call_block() {
  const int line = take().line;
  auto node = std::make_unique<CallBlock>();
  node->caller.name = "caller";
  symbols_.open_scope();
  if (current().is_symbol("(")) parse_signature(node->caller);
  const uint32_t inner = symbols_.suspend_scope();
  ExpressionPtr call = parse_expression();
  symbols_.resume_scope(inner);
  if (!dynamic_cast<const Call*>(call.get())) fail_at(line, "a call block needs a call");
  node->call.reset(static_cast<const Call*>(call.release()));
  expect_block_end();
  parse_macro_body(node->caller, "endcall");
  take();
  return at_line(std::move(node), line);
}

StatementPtr Parser::parse_generation() {
  const int line = take().line;
  expect_block_end();
  auto node = std::make_unique<Generation>();
  const Override outside(loops_, 0);
  node->body = parse_scope({"endgeneration"});
  take();
  return at_line(std::move(node), line);
}

}  // namespace headrace::text::jinja

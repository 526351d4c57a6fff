#include "text/jinja/parser.h"

#include "text/jinja/failure.h"
#include "text/jinja/lexer.h"

namespace headrace::text::jinja {
namespace {

// Of tags and brackets within each other, and of the tree of one expression.
constexpr int kDeepestParse = 100;
constexpr int kDeepestTree = 400;

}  // namespace

void check_depth(int depth, int line) {
  if (depth > kDeepestTree)
    throw Failure{ErrorKind::OutOfRange, fmt::format("an expression is over {} operators deep", kDeepestTree), line};
}

Parser::Nesting::Nesting(Parser& parser) : parser_(parser) {
  if (++parser.nesting_ <= kDeepestParse) return;
  --parser.nesting_;
  throw Failure{ErrorKind::OutOfRange, fmt::format("tags or brackets nest over {} deep", kDeepestParse),
                parser.current().line};
}

Parser::Parser(std::string_view source) : tokens_(Lexer(source).run()) {}

std::shared_ptr<const Program> Parser::run() {
  program_->body = parse_body({});
  if (!unknown_.empty()) throw unknown_.front();
  program_->hidden = symbols_.hidden_names();
  program_->names.resize(ids_.size());
  for (const auto& [name, id] : ids_) program_->names[id] = name;
  return program_;
}

Token Parser::take() {
  Token token = current();
  if (token.kind != TokenKind::End) ++position_;
  return token;
}

bool Parser::take_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  ++position_;
  return true;
}

bool Parser::take_symbol(std::string_view symbol) {
  if (!current().is_symbol(symbol)) return false;
  ++position_;
  return true;
}

Token Parser::expect_name() {
  if (current().kind != TokenKind::Name) fail_unexpected("a name");
  return take();
}

void Parser::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail_unexpected(fmt::format("'{}'", symbol));
}

void Parser::expect_keyword(std::string_view name) {
  if (!take_name(name)) fail_unexpected(fmt::format("'{}'", name));
}

void Parser::expect_block_end() {
  if (current().kind != TokenKind::BlockEnd) fail_unexpected("'%}'");
  ++position_;
}

std::string Parser::describe_current() const {
  switch (current().kind) {
    case TokenKind::Data: return "text";
    case TokenKind::BlockBegin: return "'{%'";
    case TokenKind::BlockEnd: return "'%}'";
    case TokenKind::VariableBegin: return "'{{'";
    case TokenKind::VariableEnd: return "'}}'";
    case TokenKind::End: return "the end of the template";
    case TokenKind::String: return "a string";
    default: return fmt::format("'{}'", current().text);
  }
}

void Parser::fail_at(int line, std::string message) const {
  throw Failure{ErrorKind::InvalidData, std::move(message), line};
}

void Parser::fail_unexpected(std::string_view wanted) const {
  fail_at(current().line, fmt::format("expected {}, found {}", wanted, describe_current()));
}

// Jinja lets an unknown filter be where an `if` may keep it from being reached.
void Parser::expect_known(bool known, int line, std::string_view what, const std::string& name) {
  if (!known && !lenient_)
    unknown_.push_back({ErrorKind::InvalidData, fmt::format("there is no {} '{}'", what, name), line});
}

NameId Parser::intern(const std::string& name) {
  return ids_.try_emplace(name, static_cast<NameId>(ids_.size())).first->second;
}

}  // namespace headrace::text::jinja

#include "text/regex/grapheme_cluster.h"

#include "text/regex/properties.h"

namespace headrace::text::regex {
namespace {

Node literal(std::u32string text) { return {.kind = NodeKind::Literal, .text = std::move(text)}; }

Node one_of(std::string_view name) { return set_node(grapheme_class(name)); }

Node any_number_of(Node node) { return repeat(std::move(node), 0, kUnlimited); }
Node some(Node node) { return repeat(std::move(node), 1, kUnlimited); }

template <class... Parts>
std::vector<Node> list(Parts... parts) {
  std::vector<Node> nodes;
  (nodes.push_back(std::move(parts)), ...);
  return nodes;
}

Node hangul_syllable() {
  Node vowels = alternation(list(some(one_of("V")), sequence(list(one_of("LV"), any_number_of(one_of("V")))), one_of("LVT")));
  return alternation(list(sequence(list(any_number_of(one_of("L")), std::move(vowels), any_number_of(one_of("T")))), some(one_of("L")),
                          some(one_of("T"))));
}

Node emoji() {
  const Node pictogram = set_node(known_property("extendedpictographic"));
  return sequence(list(pictogram, any_number_of(sequence(list(any_number_of(one_of("Extend")), one_of("ZWJ"), pictogram)))));
}

}  // namespace

Node grapheme_cluster() {
  CodePointSet control = grapheme_class("Control");
  control.add(grapheme_class("CR"));
  control.add(grapheme_class("LF"));
  CodePointSet after = grapheme_class("Extend");
  after.add(grapheme_class("ZWJ"));
  after.add(grapheme_class("SpacingMark"));
  Node flag = sequence(list(one_of("Regional_Indicator"), one_of("Regional_Indicator")));
  Node core = alternation(list(hangul_syllable(), std::move(flag), emoji(), set_node(control.complement())));
  Node cluster = sequence(list(any_number_of(one_of("Prepend")), std::move(core), any_number_of(set_node(after))));
  return with_child(NodeKind::Atomic, alternation(list(literal(U"\r\n"), set_node(control), std::move(cluster))));
}

Node general_newline() {
  return with_child(NodeKind::Atomic,
                    alternation(list(literal(U"\r\n"), set_node({{0x0A, 0x0D}, {0x85, 0x85}, {0x2028, 0x2029}}))));
}

}  // namespace headrace::text::regex

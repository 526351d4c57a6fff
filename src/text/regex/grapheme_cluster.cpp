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

CodePointSet controls() {
  CodePointSet control = grapheme_class("Control");
  control.add(grapheme_class("CR"));
  control.add(grapheme_class("LF"));
  return control;
}

Node between(Node behind, Node ahead) {
  Node before = with_child(NodeKind::Look, std::move(behind));
  before.behind = true;
  return sequence(list(std::move(before), with_child(NodeKind::Look, std::move(ahead))));
}

template <class... Names>
Node any_of(Names... names) {
  CodePointSet set;
  (set.add(grapheme_class(names)), ...);
  return set_node(std::move(set));
}

/// An odd number of regional indicators: with the next one the last of them is a flag.
Node half_a_flag() {
  Node indicator = one_of("Regional_Indicator");
  Node not_before = with_child(NodeKind::Look, indicator);
  not_before.behind = not_before.negative = true;
  return sequence(list(std::move(not_before), any_number_of(sequence(list(indicator, indicator))), indicator));
}

}  // namespace

Node cluster_boundary(bool is_boundary) {
  const Node pictogram = set_node(known_property("extendedpictographic"));
  const Node no_control = set_node(controls().complement());
  Node within = alternation(list(between(one_of("CR"), one_of("LF")), between(one_of("L"), any_of("L", "V", "LV", "LVT")),
                                 between(any_of("LV", "V"), any_of("V", "T")), between(any_of("LVT", "T"), one_of("T")),
                                 between(no_control, any_of("Extend", "ZWJ", "SpacingMark")), between(one_of("Prepend"), no_control),
                                 between(sequence(list(pictogram, any_number_of(one_of("Extend")), one_of("ZWJ"))), pictogram),
                                 between(half_a_flag(), one_of("Regional_Indicator"))));
  if (!is_boundary) return within;
  Node boundary = with_child(NodeKind::Look, std::move(within));
  boundary.negative = true;
  return boundary;
}

Node grapheme_cluster() {
  const CodePointSet control = controls();
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

#include "frame/sql/parser_parts.h"

namespace headrace::frame::sql {

/// (name? partition by … order by … rows|range …)
Result<Window> Parser::window() {
  Window window{.at = in_.peek().at};
  HR_CHECK(in_.expect("("));
  const Token& first = in_.peek();
  const bool is_clause = in_.is("partition") || in_.is("order") || in_.is("rows") || in_.is("range") || in_.is("groups") || in_.is(")");
  if (!is_clause && (first.kind == Token::Kind::Word || first.kind == Token::Kind::Name)) {
    HR_TRY(window.name, name("A window is expected"));
  }
  if (in_.take("partition", "by")) {
    HR_TRY(window.partition_by, expressions());
  }
  if (in_.take("order", "by")) {
    HR_TRY(window.order_by, order_by());
  }
  if (in_.is("groups")) return in_.source().fail(ErrorKind::Unsupported, in_.peek().at, "Frames of GROUPS are not supported.");
  if (in_.take("rows")) {
    HR_TRY(window.frame, window_frame(WindowFrame::Unit::Rows));
  } else if (in_.take("range")) {
    HR_TRY(window.frame, window_frame(WindowFrame::Unit::Range));
  }
  if (in_.is("exclude")) return in_.source().fail(ErrorKind::Unsupported, in_.peek().at, "EXCLUDE is not supported.");
  HR_CHECK(in_.expect(")"));
  return window;
}

/// between a and b, or a alone: up to the current row.
Result<WindowFrame> Parser::window_frame(WindowFrame::Unit unit) {
  WindowFrame frame{.unit = unit};
  const size_t at = in_.peek().at;
  if (in_.take("between")) {
    HR_CHECK(window_bound(frame.begin, frame.begin_offset));
    HR_CHECK(in_.expect("and"));
    HR_CHECK(window_bound(frame.end, frame.end_offset));
  } else {
    HR_CHECK(window_bound(frame.begin, frame.begin_offset));
  }
  using Bound = WindowFrame::Bound;
  if (frame.begin == Bound::UnboundedFollowing || frame.end == Bound::UnboundedPreceding || frame.begin > frame.end) {
    return in_.source().fail(ErrorKind::InvalidArgument, at, "A frame ends before it begins.");
  }
  return frame;
}

Result<void> Parser::window_bound(WindowFrame::Bound& bound, Scalar& offset) {
  using Bound = WindowFrame::Bound;
  if (in_.take("current", "row")) {
    bound = Bound::CurrentRow;
    return {};
  }
  const bool is_unbounded = in_.take("unbounded");
  if (!is_unbounded) {
    const Token number = in_.peek();
    const auto value = number.kind == Token::Kind::Number ? Values::number(number.text) : Result<Value>(std::unexpect);
    if (!value) return in_.wrong("A number, UNBOUNDED or CURRENT ROW is expected");
    in_.next();
    offset = *value->literal();
  }
  const bool precedes = in_.take("preceding");
  if (!precedes) HR_CHECK(in_.expect("following"));
  bound = precedes ? (is_unbounded ? Bound::UnboundedPreceding : Bound::Preceding)
                   : (is_unbounded ? Bound::UnboundedFollowing : Bound::Following);
  return {};
}

/// window a as (…), b as (…)
Result<void> Parser::windows(Select& select) {
  if (!in_.take("window")) return {};
  do {
    HR_TRY(std::string named, name("A window's name is expected"));
    HR_CHECK(in_.expect("as"));
    HR_TRY(Window window, this->window());
    select.windows.emplace_back(std::move(named), std::move(window));
  } while (in_.take(","));
  return {};
}

}  // namespace headrace::frame::sql

#include <time.h>

#include <algorithm>
#include <chrono>

#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/cycler.h"
#include "text/jinja/failure.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"

namespace headrace::text::jinja {
namespace {

constexpr int64_t kLongestRange = 100'000;
constexpr size_t kLongestDate = 4096;

Value make_range(Renderer& renderer, const Value&, const Arguments& arguments) {
  const size_t count = arguments.positional.size();
  if (count < 1 || count > 3 || !arguments.named.empty()) stop("range() takes one to three integers");
  const Parameters given("range", arguments, {"start", "stop", "step"});
  const int64_t start = count == 1 ? 0 : given.integer(0, 0);
  const int64_t end = given.integer(count == 1 ? 0 : 1, 0);
  const int64_t step = given.integer(2, 1);
  if (step == 0) stop("range() cannot go in steps of zero");
  auto range = renderer.heap().make<RangeObject>(start, end, step);
  if (range->size > kLongestRange) stop_at_limit("range() is over {} items long", kLongestRange);
  return Value(Kind::Range, range);
}

// The pairs of a dictionary, or of an iterable of pairs, and the named arguments.
template <class Add>
void add_pairs(Heap& heap, const Arguments& arguments, Add add) {
  if (arguments.positional.size() > 1) stop("at most one mapping can be given");
  for (const Value& source : arguments.positional) {
    if (source.is(Kind::Dictionary)) {
      for (const auto& [key, value] : source.as<DictionaryObject>().entries()) add(key, value);
      continue;
    }
    for (const Value& pair : collect(heap, source)) {
      const std::vector<Value> both = collect(heap, pair);
      if (both.size() != 2) stop("a dictionary is made of pairs, not of {} values", both.size());
      add(both[0], both[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) add(make_string(heap, std::string(name)), value);
}

Value make_dictionary(Renderer& renderer, const Value&, const Arguments& arguments) {
  const auto dictionary = renderer.heap().make<DictionaryObject>();
  add_pairs(renderer.heap(), arguments, [&](const Value& key, const Value& value) { dictionary->set(key, value); });
  return Value(Kind::Dictionary, dictionary);
}

Value make_namespace(Renderer& renderer, const Value&, const Arguments& arguments) {
  const auto names = renderer.heap().make<NamespaceObject>();
  add_pairs(renderer.heap(), arguments, [&](const Value& key, const Value& value) {
    if (!key.is_string()) stop("a namespace's names are strings, not {}", type_name(key));
    names->set(key, value);
  });
  return Value(Kind::Namespace, names);
}

Value make_cycler(Renderer& renderer, const Value&, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty()) stop("cycler() needs items to give");
  return Value(Kind::Cycler, renderer.heap().make<CyclerObject>(arguments.positional));
}

Value make_joiner(Renderer& renderer, const Value&, const Arguments& arguments) {
  const Parameters given("joiner", arguments, {"sep"});
  return Value(Kind::Joiner, renderer.heap().make<JoinerObject>(given.value(0, make_string(renderer.heap(), ", "))));
}

Value raise_exception(Renderer& renderer, const Value&, const Arguments& arguments) {
  const Parameters given("raise_exception", arguments, {"message"}, 1);
  throw Failure{ErrorKind::InvalidArgument, text_of(renderer.heap(), *given.get(0)), 0};
}

Value strftime_now(Renderer& renderer, const Value&, const Arguments& arguments) {
  const Parameters given("strftime_now", arguments, {"format"}, 1);
  const std::string format(given.text(0, ""));
  if (format.size() > kLongestDate / 4) stop_at_limit("strftime_now()'s format is over {} bytes", kLongestDate / 4);
  int64_t seconds = renderer.now_seconds();
  if (seconds < 0) seconds = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch()).count();
  const auto time = static_cast<time_t>(seconds);
  tm date{};
  if (!gmtime_r(&time, &date)) stop("the time {} is no date", seconds);
  static const locale_t kPlain = newlocale(LC_ALL_MASK, "C", nullptr);
  // A mark after the format tells an empty result from one that did not fit.
  char text[kLongestDate];
  const size_t size = strftime_l(text, sizeof text, (format + "|").c_str(), &date, kPlain);
  if (size == 0) stop_at_limit("strftime_now()'s result is over {} bytes", kLongestDate);
  return make_string(renderer.heap(), std::string(text, size - 1));
}

constexpr Named<FilterFunction> kGlobals[] = {
    {"cycler", make_cycler},       {"dict", make_dictionary},          {"joiner", make_joiner},
    {"namespace", make_namespace}, {"raise_exception", raise_exception}, {"range", make_range},
    {"strftime_now", strftime_now},
};

}  // namespace

FilterFunction find_global(std::string_view name) {
  const auto* found = std::ranges::find(kGlobals, name, &Named<FilterFunction>::name);
  return found == std::end(kGlobals) ? nullptr : found->function;
}

}  // namespace headrace::text::jinja

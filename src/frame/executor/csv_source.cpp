#include "frame/executor/csv_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/thread_pool.h"
#include "frame/executor/csv_task.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

constexpr size_t kMostOpen = 100;
/// Of a stretch: small enough that its text is in the cache still when fields are looked for, great enough that beginning costs nothing.
constexpr uint64_t kLeastBytes = uint64_t{64} << 10, kMostBytes = uint64_t{1} << 20;
constexpr uint64_t kBlock = 64;
/// Rows of a part whose number nobody knows before it is read.
constexpr int kSequentialBits = 40;

uint64_t blocks_of(uint64_t bytes) { return (bytes + kBlock - 1) / kBlock; }

/// Where the first row's end from `from` on lies; `size` if there is none.
size_t row_end(const csv::Text& text, size_t from, size_t size, bool& is_inside, const csv::Dialect& dialect) {
  const auto* bytes = text.buffer.as<const uint8_t>();
  for (size_t at = from; at < size; ++at) {
    is_inside ^= dialect.is_quote(bytes[at]);
    if (bytes[at] == dialect.eol && !is_inside) return at;
  }
  return size;
}

/// A task without rows.
class NoRows final : public SourceTask {
 public:
  Result<std::optional<Morsel>> next() override { return std::nullopt; }
};

}  // namespace

Result<std::unique_ptr<CsvSource>> CsvSource::make(const PlanNode& node, const PlanNode::ScanCsv& scan, const Query& query) {
  // What is given on, and behind it what only conditions read.
  const Schema& all = scan.layout->schema;
  std::vector<Field> fields(node.schema.fields().begin(), node.schema.fields().end());
  std::set<std::string, std::less<>> names;
  for (const Expression& condition : scan.conditions) add_columns(condition, names);
  for (const std::string& name : names) {
    HR_TRY(const size_t index, all.index_of(name));
    if (!node.schema.index_of(name)) fields.push_back(all[index]);
  }
  std::vector<size_t> columns;
  for (const Field& field : fields) {
    const auto& layout = scan.layout->columns;
    const auto found = std::ranges::find(layout, field.name, [](const csv::ColumnFormat& column) { return column.field.name; });
    columns.push_back(static_cast<size_t>(found - layout.begin()));
  }
  HR_TRY(const Schema read, Schema::make(std::move(fields)));
  HR_TRY(Conditions conditions, Conditions::bind(scan.conditions, read));
  return std::unique_ptr<CsvSource>(new CsvSource(scan, std::move(columns), node.schema.size(), std::move(conditions), query));
}

Result<CsvSource::Part> CsvSource::open_part(const CsvInput& source, bool stays_open) const {
  HR_TRY(auto input, csv::Input::open(source, query_.budget));
  HR_TRY(csv::Start start, csv::start_of(*input, layout(), query_.budget));
  Part part{.input = nullptr,
            .source = source,
            .start = std::move(start),
            .size = input->size(),
            .is_sequential = input->packing() != csv::Packing::None || !layout().options.comment_prefix.empty()};
  if (stays_open) part.input = std::move(input);
  return part;
}

Result<std::shared_ptr<const csv::Input>> CsvSource::input_of(const Part& part) const {
  if (part.input) return part.input;
  HR_TRY(auto input, csv::Input::open(part.source, query_.budget));
  if (input->size() == part.size) return input;
  return fail(ErrorKind::InvalidData, fmt::format("{}: the file changed while it was read.", input->name()), input->name());
}

void CsvSource::add_stretches(size_t part, uint64_t bytes) {
  const Part& own = parts_[part];
  if (own.is_sequential) {
    Stretch& stretch = stretches_.emplace_back();
    stretch.part = part;
    stretch.is_last = true;
    return;
  }
  for (uint64_t begin = own.start.offset; begin < own.size; begin += bytes) {
    Stretch& stretch = stretches_.emplace_back();
    stretch.part = part;
    stretch.begin = begin;
    stretch.end = std::min(begin + bytes, own.size);
    stretch.is_last = stretch.end == own.size;
  }
}

Result<void> CsvSource::open() {
  if (layout().columns.empty()) return {};
  const auto& inputs = *scan_.inputs;
  std::vector<Result<Part>> opened(inputs.size());
  ThreadPool::process().parallel_for(inputs.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) opened[i] = open_part(inputs[i], i < kMostOpen);
  });
  uint64_t all = 0;
  for (auto& part : opened) {
    HR_CHECK(part);
    all += part->size;
    parts_.push_back(*std::move(part));
  }
  const uint64_t fair = blocks_of(all / (4 * query_.workers) + 1) * kBlock;
  for (size_t part = 0; part < parts_.size(); ++part) add_stretches(part, std::clamp(fair, kLeastBytes, kMostBytes));
  places_.push_back({});
  return {};
}

uint64_t CsvSource::rows() const {
  uint64_t rows = 0;
  for (const Part& part : parts_) rows += part.is_sequential ? uint64_t{1} << kSequentialBits : part.size + 1;
  return rows;
}

Result<csv::Text> CsvSource::read(const Stretch& stretch, const csv::Input& input) const {
  constexpr uint64_t kTail = 4096;
  const uint64_t end = std::min(stretch.end + kTail, input.size());
  HR_TRY(Buffer buffer, Buffer::allocate(end - stretch.begin + csv::kPadding, query_.budget));
  HR_CHECK(input.read_at(stretch.begin, buffer.bytes().first(end - stretch.begin)));
  return csv::Text{.buffer = std::move(buffer), .begin = 0, .end = end - stretch.begin};
}

void CsvSource::count(Stretch& stretch, const csv::Text& text) const {
  // Stretches but the last are whole blocks; behind that there are zeros.
  const auto* bytes = text.buffer.as<const uint8_t>();
  const uint64_t size = stretch.end - stretch.begin;
  stretch.counts = csv::field_kernels().count(bytes, blocks_of(size), layout().dialect);
  stretch.ends_row = bytes[size - 1] == layout().dialect.eol;
}

void CsvSource::count_anew(Stretch& stretch) const {
  const auto text = [&]() -> Result<csv::Text> {
    HR_TRY(const auto input, input_of(parts_[stretch.part]));
    return read(stretch, *input);
  }();
  if (text) count(stretch, *text);
  if (!text) stretch.error = text.error();
  stretch.state.store(Stretch::State::Counted);
  stretch.state.notify_all();
}

void CsvSource::advance(const Stretch& stretch, Place& place) const {
  if (parts_[stretch.part].is_sequential) {
    place = {.part_rows = place.part_rows + (uint64_t{1} << kSequentialBits)};
    return;
  }
  const csv::Counts& counts = stretch.counts;
  place.ends += place.is_inside ? counts.ends - counts.ends_outside : counts.ends_outside;
  place.is_inside ^= counts.quotes % 2 != 0;
  if (!stretch.is_last) return;
  const bool is_closed = stretch.ends_row && !place.is_inside;
  place = {.part_rows = place.part_rows + place.ends + !is_closed};
}

Result<CsvSource::Place> CsvSource::place_of(size_t task) {
  const std::lock_guard lock(mutex_);
  while (places_.size() <= task) {
    Stretch& stretch = stretches_[places_.size() - 1];
    if (!parts_[stretch.part].is_sequential) {
      // Who took it counts it now and waits for nothing; what nobody took is counted here.
      auto open = Stretch::State::Open;
      if (stretch.state.compare_exchange_strong(open, Stretch::State::Taken)) count_anew(stretch);
      stretch.state.wait(Stretch::State::Taken);
      if (stretch.error) return std::unexpected(*stretch.error);
    }
    Place place = places_.back();
    advance(stretch, place);
    places_.push_back(place);
  }
  return places_[task];
}

Result<void> CsvSource::cut(const Stretch& stretch, const csv::Input& input, bool is_inside, csv::Text& text) const {
  const csv::Dialect& dialect = layout().dialect;
  const size_t own = stretch.end - stretch.begin;
  bool inside = is_inside;
  if (stretch.begin != parts_[stretch.part].start.offset) {
    const size_t end = row_end(text, 0, own, inside, dialect);
    text.begin = std::min(end + 1, text.end);
    if (end == own) {
      text.begin = text.end = 0;
      return {};
    }
  }
  if (stretch.is_last) {
    text.end = own;
  } else {
    inside = is_inside ^ (stretch.counts.quotes % 2 != 0);
    size_t end = row_end(text, own, text.end, inside, dialect);
    for (uint64_t more = text.end; end == text.end && stretch.begin + text.end < input.size(); more *= 2) {
      const uint64_t size = std::min(text.end + more, input.size() - stretch.begin);
      if (size > View::kLongest) {
        return fail(ErrorKind::Unsupported, fmt::format("{}: a row is longer than 2 GiB; perhaps a quote is never closed.", input.name()));
      }
      HR_TRY(Buffer longer, Buffer::allocate(size + csv::kPadding, query_.budget));
      HR_CHECK(input.read_at(stretch.begin, longer.bytes().first(size)));
      const size_t searched = text.end;
      text = {.buffer = std::move(longer), .begin = text.begin, .end = size};
      end = row_end(text, searched, size, inside, dialect);
    }
    text.end = std::min(end + 1, text.end);
  }
  // The last row of a file may have no end. The byte behind the text is nobody's.
  const bool is_at_end = stretch.begin + text.end == input.size();
  if (is_at_end && text.begin < text.end && text.buffer.as<uint8_t>()[text.end - 1] != dialect.eol) {
    text.buffer.as<uint8_t>()[text.end++] = dialect.eol;
  }
  return {};
}

Result<std::unique_ptr<SourceTask>> CsvSource::begin(size_t task) {
  Stretch& stretch = stretches_[task];
  const Part& part = parts_[stretch.part];
  const auto is_behind = [&](const Place& place) {
    return place.part_rows + place.ends >= first_wanted() && place.part_rows + place.ends - first_wanted() >= wanted();
  };
  {
    const std::lock_guard lock(mutex_);
    if (is_behind(places_[std::min(task, places_.size() - 1)])) return std::make_unique<NoRows>();
  }
  HR_TRY(auto input, input_of(part));
  if (part.is_sequential) {
    HR_TRY(const Place place, place_of(task));
    return SequentialCsvTask::make(*this, part, std::move(input), place.part_rows);
  }
  auto open = Stretch::State::Open;
  const bool counts = stretch.state.compare_exchange_strong(open, Stretch::State::Taken);
  auto text = read(stretch, *input);
  if (counts && !text) stretch.error = text.error();
  if (counts && text) count(stretch, *text);
  if (counts) {
    stretch.state.store(Stretch::State::Counted);
    stretch.state.notify_all();
  }
  HR_CHECK(text);
  stretch.state.wait(Stretch::State::Taken);
  HR_TRY(const Place place, place_of(task));
  if (is_behind(place)) return std::make_unique<NoRows>();
  HR_CHECK(cut(stretch, *input, place.is_inside, *text));
  const bool is_first = stretch.begin == part.start.offset;
  return std::make_unique<CsvTask>(*this, part, std::move(input), *std::move(text), is_first ? 0 : place.ends + 1, place.part_rows);
}

}  // namespace headrace::frame

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "frame/parquet/write/column_encoder.h"
#include "frame/parquet/write/stored_type.h"
#include "frame/write/output.h"
#include "frame/write/sink_run.h"

namespace headrace::frame {
namespace {

using parquet::EncodedChunk;

/// Rows of a batch, which a row group is made of, and bytes that one has at most.
constexpr size_t kBatchRows = size_t{16} << 10;
constexpr uint64_t kMostGroupBytes = uint64_t{128} << 20;
constexpr std::string_view kMagic = "PAR1";

uint64_t bytes_of(const DataFrame& rows) {
  uint64_t bytes = 0;
  for (const Column& column : rows.columns()) {
    for (const Array& chunk : column.chunks()) bytes += chunk.live_bytes();
  }
  return bytes;
}

class ParquetWriter final : public FrameWriter {
 public:
  ParquetWriter(const Schema& schema, const ParquetWriteOptions& options, parquet::EncodeOptions encode, Output output)
      : schema_(schema), options_(options), encode_(encode), output_(std::move(output)) {}

  Result<void> begin() { return output_.write(kMagic); }

  Result<void> write(const DataFrame& rows, const std::shared_ptr<MemoryBudget>& budget) override {
    budget_ = budget;
    // A row group waits, is put together and encoded: it may have an eighth of what a query may.
    const uint64_t most_bytes = std::min(kMostGroupBytes, budget->limit_bytes() / 8);
    for (size_t begin = 0; begin < rows.height();) {
      const size_t size = std::min<uint64_t>(rows.height() - begin, options_.row_group_rows - waiting_rows_);
      DataFrame part = rows.slice(begin, size);
      waiting_bytes_ += bytes_of(part);
      waiting_rows_ += size;
      waiting_.push_back(std::move(part));
      begin += size;
      if (waiting_rows_ == options_.row_group_rows || waiting_bytes_ >= most_bytes) HR_CHECK(write_group());
    }
    return {};
  }

  Result<void> finish() override {
    HR_CHECK(write_group());
    const std::string footer = this->footer();
    const auto size = static_cast<uint32_t>(footer.size());
    HR_CHECK(output_.write(footer));
    HR_CHECK(output_.write(std::string_view(reinterpret_cast<const char*>(&size), sizeof(size))));
    HR_CHECK(output_.write(kMagic));
    return output_.finish();
  }

 private:
  /// A chunk as the footer tells of it.
  struct Written {
    EncodedChunk chunk;  ///< without its bytes
    uint64_t offset = 0, bytes = 0;
  };
  struct Group {
    uint64_t rows = 0;
    std::vector<Written> columns;
  };

  Result<void> write_group() {
    if (waiting_rows_ == 0) return {};
    HR_TRY(const DataFrame rows, concat(waiting_));
    waiting_.clear();
    std::vector<Result<EncodedChunk>> chunks(schema_.size());
    ThreadPool::process().parallel_for(schema_.size(), 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) chunks[i] = parquet::encode_column(rows.columns()[i], encode_, budget_);
    });
    Group group{.rows = waiting_rows_, .columns = {}};
    for (size_t i = 0; i < chunks.size(); ++i) {
      if (!chunks[i]) {
        return fail(chunks[i].error().kind, fmt::format("Column {:?}: {}.", schema_[i].name, chunks[i].error().message), schema_[i].name);
      }
      Written written{.chunk = *std::move(chunks[i]), .offset = output_.size()};
      written.bytes = written.chunk.bytes.size();
      HR_CHECK(output_.write(written.chunk.bytes));
      written.chunk.bytes = std::string();
      group.columns.push_back(std::move(written));
    }
    rows_ += waiting_rows_;
    waiting_rows_ = waiting_bytes_ = 0;
    groups_.push_back(std::move(group));
    return {};
  }

  static void add_statistics(parquet::ThriftWriter& out, const EncodedChunk& chunk) {
    if (!chunk.nulls && !chunk.least) return;
    out.begin_struct(12);
    if (chunk.nulls) out.add_int64(3, *chunk.nulls);
    if (chunk.greatest) out.add_bytes(5, *chunk.greatest);
    if (chunk.least) out.add_bytes(6, *chunk.least);
    out.end_struct();
  }

  void add_column(parquet::ThriftWriter& out, const Field& field, const Written& written) const {
    const EncodedChunk& chunk = written.chunk;
    const bool has_dictionary = chunk.dictionary_bytes > 0;
    const auto number = [](auto value) { return static_cast<int32_t>(value); };
    out.begin_item();
    out.add_int64(2, 0);
    out.begin_struct(3);
    out.add_int32(1, number(parquet::stored_type_of(parquet::leaf_type(field.type)).physical));
    std::vector<int32_t> encodings{number(parquet::Encoding::Plain), number(parquet::Encoding::RunLength)};
    if (has_dictionary) encodings.push_back(number(parquet::Encoding::RunLengthDictionary));
    out.add_int32s(2, encodings);
    out.add_strings(3, parquet::path_of(field));
    out.add_int32(4, number(encode_.codec));
    out.add_int64(5, static_cast<int64_t>(chunk.values));
    out.add_int64(6, static_cast<int64_t>(chunk.unpacked_bytes));
    out.add_int64(7, static_cast<int64_t>(written.bytes));
    out.add_int64(9, static_cast<int64_t>(written.offset + chunk.dictionary_bytes));
    if (has_dictionary) out.add_int64(11, static_cast<int64_t>(written.offset));
    add_statistics(out, chunk);
    out.end_struct();
    out.end_struct();
  }

  std::string footer() const {
    parquet::ThriftWriter out;
    out.add_int32(1, 2);
    size_t elements = 1;
    for (const Field& field : schema_.fields()) elements += static_cast<size_t>(parquet::schema_elements(field.type));
    out.begin_structs(2, elements);
    out.begin_item();
    out.add_bytes(4, "root");
    out.add_int32(5, static_cast<int32_t>(schema_.size()));
    out.end_struct();
    for (const Field& field : schema_.fields()) parquet::add_schema(out, field);
    out.add_int64(3, static_cast<int64_t>(rows_));
    out.begin_structs(4, groups_.size());
    for (const Group& group : groups_) {
      uint64_t bytes = 0;
      for (const Written& written : group.columns) bytes += written.chunk.unpacked_bytes;
      out.begin_item();
      out.begin_structs(1, group.columns.size());
      for (size_t i = 0; i < group.columns.size(); ++i) add_column(out, schema_[i], group.columns[i]);
      out.add_int64(2, static_cast<int64_t>(bytes));
      out.add_int64(3, static_cast<int64_t>(group.rows));
      out.end_struct();
    }
    out.add_bytes(6, "headrace");
    out.begin_structs(7, schema_.size());
    for (size_t i = 0; i < schema_.size(); ++i) {
      out.begin_item();
      out.add_empty_struct(1);
      out.end_struct();
    }
    return out.finish();
  }

  Schema schema_;
  ParquetWriteOptions options_;
  parquet::EncodeOptions encode_;
  Output output_;
  std::vector<DataFrame> waiting_;
  std::shared_ptr<MemoryBudget> budget_ = process_budget();
  uint64_t waiting_rows_ = 0, waiting_bytes_ = 0, rows_ = 0;
  std::vector<Group> groups_;
};

Result<parquet::Codec> codec_of(std::string_view name) {
  using enum parquet::Codec;
  for (const auto& [known, codec] : {std::pair{"zstd", Zstd}, {"snappy", Snappy}, {"lz4", Lz4Raw}, {"lz4_raw", Lz4Raw}, {"gzip", Gzip},
                                     {"uncompressed", None}}) {
    if (name == known) return codec;
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("compression={:?} is not known; \"zstd\", \"snappy\", \"lz4\", \"gzip\" and \"uncompressed\" are.", name));
}

}  // namespace

Result<void> write_parquet(const Plan& plan, const WriteTarget& target, const ParquetWriteOptions& options, const QueryOptions& query) {
  parquet::EncodeOptions encode{.level = options.compression_level, .has_statistics = options.statistics};
  HR_TRY(encode.codec, codec_of(options.compression));
  encode.page_bytes = options.page_bytes;
  if (options.row_group_rows == 0 || options.page_bytes == 0) {
    return fail(ErrorKind::InvalidArgument, "row_group_size and data_page_size must be 1 at least.");
  }
  if (plan.schema().size() == 0) return fail(ErrorKind::Unsupported, "Parquet has no files without columns.");
  for (const Field& field : plan.schema().fields()) HR_CHECK(parquet::check_written(field));
  HR_TRY(Output output, Output::open(target));
  ParquetWriter writer(plan.schema(), options, encode, std::move(output));
  HR_CHECK(writer.begin());
  return run_into(plan, query, kBatchRows, writer);
}

}  // namespace headrace::frame

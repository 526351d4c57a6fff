#include "frame/expressions/pieces.h"

#include <algorithm>

namespace headrace::frame {

std::vector<FrameRows> pieces_of(const DataFrame& frame, const std::vector<bool>& read) {
  std::vector<size_t> ends{0};
  for (size_t i = 0; i < frame.width(); ++i) {
    size_t end = 0;
    if (!read[i]) continue;
    for (const Array& chunk : frame.columns()[i].chunks()) ends.push_back(end += chunk.size());
  }
  ends.push_back(frame.height());
  std::ranges::sort(ends);
  const auto again = std::ranges::unique(ends);
  ends.erase(again.begin(), again.end());
  std::vector<FrameRows> pieces;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    for (size_t begin = ends[i]; begin < ends[i + 1]; begin += kPieceRows)
      pieces.push_back({begin, std::min(kPieceRows, ends[i + 1] - begin)});
  }
  return pieces;
}

Chunk chunk_of(const DataFrame& frame, const std::vector<bool>& read, const FrameRows& piece) {
  Chunk chunk{.columns = std::vector<Array>(frame.width()), .rows = piece.rows};
  for (size_t i = 0; i < frame.width(); ++i) {
    if (read[i]) chunk.columns[i] = frame.columns()[i].slice(piece.begin, piece.rows).chunks()[0];
  }
  return chunk;
}

void append(const std::vector<Array>& columns, Chunk& chunk) {
  for (const Array& column : columns) chunk.columns.push_back(column.slice(0, chunk.rows));
}

}  // namespace headrace::frame

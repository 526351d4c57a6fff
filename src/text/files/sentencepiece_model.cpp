#include "text/files/sentencepiece_model.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <unordered_set>

#include "text/files/protobuf_reader.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using Wire = ProtobufReader::Wire;
using Piece = SentencePieceModel::Piece;

std::unexpected<Error> bad_file(std::string_view name, const std::string& what) {
  return fail(ErrorKind::InvalidData, fmt::format("{}: {} The file is damaged or no SentencePiece model; get it again.", name, what),
              std::string(name));
}

std::unexpected<Error> broken(std::string_view name, const char* part, const ProtobufReader& reader) {
  return bad_file(name, fmt::format("the {} is no protobuf message at its byte {}.", part, reader.position()));
}

bool is(const ProtobufReader& reader, uint32_t field, Wire wire) { return reader.field() == field && reader.wire() == wire; }

Result<Piece> read_piece(std::string_view bytes, size_t id, std::string_view name) {
  Piece piece;
  ProtobufReader reader(bytes);
  while (reader.next()) {
    if (is(reader, 1, Wire::Bytes)) {
      piece.text = reader.bytes();
    } else if (is(reader, 2, Wire::Fixed32)) {
      piece.score = reader.single();
    } else if (is(reader, 3, Wire::Varint)) {
      if (reader.number() < 1 || reader.number() > 6) return bad_file(name, fmt::format("piece {} has type {}, which is none of 1 to 6.", id, reader.number()));
      piece.kind = static_cast<TokenKind>(reader.number());
    }
  }
  if (reader.broken()) return broken(name, fmt::format("piece {}", id).c_str(), reader);
  if (piece.text.empty()) return bad_file(name, fmt::format("piece {} is empty.", id));
  if (utf8::valid_prefix(piece.text) != piece.text.size()) return bad_file(name, fmt::format("piece {} is not UTF-8.", id));
  if (!std::isfinite(piece.score)) return bad_file(name, fmt::format("piece {} (\"{}\") has a score that is no number.", id, piece.text));
  return piece;
}

Result<void> read_trainer(std::string_view bytes, SentencePieceModel& model, std::string_view name) {
  ProtobufReader reader(bytes);
  while (reader.next()) {
    if (reader.wire() != Wire::Varint) continue;
    switch (reader.field()) {
      case 3:
        if (reader.number() < 1 || reader.number() > 4) return bad_file(name, fmt::format("its model type is {}, which is none of 1 to 4.", reader.number()));
        model.type = static_cast<SentencePieceModel::Type>(reader.number());
        break;
      case 24: model.treat_whitespace_as_suffix = reader.number() != 0; break;
      case 35: model.byte_fallback = reader.number() != 0; break;
      default: break;
    }
  }
  if (reader.broken()) return broken(name, "trainer's part", reader);
  return {};
}

Result<void> read_normalizer(std::string_view bytes, SentencePieceModel& model, std::string_view name) {
  ProtobufReader reader(bytes);
  while (reader.next()) {
    if (is(reader, 2, Wire::Bytes)) model.charsmap = reader.bytes();
    if (reader.wire() != Wire::Varint) continue;
    if (reader.field() == 3) model.add_dummy_prefix = reader.number() != 0;
    if (reader.field() == 4) model.remove_extra_whitespaces = reader.number() != 0;
    if (reader.field() == 5) model.escape_whitespaces = reader.number() != 0;
  }
  if (reader.broken()) return broken(name, "normalizer's part", reader);
  return {};
}

bool is_byte_piece(std::string_view text) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() == 6 && text.starts_with("<0x") && digit(text[3]) && digit(text[4]) && text[5] == '>';
}

/// What SentencePiece itself refuses.
Result<void> check(const SentencePieceModel& model, std::string_view name) {
  if (model.pieces.empty()) return bad_file(name, "it has no pieces.");
  std::unordered_set<std::string_view> seen;
  seen.reserve(model.pieces.size());
  size_t unknown = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    if (!seen.insert(piece.text).second) return bad_file(name, fmt::format("piece {} (\"{}\") has come before.", id, piece.text));
    unknown += piece.kind == TokenKind::Unknown;
    if (piece.kind != TokenKind::Byte) continue;
    if (!is_byte_piece(piece.text)) return bad_file(name, fmt::format("piece {} (\"{}\") is marked as a byte and is spelled otherwise.", id, piece.text));
    if (!model.byte_fallback) return bad_file(name, fmt::format("piece {} (\"{}\") is a byte, but the model has no byte_fallback.", id, piece.text));
  }
  if (unknown != 1) return bad_file(name, fmt::format("it has {} unknown pieces instead of one.", unknown));
  return {};
}

}  // namespace

std::optional<TokenId> SentencePieceModel::find(TokenKind kind) const {
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].kind == kind) return static_cast<TokenId>(id);
  }
  return std::nullopt;
}

bool looks_like_sentencepiece(std::string_view bytes) {
  ProtobufReader reader(bytes);
  if (!reader.next() || !is(reader, 1, Wire::Bytes)) return false;
  ProtobufReader piece(reader.bytes());
  return piece.next() && is(piece, 1, Wire::Bytes);
}

Result<SentencePieceModel> read_sentencepiece_model(std::string_view bytes, std::string_view name) {
  SentencePieceModel model;
  ProtobufReader reader(bytes);
  while (reader.next()) {
    if (reader.wire() != Wire::Bytes) continue;
    if (reader.field() == 1) {
      HR_TRY(auto piece, read_piece(reader.bytes(), model.pieces.size(), name));
      model.pieces.push_back(std::move(piece));
    } else if (reader.field() == 2) {
      HR_CHECK(read_trainer(reader.bytes(), model, name));
    } else if (reader.field() == 3) {
      HR_CHECK(read_normalizer(reader.bytes(), model, name));
    }
  }
  if (reader.broken()) return broken(name, "file", reader);
  HR_CHECK(check(model, name));
  return model;
}

}  // namespace headrace::text

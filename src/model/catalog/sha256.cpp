#include "model/catalog/sha256.h"

#include <fmt/format.h>
#include <nettle/sha2.h>

namespace headrace::model {

struct Sha256::Context {
  sha256_ctx state;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { sha256_init(&context_->state); }

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  sha256_update(&context_->state, bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data()));
}

std::string Sha256::finish() {
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(&context_->state, sizeof digest, digest);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace headrace::model

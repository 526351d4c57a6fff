#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::test {

/// A blocking socket that sends exactly the bytes a test writes.
class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;

  bool connected() const { return connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(size_t(sent));
    }
  }

  /// Reads until `end` has come, the server closes, or `seconds` have passed without a
  /// byte; returns what came up to and including `end`.
  std::string read_until(std::string_view end, double seconds = 5) {
    for (;;) {
      const size_t at = received_.find(end);
      if (at != std::string::npos) return take(at + end.size());
      if (!receive(seconds)) return take(received_.size());
    }
  }

  /// Reads one answer with a Content-Length: head and body.
  std::string read_answer(double seconds = 5) {
    std::string answer = read_until("\r\n\r\n", seconds);
    const size_t at = answer.find("Content-Length: ");
    if (at == std::string::npos) return answer;
    const size_t length = std::stoul(answer.substr(at + 16));
    while (received_.size() < length && receive(seconds)) {
    }
    return answer + take(std::min(length, received_.size()));
  }

  std::string read_to_end(double seconds = 5) {
    while (receive(seconds)) {
    }
    return take(received_.size());
  }

  /// Whether the server closes (or resets) the connection within `seconds`.
  bool closed_within(double seconds) {
    while (receive(seconds)) {
    }
    return ended_;
  }

  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  bool receive(double seconds) {
    pollfd ready{descriptor_, POLLIN, 0};
    if (::poll(&ready, 1, int(seconds * 1000)) <= 0) return false;
    char bytes[65536];
    const ssize_t got = ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    received_.append(bytes, size_t(got));
    return true;
  }
  std::string take(size_t count) {
    std::string out = received_.substr(0, count);
    received_.erase(0, count);
    return out;
  }

  int descriptor_;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
};

}  // namespace headrace::test

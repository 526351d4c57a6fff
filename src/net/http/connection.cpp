#include "net/http/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "net/http/status.h"

namespace headrace::net {

namespace beast_http = boost::beast::http;

namespace {

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kInboxBytes = 64 << 10;  // of requests that wait behind one that is being answered
constexpr double kSlowestBytesPerSecond = 8 << 10;
constexpr double kGoodbyeSeconds = 1;

int status_of(const error_code& ec) {
  if (ec == beast_http::error::body_limit) return 413;
  if (ec == beast_http::error::header_limit) return 431;
  return 400;
}

HttpRequest to_request(beast_http::request<beast_http::string_body>&& message, const std::string& peer) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  const std::string_view target(message.target().data(), message.target().size());
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& field : message) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request.body = std::move(message.body());
  request.peer = peer;
  return request;
}

}  // namespace

Connection::Connection(std::shared_ptr<ConnectionContext> context, Socket socket, std::string peer)
    : context_(std::move(context)),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      wake_(context_->io),
      space_(context_->io) {}

void Connection::start() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  if (context_->options.send_buffer_bytes > 0) {
    socket_.set_option(asio::socket_base::send_buffer_size(int(context_->options.send_buffer_bytes)), ignored);
  }
  auto self = shared_from_this();
  asio::co_spawn(context_->io, [self] { return self->read_bytes(); }, asio::detached);
  asio::co_spawn(context_->io, [self] { return self->serve(); }, asio::detached);
}

Task<void> Connection::read_bytes() {
  std::array<char, kReadBytes> chunk;
  error_code ec;
  while (!done_) {
    const size_t room = std::max<size_t>(kInboxBytes, context_->options.max_header_bytes + 1);
    if (phase_ != Phase::Body && inbox_.size() >= room) {
      co_await space_.wait();
      continue;
    }
    const size_t read = co_await socket_.async_read_some(asio::buffer(chunk), await_into(ec));
    if (ec) break;
    if (!discard_) inbox_.append(chunk.data(), read);
    wake_.notify();
  }
  gone_ = true;
  wake_.notify();
}

Task<void> Connection::serve() {
  try {
    co_await serve_requests();
  } catch (const std::exception& e) {
    log(LogLevel::Error, "net", "connection of {} ended by an exception: {}", peer_, e.what());
  }
  if (exchange_) exchange_->close();
  co_await say_goodbye();
  error_code ignored;
  socket_.close(ignored);
  done_ = true;
  space_.notify();
  leave();
}

void Connection::leave() {
  auto& connections = context_->connections;
  connections.erase(shared_from_this());
  context_->counts.open.store(connections.size(), std::memory_order_relaxed);
  if (connections.empty() && context_->on_last_gone) context_->on_last_gone();
}

Task<void> Connection::serve_requests() {
  for (;;) {
    HttpRequest request;
    Exchange::Form form;
    const bool read = co_await read_request(request, form);
    if (!read) co_return;
    const bool go_on = co_await answer(std::move(request), form);
    if (!go_on) co_return;
  }
}

Task<bool> Connection::read_request(HttpRequest& request, Exchange::Form& form) {
  enter(Phase::Idle, context_->options.idle_seconds);
  while (inbox_.empty()) {
    if (gone_ || timed_out_ || context_->draining) co_return false;
    co_await wake_.wait();
  }
  enter(Phase::Headers, context_->options.header_seconds);
  Parser parser;
  parser.header_limit(context_->options.max_header_bytes);
  parser.body_limit(context_->options.max_body_bytes);
  int status = co_await parse(parser);
  if (status == 0 && parser.get().version() >= 11 && !parser.get().count(beast_http::field::host)) status = 400;
  if (status != 0) {
    if (status > 0) co_await refuse(status);
    co_return false;
  }
  form.chunked = parser.get().version() >= 11;
  form.keep_alive = parser.get().keep_alive() && !context_->draining;
  form.head_only = parser.get().method() == beast_http::verb::head;
  form.max_unsent_bytes = context_->options.max_unsent_bytes;
  form.common_headers = &context_->options.headers;
  request = to_request(parser.release(), peer_);
  co_return true;
}

Task<int> Connection::parse(Parser& parser) {
  error_code ec;
  bool headers_seen = false;
  while (!parser.is_done()) {
    const size_t used = parser.put(asio::const_buffer(inbox_.data(), inbox_.size()), ec);
    inbox_.erase(0, used);
    space_.notify();
    if (ec && ec != beast_http::error::need_more) co_return status_of(ec);
    if (parser.is_header_done() && !headers_seen) {
      headers_seen = true;
      const int status = co_await accept_headers(parser);
      if (status != 0) co_return status;
      continue;
    }
    if (parser.is_done()) break;
    if (used > 0 && !ec && !inbox_.empty()) continue;
    if (timed_out_) co_return 408;
    if (gone_) co_return -1;
    co_await wake_.wait();
  }
  co_return 0;
}

Task<int> Connection::accept_headers(Parser& parser) {
  enter(Phase::Body, context_->options.body_seconds);
  parser.eager(true);
  const auto expect = parser.get().find(beast_http::field::expect);
  if (expect == parser.get().end() || parser.is_done()) co_return 0;
  if (!boost::beast::iequals(expect->value(), "100-continue")) co_return 417;
  if (!inbox_.empty()) co_return 0;  // the body is coming already
  const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
  enter(Phase::Body, context_->options.body_seconds);
  co_return sent ? 0 : -1;
}

Task<bool> Connection::answer(HttpRequest request, Exchange::Form form) {
  enter_untimed(Phase::Answering);
  context_->counts.requests.fetch_add(1, std::memory_order_relaxed);
  exchange_ = std::make_shared<Exchange>(form, context_->queue, weak_from_this());
  try {
    context_->handler(std::move(request), Responder(exchange_));
  } catch (const std::exception& e) {
    log(LogLevel::Error, "net", "a request's handler threw: {}", e.what());
    exchange_->respond({500, "text/plain", "The server failed on this request.\n", {}});
  }
  for (;;) {
    const bool complete = exchange_->take(writing_);
    if (!writing_.empty()) {
      const bool sent = co_await send(writing_);
      if (!sent) {
        if (socket_.is_open()) context_->counts.gone.fetch_add(1, std::memory_order_relaxed);
        exchange_->close();
        co_return false;
      }
      enter_untimed(Phase::Answering);
    }
    if (complete) break;
    if (gone_) {
      context_->counts.gone.fetch_add(1, std::memory_order_relaxed);
      exchange_->close();
      co_return false;
    }
    if (writing_.empty()) co_await wake_.wait();
  }
  const bool keep_alive = exchange_->keep_alive() && !context_->draining;
  exchange_.reset();
  if (writing_.capacity() > (256 << 10)) writing_ = {};
  co_return keep_alive;
}

Task<void> Connection::refuse(int status) {
  enter_untimed(Phase::Answering);
  Exchange::Form form;
  form.keep_alive = false;
  Exchange exchange(form, context_->queue, weak_from_this());
  const char* type = status == 413 || status == 400 ? "invalid_request_error" : "server_error";
  exchange.respond({status, "application/json",
                    fmt::format(R"({{"error":{{"message":"{}","type":"{}","param":null,"code":null}}}})",
                                refusal(status), type), {}});
  exchange.take(writing_);
  co_await send(writing_);
}

Task<bool> Connection::send(std::string_view bytes) {
  const double seconds = context_->options.slow_client_seconds + double(bytes.size()) / kSlowestBytesPerSecond;
  enter(Phase::Writing, seconds);
  error_code ec;
  const size_t sent = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), await_into(ec));
  context_->counts.bytes_sent.fetch_add(sent, std::memory_order_relaxed);
  if (ec) gone_ = true;
  co_return !ec;
}

// Closing a socket that holds unread bytes resets the connection, and the client may
// never see the answer: so say that nothing more comes, and read on for a moment.
Task<void> Connection::say_goodbye() {
  if (gone_) co_return;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  discard_ = true;
  inbox_ = {};
  enter(Phase::Closing, kGoodbyeSeconds);
  space_.notify();
  while (!gone_ && !timed_out_) co_await wake_.wait();
}

void Connection::enter(Phase phase, double seconds) {
  phase_ = phase;
  timed_out_ = false;
  deadline_ = Clock::now() + to_duration(seconds);
}

void Connection::enter_untimed(Phase phase) {
  phase_ = phase;
  timed_out_ = false;
  deadline_ = Clock::time_point::max();
}

void Connection::check_time(Clock::time_point now) {
  const bool stalled = now > deadline_ && phase_ == Phase::Writing;
  if (stalled || (exchange_ && exchange_->too_slow(context_->options.slow_client_seconds))) {
    context_->counts.slow.fetch_add(1, std::memory_order_relaxed);
    return cut();
  }
  if (now > deadline_ && !timed_out_) {
    timed_out_ = true;
    wake_.notify();
  }
}

void Connection::drain() {
  if (exchange_) exchange_->end_keep_alive();
  wake_.notify();
}

void Connection::cut() {
  error_code ignored;
  gone_ = true;
  socket_.close(ignored);
  wake_.notify();
  space_.notify();
}

}  // namespace headrace::net

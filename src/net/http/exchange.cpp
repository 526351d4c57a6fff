#include "net/http/exchange.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "net/http/connection.h"
#include "net/http/status.h"
#include "net/http/wake_queue.h"

namespace headrace::net {

namespace {

// A header value must not smuggle in a line of its own.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) {
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  out.append("\r\n");
}

void append_date(std::string& out) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  fmt::format_to(std::back_inserter(out), "Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n", kDays[parts.tm_wday],
                 parts.tm_mday, kMonths[parts.tm_mon], 1900 + parts.tm_year, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

void Exchange::append_head(int status, std::string_view content_type, const std::vector<HttpHeader>& headers,
                           const uint64_t* content_length) {
  fmt::format_to(std::back_inserter(head_), "HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  append_date(head_);
  if (!content_type.empty() && !has_no_body(status)) append_header(head_, "Content-Type", content_type);
  for (const HttpHeader& header : headers) append_header(head_, header.name, header.value);
  if (form_.common_headers) {
    for (const HttpHeader& header : *form_.common_headers) append_header(head_, header.name, header.value);
  }
  if (content_length && !has_no_body(status)) {
    fmt::format_to(std::back_inserter(head_), "Content-Length: {}\r\n", *content_length);
  }
  if (!content_length) {
    if (form_.chunked) head_.append("Transfer-Encoding: chunked\r\n");
    else form_.keep_alive = false;
  }
  if (!form_.keep_alive) head_.append("Connection: close\r\n");
  else if (!form_.chunked) head_.append("Connection: keep-alive\r\n");  // HTTP/1.0 closes unless told so
  head_.append("\r\n");
}

void Exchange::respond(HttpResponse&& response) {
  std::unique_lock lock(mutex_);
  if (began_ || closed_) return;
  began_ = finished_ = true;
  const uint64_t length = response.body.size();
  append_head(response.status, response.content_type, response.headers, &length);
  if (!form_.head_only && !has_no_body(response.status)) body_ = std::move(response.body);
  wake(std::move(lock));
}

void Exchange::begin(int status, std::string_view content_type, const std::vector<HttpHeader>& headers) {
  std::unique_lock lock(mutex_);
  if (began_ || closed_) return;
  began_ = stream_ = true;
  append_head(status, content_type, headers, nullptr);
  wake(std::move(lock));
}

bool Exchange::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  if (closed_ || finished_ || !stream_) return false;
  if (bytes.empty() || form_.head_only) return true;
  if (overflowed_ || body_.size() > 4 * form_.max_unsent_bytes) {  // the connection's clock drops the client
    overflowed_ = true;
    return false;
  }
  body_.append(bytes);
  if (body_.size() > form_.max_unsent_bytes && over_limit_since_ == Clock::time_point::max()) {
    over_limit_since_ = Clock::now();
  }
  wake(std::move(lock));
  return true;
}

void Exchange::finish() {
  std::unique_lock lock(mutex_);
  if (closed_ || finished_ || !stream_ || overflowed_) return;
  finished_ = true;
  wake(std::move(lock));
}

void Exchange::abandon() {
  {
    std::unique_lock lock(mutex_);
    if (finished_ || closed_ || overflowed_) return;
    if (began_) {
      finished_ = cut_ = true;
      form_.keep_alive = false;
      return wake(std::move(lock));
    }
  }
  respond({500, "text/plain", "The server gave no answer to this request.\n", {}});
}

void Exchange::on_closed(std::function<void()> callback) {
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    if (!closed_) {
      closed_callback_ = std::move(callback);
      return;
    }
  }
  callback();
}

bool Exchange::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

void Exchange::wake(std::unique_lock<std::mutex> lock) {
  if (scheduled_) return;
  scheduled_ = true;
  lock.unlock();
  if (auto connection = connection_.lock()) queue_->add(std::move(connection));
}

bool Exchange::take(std::string& out) {
  std::function<void()> dropped;  // destroyed after the lock is released: it may own the world
  std::lock_guard lock(mutex_);
  scheduled_ = false;
  out.clear();
  out.swap(head_);
  if (stream_ && form_.chunked) {
    if (!body_.empty()) fmt::format_to(std::back_inserter(out), "{:x}\r\n{}\r\n", body_.size(), body_);
    if (finished_ && !cut_ && !form_.head_only) out.append("0\r\n\r\n");
    body_.clear();
  } else if (out.empty()) {
    out.swap(body_);
  } else {
    out.append(body_);
    body_.clear();
  }
  over_limit_since_ = Clock::time_point::max();
  if (finished_) dropped.swap(closed_callback_);
  return finished_;
}

void Exchange::close() {
  std::function<void()> callback;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    if (!finished_) callback = std::move(closed_callback_);
    closed_callback_ = nullptr;
    body_ = {};
  }
  if (callback) callback();
}

void Exchange::end_keep_alive() {
  std::lock_guard lock(mutex_);
  form_.keep_alive = false;
}

bool Exchange::keep_alive() const {
  std::lock_guard lock(mutex_);
  return form_.keep_alive;
}

bool Exchange::too_slow(double seconds) const {
  std::lock_guard lock(mutex_);
  if (overflowed_) return true;
  if (over_limit_since_ == Clock::time_point::max()) return false;
  return std::chrono::duration<double>(Clock::now() - over_limit_since_).count() > seconds;
}

// ---------------------------------------------------------------- Responder

/// Lives as long as any copy of a Responder.
struct Responder::Guard {
  explicit Guard(std::shared_ptr<Exchange> e) : exchange(std::move(e)) {}
  ~Guard() { exchange->abandon(); }
  std::shared_ptr<Exchange> exchange;
};

Responder::Responder(std::shared_ptr<Exchange> exchange) : guard_(std::make_shared<Guard>(std::move(exchange))) {}
void Responder::respond(HttpResponse response) { guard_->exchange->respond(std::move(response)); }
void Responder::begin(int status, std::string_view content_type, std::vector<HttpHeader> headers) {
  guard_->exchange->begin(status, content_type, headers);
}
bool Responder::write(std::string_view bytes) { return guard_->exchange->write(bytes); }
void Responder::finish() { guard_->exchange->finish(); }
void Responder::on_closed(std::function<void()> callback) { guard_->exchange->on_closed(std::move(callback)); }
bool Responder::closed() const { return guard_->exchange->closed(); }

}  // namespace headrace::net

#include "net/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>

#include "raw_client.h"

namespace headrace::net {
namespace {

using test::RawClient;
using namespace std::chrono_literals;

/// Answers "METHOD PATH?QUERY BODY".
void echo(HttpRequest&& request, Responder responder) {
  responder.respond({200, "text/plain", request.method + " " + request.path + "?" + request.query + " " + request.body, {}});
}

std::unique_ptr<HttpServer> start(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

bool starts_with(const std::string& text, std::string_view start) { return text.rfind(start, 0) == 0; }
bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

template <class Condition>
bool soon(Condition&& condition, std::chrono::milliseconds limit = 5000ms) {
  for (auto waited = 0ms; waited < limit; waited += 5ms) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

TEST(HttpServer, answers_a_request) {
  auto server = start(echo);
  RawClient client(server->port());
  client.send("POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  const std::string answer = client.read_answer();
  EXPECT_TRUE(starts_with(answer, "HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(ends_with(answer, "POST /a/b?c=d hello")) << answer;
  EXPECT_NE(answer.find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
}

TEST(HttpServer, keeps_the_connection_for_further_requests) {
  auto server = start(echo);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(ends_with(client.read_answer(), "GET /" + std::to_string(i) + "? "));
  }
  EXPECT_EQ(server->stats().connections_accepted, 1u);
  EXPECT_EQ(server->stats().requests, 3u);
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
  auto server = start([](HttpRequest&& request, Responder responder) {
    std::thread([request = std::move(request), responder]() mutable {
      if (request.path == "/slow") std::this_thread::sleep_for(50ms);
      echo(std::move(request), responder);
    }).detach();
  });
  RawClient client(server->port());
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(ends_with(client.read_answer(), "GET /slow? "));
  EXPECT_TRUE(ends_with(client.read_answer(), "GET /fast? "));
}

TEST(HttpServer, takes_a_request_that_comes_byte_by_byte) {
  auto server = start(echo);
  RawClient client(server->port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) client.send({&c, 1});
  EXPECT_TRUE(ends_with(client.read_answer(), "POST /x? abc"));
}

TEST(HttpServer, joins_a_chunked_body) {
  auto server = start(echo);
  RawClient client(server->port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(ends_with(client.read_answer(), "POST /x? abcde"));
}

TEST(HttpServer, closes_when_the_client_asks_for_it) {
  auto server = start(echo);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.closed_within(2));
}

TEST(HttpServer, keeps_an_old_clients_connection_when_asked) {
  auto server = start(echo);
  RawClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(client.read_answer().find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  }
}

TEST(HttpServer, sends_no_body_to_HEAD) {
  auto server = start(echo);
  RawClient client(server->port());
  client.send("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(ends_with(answer, "\r\n\r\n"));
}

TEST(HttpServer, says_100_continue_before_a_body_that_waits_for_it) {
  auto server = start(echo);
  RawClient client(server->port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ab");
  EXPECT_TRUE(ends_with(client.read_answer(), "POST /x? ab"));
}

TEST(HttpServer, refuses_a_body_over_the_limit_with_413) {
  HttpServerOptions options;
  options.max_body_bytes = 1000;
  auto server = start(echo, options);
  RawClient announced(server->port());
  announced.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(starts_with(announced.read_answer(), "HTTP/1.1 413 "));
  RawClient chunked(server->port());
  chunked.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; ++i) chunked.send("64\r\n" + std::string(100, 'a') + "\r\n");
  EXPECT_TRUE(starts_with(chunked.read_answer(), "HTTP/1.1 413 "));
}

TEST(HttpServer, refuses_headers_over_the_limit_with_431) {
  HttpServerOptions options;
  options.max_header_bytes = 1000;
  auto server = start(echo, options);
  RawClient client(server->port());
  client.send("GET /x HTTP/1.1\r\nHost: x\r\nA: " + std::string(2000, 'a') + "\r\n\r\n");
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 431 "));
}

TEST(HttpServer, refuses_what_is_not_http_with_400) {
  auto server = start(echo);
  for (const char* request : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
                              "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawClient client(server->port());
    client.send(request);
    EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 400 ")) << request;
    EXPECT_TRUE(client.closed_within(3)) << request;
  }
}

TEST(HttpServer, gives_up_on_headers_that_trickle_in) {
  HttpServerOptions options;
  options.header_seconds = 0.3;
  auto server = start(echo, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> stop = false;
  std::thread trickle([&] {
    while (!stop) {
      client.send("a: b\r\n");
      std::this_thread::sleep_for(30ms);
    }
  });
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 408 "));
  stop = true;
  trickle.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(HttpServer, gives_up_on_a_body_that_does_not_come) {
  HttpServerOptions options;
  options.body_seconds = 0.3;
  auto server = start(echo, options);
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 408 "));
}

TEST(HttpServer, closes_idle_connections) {
  HttpServerOptions options;
  options.idle_seconds = 0.2;
  auto server = start(echo, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 200 "));
  EXPECT_TRUE(client.closed_within(2));
  EXPECT_TRUE(soon([&] { return server->stats().connections == 0; }));
}

TEST(HttpServer, turns_away_connections_over_the_limit) {
  HttpServerOptions options;
  options.max_connections = 2;
  auto server = start(echo, options);
  RawClient first(server->port()), second(server->port());
  ASSERT_TRUE(soon([&] { return server->stats().connections == 2; }));
  RawClient third(server->port());
  EXPECT_TRUE(starts_with(third.read_answer(), "HTTP/1.1 503 "));
  EXPECT_EQ(server->stats().connections_refused, 1u);
  first.close();
  ASSERT_TRUE(soon([&] { return server->stats().connections == 1; }));
  RawClient fourth(server->port());
  fourth.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(starts_with(fourth.read_answer(), "HTTP/1.1 200 "));
}

TEST(HttpServer, streams_chunks_from_another_thread) {
  auto server = start([](HttpRequest&&, Responder responder) {
    std::thread([responder]() mutable {
      responder.begin(200, "text/event-stream");
      for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(responder.write("data: " + std::to_string(i) + "\n\n"));
        std::this_thread::sleep_for(20ms);
      }
      responder.finish();
    }).detach();
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
  const std::string body = client.read_until("0\r\n\r\n");
  EXPECT_EQ(body, "9\r\ndata: 0\n\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(starts_with(client.read_until("0\r\n\r\n"), "HTTP/1.1 200 "));
}

TEST(HttpServer, ends_a_stream_to_an_old_client_with_the_connection) {
  auto server = start([](HttpRequest&&, Responder responder) {
    responder.begin(200, "text/plain");
    responder.write("abc");
    responder.finish();
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(ends_with(answer, "\r\n\r\nabc")) << answer;
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
}

TEST(HttpServer, tells_the_handler_when_the_client_goes) {
  std::promise<void> gone;
  std::atomic<bool> write_refused = false;
  auto server = start([&](HttpRequest&&, Responder responder) {
    responder.on_closed([&] { gone.set_value(); });
    responder.begin(200, "text/event-stream");
    responder.write("data: 1\n\n");
    std::thread([&, responder]() mutable {
      while (responder.write("data: x\n\n")) std::this_thread::sleep_for(5ms);
      write_refused = true;
    }).detach();
  });
  {
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_until("data: 1");
  }
  EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(soon([&] { return write_refused.load(); }));
  EXPECT_EQ(server->stats().clients_gone, 1u);
}

TEST(HttpServer, notices_a_client_that_goes_before_any_answer) {
  std::promise<void> gone;
  std::mutex mutex;
  std::unique_ptr<Responder> kept;
  auto server = start([&](HttpRequest&&, Responder responder) {
    std::lock_guard lock(mutex);
    responder.on_closed([&] { gone.set_value(); });
    kept = std::make_unique<Responder>(responder);
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(soon([&] { std::lock_guard lock(mutex); return kept != nullptr; }));
  client.close();
  EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(kept->closed());
}

TEST(HttpServer, drops_a_client_that_does_not_read) {
  HttpServerOptions options;
  options.slow_client_seconds = 0.3;
  options.max_unsent_bytes = 64 << 10;
  options.send_buffer_bytes = 16 << 10;
  std::promise<void> gone;
  auto server = start([&](HttpRequest&&, Responder responder) {
    responder.on_closed([&] { gone.set_value(); });
    responder.begin(200, "text/event-stream");
    std::thread([responder]() mutable {
      uint64_t written = 0;
      while (responder.write(std::string(1000, 'x'))) {
        written += 1000;
        if (written % 20000 == 0) std::this_thread::sleep_for(1ms);
        ASSERT_LT(written, 100u << 20);
      }
    }).detach();
  }, options);
  RawClient client(server->port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(gone.get_future().wait_for(20s), std::future_status::ready);
  EXPECT_EQ(server->stats().slow_clients_dropped, 1u);
}

TEST(HttpServer, answers_500_when_the_handler_drops_a_request) {
  auto server = start([](HttpRequest&&, Responder) {});
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 500 "));
}

TEST(HttpServer, answers_500_when_the_handler_throws) {
  auto server = start([](HttpRequest&&, Responder) { throw std::runtime_error("no"); });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(starts_with(client.read_answer(), "HTTP/1.1 500 "));
}

TEST(HttpServer, keeps_line_breaks_out_of_header_values) {
  auto server = start([](HttpRequest&&, Responder responder) {
    responder.respond({200, "text/plain", "", {{"X-Echo", "a\r\nSet-Cookie: b"}}});
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_answer().find("\r\nSet-Cookie"), std::string::npos);
}

TEST(HttpServer, finishes_running_answers_when_it_stops) {
  std::promise<void> started;
  auto server = start([&](HttpRequest&&, Responder responder) {
    responder.begin(200, "text/plain");
    started.set_value();
    std::thread([responder]() mutable {
      std::this_thread::sleep_for(200ms);
      responder.write("the end");
      responder.finish();
    }).detach();
  });
  RawClient idle(server->port()), busy(server->port());
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  started.get_future().wait();
  EXPECT_TRUE(server->stop(5));
  EXPECT_TRUE(idle.closed_within(1));
  EXPECT_TRUE(ends_with(busy.read_to_end(), "the end\r\n0\r\n\r\n"));
  EXPECT_FALSE(RawClient(server->port()).connected());
}

TEST(HttpServer, cuts_answers_that_take_too_long_to_stop) {
  std::promise<void> started, gone;
  std::unique_ptr<Responder> kept;
  auto server = start([&](HttpRequest&&, Responder responder) {
    responder.on_closed([&] { gone.set_value(); });
    kept = std::make_unique<Responder>(responder);
    started.set_value();
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  started.get_future().wait();
  EXPECT_FALSE(server->stop(0.1));
  EXPECT_EQ(gone.get_future().wait_for(1s), std::future_status::ready);
  EXPECT_TRUE(client.closed_within(1));
  server.reset();
  EXPECT_FALSE(kept->write("after the end"));
}

TEST(HttpServer, says_which_port_is_in_use) {
  auto first = start(echo);
  HttpServerOptions options;
  options.port = first->port();
  auto second = HttpServer::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
  EXPECT_NE(second.error().message.find(std::to_string(first->port())), std::string::npos);
}

TEST(HttpServer, says_that_an_address_does_not_exist) {
  HttpServerOptions options;
  options.host = "203.0.113.7";
  auto server = HttpServer::start(options, echo);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::InvalidArgument);
}

TEST(HttpServer, serves_many_clients_at_once) {
  auto server = start([](HttpRequest&& request, Responder responder) {
    responder.begin(200, "text/plain");
    responder.write(request.path);
    responder.finish();
  });
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server->port());
      for (int i = 0; i < 50; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        if (client.read_until("\r\n0\r\n\r\n").find(path) != std::string::npos) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 16 * 50);
}

}  // namespace
}  // namespace headrace::net

#include "server/metrics/prometheus.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace headrace::server {

namespace {

constexpr uint32_t kPageTokens = 16;

/// Writes the text exposition format.
class Exposition {
 public:
  explicit Exposition(std::string_view model) {
    labels_ = "engine=\"0\",model_name=\"";
    for (const char c : model) {
      if (c == '\n') labels_ += "\\n";
      else if (c == '"' || c == '\\') (labels_ += '\\') += c;
      else labels_ += c;
    }
    labels_ += '"';
  }

  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void sample(std::string_view name, Number value, std::string_view label = {}) {
    fmt::format_to(std::back_inserter(out_), "{}{{{}{}{}}} {}\n", name, labels_, label.empty() ? "" : ",", label, value);
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(name, value);
  }
  void histogram(std::string_view name, std::string_view help, const engine::EngineStats::Histogram& histogram) {
    family(name, "histogram", help);
    const std::string bucket = fmt::format("{}_bucket", name);
    uint64_t below = 0;
    for (size_t i = 0; i < std::size(engine::EngineStats::kBucketSeconds); ++i) {
      below += histogram.buckets[i];
      sample(bucket, below, fmt::format("le=\"{}\"", engine::EngineStats::kBucketSeconds[i]));
    }
    sample(bucket, histogram.count, "le=\"+Inf\"");
    sample(fmt::format("{}_sum", name), histogram.sum);
    sample(fmt::format("{}_count", name), histogram.count);
  }
  void plain(std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    family(name, type, help);
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name, value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string labels_;
  std::string out_;
};

void write_state(Exposition& out, const engine::EngineStats& stats) {
  out.single("vllm:num_requests_running", "gauge", "Sequences being computed.", stats.running);
  out.single("vllm:num_requests_waiting", "gauge", "Sequences waiting to be computed.", stats.waiting);
  out.single("vllm:kv_cache_usage_perc", "gauge", "Share of the KV cache's pages held by sequences, 1 is all.",
             stats.pages == 0 ? 0.0 : double(stats.pages_used) / stats.pages);
  out.family("vllm:cache_config_info", "gauge", "Settings of the KV cache.");
  out.sample("vllm:cache_config_info", 1, fmt::format("block_size=\"{}\",num_gpu_blocks=\"{}\"", kPageTokens, stats.pages));
}

void write_counters(Exposition& out, const engine::EngineStats& stats) {
  out.single("vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked up in the prefix cache.", stats.prefix_queries);
  out.single("vllm:prefix_cache_hits_total", "counter", "Prompt tokens found in the prefix cache.", stats.prefix_hits);
  out.single("vllm:num_preemptions_total", "counter", "Sequences put back to make room for others.", stats.preemptions);
  out.single("vllm:prompt_tokens_total", "counter", "Prompt tokens processed.", stats.prompt_tokens);
  out.single("vllm:generation_tokens_total", "counter", "Tokens generated.", stats.generation_tokens);
  out.family("vllm:request_success_total", "counter", "Requests that ended, by reason.");
  out.sample("vllm:request_success_total", stats.requests_stop, "finished_reason=\"stop\"");
  out.sample("vllm:request_success_total", stats.requests_length, "finished_reason=\"length\"");
  out.sample("vllm:request_success_total", stats.requests_cancelled, "finished_reason=\"abort\"");
  out.sample("vllm:request_success_total", stats.requests_failed, "finished_reason=\"error\"");
}

void write_times(Exposition& out, const engine::EngineStats& stats) {
  out.histogram("vllm:time_to_first_token_seconds", "From arrival to the first token.", stats.time_to_first_token);
  out.histogram("vllm:inter_token_latency_seconds", "Between two tokens of a sequence.", stats.inter_token_latency);
  out.histogram("vllm:e2e_request_latency_seconds", "From arrival to the end.", stats.e2e_latency);
  out.histogram("vllm:request_queue_time_seconds", "From arrival to admission.", stats.queue_time);
  out.histogram("vllm:request_prefill_time_seconds", "From admission to the first token.", stats.prefill_time);
  out.histogram("vllm:request_decode_time_seconds", "From the first token to the end.", stats.decode_time);
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * uint64_t(::sysconf(_SC_PAGESIZE));
}

void write_http(Exposition& out, const net::HttpServerStats& http) {
  out.plain("headrace_http_connections", "gauge", "Connections open.", http.connections);
  out.plain("headrace_http_requests_total", "counter", "Requests received whole.", http.requests);
  out.plain("headrace_http_sent_bytes_total", "counter", "Bytes sent.", http.bytes_sent);
  out.plain("headrace_http_connections_refused_total", "counter", "Connections turned away, there being too many.", http.connections_refused);
  out.plain("headrace_http_slow_clients_dropped_total", "counter", "Connections cut because the client did not read.", http.slow_clients_dropped);
  out.plain("headrace_http_clients_gone_total", "counter", "Clients that left before their answer was complete.", http.clients_gone);
  out.plain("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
}

}  // namespace

std::string prometheus_text(const Service& service, const net::HttpServerStats& http) {
  const engine::EngineStats stats = service.engine->stats();
  Exposition out(service.model_id);
  write_state(out, stats);
  write_counters(out, stats);
  write_times(out, stats);
  write_http(out, http);
  return out.take();
}

}  // namespace headrace::server

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/http_server.h"

namespace headrace::server {

/// Finds the handler of a method and a path. Unknown paths are 404, known ones with
/// another method 405 with Allow; HEAD is served as GET.
class Router {
 public:
  using Handler = std::function<void(net::HttpRequest&&, net::Responder)>;

  /// A path that ends in '*' stands for everything that begins like it and goes on.
  void add(std::string method, std::string path, Handler handler);
  void handle(net::HttpRequest&& request, net::Responder responder) const;

  /// The methods that a path has, "GET, HEAD"; empty: no such path.
  std::string allowed_methods(std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    Handler handler;
    bool matches(std::string_view path) const;
  };
  std::vector<Route> routes_;
};

}  // namespace headrace::server

#include "text/jinja/json_value.h"

#include "text/jinja/failure.h"

namespace headrace::text::jinja {

using Json = nlohmann::ordered_json;

Value value_of_json(Heap& heap, const Json& json, int depth) {
  if (depth >= kDeepestNesting) stop_at_limit("the variables nest more than {} levels deep", kDeepestNesting);
  heap.step();
  switch (json.type()) {
    case Json::value_t::null: return Value::none();
    case Json::value_t::boolean: return Value(json.get<bool>());
    case Json::value_t::number_integer: return Value(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
        stop("the variables hold the integer {}, which does not fit 64 bits with a sign", json.get<uint64_t>());
      return Value(json.get<int64_t>());
    case Json::value_t::number_float: return Value(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      return Value(Kind::String, heap.make<StringObject>(std::string_view(text)));
    }
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(value_of_json(heap, item, depth + 1));
      return make_list(heap, std::move(items));
    }
    case Json::value_t::object: {
      const auto dictionary = heap.make<DictionaryObject>();
      for (const auto& [key, item] : json.get_ref<const Json::object_t&>())
        dictionary->append(Value(Kind::String, heap.make<StringObject>(std::string_view(key))),
                           value_of_json(heap, item, depth + 1));
      return Value(Kind::Dictionary, dictionary);
    }
    default: stop("the variables hold binary data, which JSON lacks");
  }
}

}  // namespace headrace::text::jinja

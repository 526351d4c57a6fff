#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frame/data_type.h"
#include "frame/expression.h"
#include "frame/join.h"

namespace headrace::frame::sql {

struct Query;
struct Node;
struct Window;
using NodePointer = std::shared_ptr<const Node>;
using QueryPointer = std::shared_ptr<const Query>;

/// A part of an expression as it is written.
struct Node {
  enum class Kind {
    Name,      ///< names: one, or a table's and a column's
    Star,      ///< * or table.*
    Number,    ///< text
    String,    ///< text
    Bool,      ///< text: "true" or "false"
    Null,
    Interval,  ///< text: the unit, "month"; inputs[0]: how many
    Unary,     ///< text: "-", "+", "not"
    Binary,    ///< text: the operator
    And, Or,   ///< two inputs or more
    Case,      ///< conditions and values by turns, then otherwise's value if `flag`
    Cast,      ///< type; `flag`: null where it fails
    Call,      ///< text: the function; `flag`: distinct; filter
    Between,   ///< three inputs
    In,        ///< the first input among the others
    InQuery,   ///< inputs[0] in query
    Exists,    ///< query
    Scalar,    ///< query
    Like,      ///< text: "like" or "ilike"; two inputs, and what escapes
    IsNull,
    Distinct,  ///< is distinct from
  };
  Kind kind = Kind::Null;
  size_t at = 0;
  std::string text{};
  std::vector<std::string> names{};
  std::vector<NodePointer> inputs{};
  QueryPointer query{};
  NodePointer filter{};
  std::shared_ptr<const Window> over{};  ///< of Call
  DataType type{};
  bool flag = false;
  bool negated = false;  ///< of Between, In, InQuery, Exists, Like, IsNull, Distinct
  size_t depth = 1;
};

struct OrderItem {
  NodePointer key;
  bool descending = false;
  bool nulls_first = false;
};

/// What stands behind OVER.
struct Window {
  size_t at = 0;
  std::string name{};  ///< of one in the clause WINDOW that this one begins with, or is
  std::vector<NodePointer> partition_by{};
  std::vector<OrderItem> order_by{};
  std::optional<WindowFrame> frame{};
};

/// What stands behind FROM.
struct TableNode {
  enum class Kind { Name, Query, Join };
  Kind kind = Kind::Name;
  size_t at = 0;
  std::string name{};                   ///< of a table or a file
  bool is_file = false;                 ///< if it can only be one
  QueryPointer query{};
  std::string alias{};
  std::vector<std::string> columns{};   ///< names given to the columns
  // Of Join:
  std::shared_ptr<const TableNode> left{}, right{};
  JoinKind join = JoinKind::Inner;
  bool natural = false;
  NodePointer on{};
  std::vector<std::string> using_names{};
};
using TablePointer = std::shared_ptr<const TableNode>;

struct SelectItem {
  NodePointer value;
  std::string alias{};
  std::vector<std::string> excluded{};  ///< of a star
};

/// select … from … where … group by … having …
struct Select {
  size_t at = 0;
  bool distinct = false;
  std::vector<SelectItem> items{};
  TablePointer from{};
  NodePointer where{};
  bool group_by_all = false;
  std::vector<NodePointer> group_by{};
  NodePointer having{};
  std::vector<std::pair<std::string, Window>> windows{};
  NodePointer qualify{};
};

/// What a query's rows come from, before they are put in order.
struct Body {
  enum class Kind { Select, Values, Query, Union, Intersect, Except };
  Kind kind = Kind::Select;
  size_t at = 0;
  Select select{};
  std::vector<std::vector<NodePointer>> rows{};        ///< of Values
  QueryPointer query{};
  std::shared_ptr<const Body> left{}, right{};         ///< of set operations
  bool all = false;
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns{};
  QueryPointer query;
};

struct Query {
  size_t at = 0;
  std::vector<CommonTable> with{};
  std::shared_ptr<const Body> body{};
  std::vector<OrderItem> order_by{};
  NodePointer limit{}, offset{};
};

/// Views, and the query that may read them.
struct Script {
  std::vector<CommonTable> views;
  QueryPointer query;
};

}  // namespace headrace::frame::sql

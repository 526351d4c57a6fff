#pragma once

#include "server/api/json_body.h"

namespace headrace::server {

/// Checks a request's "messages" and brings them into the form that chat templates
/// expect: content as one text (parts are joined by line breaks), arguments of tool
/// calls as objects. `developer_role` is what a template calls the developer: "developer"
/// or, where it does not know that role, "system".
Api<Json> normalize_messages(const Json& messages, std::string_view developer_role);

}  // namespace headrace::server

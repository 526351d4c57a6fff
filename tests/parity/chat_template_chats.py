"""Chats to render with templates like the published ones."""

import itertools

TOOL = {"type": "function", "function": {
    "name": "forecast", "description": "weather of the coming days, for a place that is named",
    "parameters": {"type": "object", "required": ["place"], "properties": {
        "place": {"type": "string", "description": "Town & country"},
        "days": {"type": "integer", "enum": [1, 3, 7]},
        "where": {"type": "object", "properties": {"lat": {"type": "number"}, "tags": {
            "type": "array", "items": {"type": ["string", "null"]}}}, "required": ["lat"]}}}}}
CALL = {"id": "a1b2c3d4e", "type": "function",
        "function": {"name": "forecast", "arguments": {"place": "Zürich \"HB\"", "days": 3, "exact": 2.50, "x": None}}}
SECOND = {"id": "f6g7h8i9j", "type": "function", "function": {"name": "forecast", "arguments": {"place": "<Bern>"}}}


def says(role, content, **more):
    return {"role": role, "content": content, **more}


CHATS = {
    "one question": [says("user", "Hi!")],
    "system": [says("system", " Be brief. "), says("user", "Why is the sky blue?\n")],
    "three turns": [says("system", "S"), says("user", "a"), says("assistant", " b "), says("user", "c")],
    "unicode": [says("user", "Grüße 世界 😀\u00a0"), says("assistant", "ﬁ ẞ"), says("user", "{{ not a template }} {% %}")],
    "thoughts": [says("user", "q"), says("assistant", "<thought>\nhm\n</thought>\n\nA</think>B"), says("user", "again"),
                 says("assistant", "x", reasoning_content="because")],
    "modes": [says("system", "/no_think Obey. "), says("user", "x")],
    "override": [says("system", "Only this /override"), says("user", "x"), says("assistant", "\ny")],
    "tool call": [says("user", "weather?"), says("assistant", "", tool_calls=[CALL]),
                  says("tool", "{\"t\": 21}", tool_call_id="a1b2c3d4e"), says("assistant", "21 degrees")],
    "two calls": [says("system", "S"), says("user", "weather?"), says("assistant", None, tool_calls=[CALL, SECOND]),
                  says("tool", "one", tool_call_id="a1b2c3d4e"), says("tool", "two", tool_call_id="short")],
    "parts": [says("user", [{"type": "text", "text": " What is this? "}, {"type": "image"}]),
              says("assistant", [{"type": "text", "text": "a cat"}])],
    "bad order": [says("user", "a"), says("user", "b")],
    "bad part": [says("user", [{"type": "sound"}])],
    "strange role": [says("narrator", "Once"), says("user", "go on")],
    "empty content": [says("user", ""), says("assistant", "   "), says("user", "\n\n")],
    "nothing": [],
}

OPTIONS = [
    {},
    {"add_generation_prompt": False},
    {"tools": [TOOL]},
    {"tools": [TOOL, TOOL], "tools_in_user_message": False, "date_string": "1 Jan 2020"},
    {"enable_thinking": False, "builtin_tools": ["forecast", "interpreter"]},
    {"tools": None, "custom_tools": [TOOL], "enable_thinking": True},
]


def chats():
    """Every chat with every set of options."""
    for (name, messages), (index, options) in itertools.product(CHATS.items(), enumerate(OPTIONS)):
        yield f"{name}, options {index}", {
            "messages": messages, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True, **options}

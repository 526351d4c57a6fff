"""Random Jinja programs for comparing two engines: a grammar of statements and typed
expressions that mostly succeed, with a share of nonsense that mostly fails."""

import random

VARIABLES = {
    "messages": [
        {"role": "system", "content": "Be brief & kind."},
        {"role": "user", "content": "  Grüße, 世界! 'q' \"d\"\n\tnext <b>\n"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "abc123def", "type": "function",
             "function": {"name": "look_up", "arguments": {"city": "Zürich", "days": 3, "units": ["C", None, True]}}}]},
        {"role": "tool", "content": "{\"t\": 21.5}", "name": "look_up"},
        {"role": "assistant", "content": "<think>hm</think>21.5 °C"},
    ],
    "text": "Hello World, foo-bar baz",
    "unicode": "straße ΑΣ İ ǆ ﬁ é 😀 \u00a0x",
    "empty": "",
    "n": 42, "negative": -7, "zero": 0, "half": 2.5, "huge": 1e22, "tiny": 1.5e-7,
    "yes": True, "no": False, "nothing": None,
    "numbers": [3, 1, 2, 3], "words": ["b", "A", "c", "a"], "mixed": [1, "x", None, 2.5, [1]], "none_left": [],
    "table": {"b": 1, "a": [1, 2], "C": "x", "items": "shadow"},
    "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3, "w": {"z": [7, 8]}}],
}

TEXTS = ["text", "unicode", "empty", "messages[1].content", "messages[0]['role']", "words[0]"]
NUMBERS = ["n", "negative", "zero", "half", "tiny", "numbers[1]", "rows[0].v", "huge"]
LISTS = ["numbers", "words", "mixed", "none_left", "rows", "messages"]
DICTS = ["table", "rows[2]", "messages[0]", "messages[2].tool_calls[0].function"]
OTHERS = ["yes", "no", "nothing", "missing", "missing_too", "table.nope", "rows[9]"]
LITERALS = ["''", "'a'", "'x\\ny'", "\"it's\"", "' , '", "'é😀'", "'%s'", "'b'", "'k'", "'</think>'"]

TEXT_FILTERS = ["upper", "lower", "trim", "title", "capitalize", "string", "e", "length", "wordcount", "reverse",
                "urlencode", "list", "first", "last", "indent", "indent(2, true)", "center(12)", "truncate(9)",
                "truncate(7, true, '..', 0)", "replace('o', '0')", "replace('', '-', 2)", "default('d')", "trim('Hd')",
                "tojson", "int", "float", "safe", "forceescape", "format", "batch(3)|list", "join('-')", "unique|list"]
TEXT_METHODS = ["strip()", "lstrip()", "rstrip('z!')", "upper()", "lower()", "title()", "capitalize()", "swapcase()",
                "split()", "split(' ')", "split('o', 1)", "rsplit(none, 1)", "rsplit('o', 1)", "splitlines()",
                "splitlines(true)", "startswith('H')", "endswith(('z', 'd'))", "find('o')", "rfind('o')",
                "count('o')", "count('')", "replace('o', 'OO', 1)", "partition(' ')", "rpartition('o')", "zfill(8)",
                "ljust(30, '.')", "rjust(30)", "center(31, '*')", "isdigit()", "isalpha()", "isspace()", "istitle()",
                "isupper()", "islower()", "isalnum()", "removeprefix('He')", "removesuffix('baz')",
                "find('o', 5)", "find('o', -3, -1)", "startswith('W', 6)", "join(words)", "format(1)", "index('l')"]
NUMBER_FILTERS = ["abs", "round", "round(1)", "round(2, 'floor')", "round(-1)", "int", "float", "string", "tojson",
                  "round(0, 'ceil')", "default(3)", "length"]
LIST_FILTERS = ["length", "first", "last", "list", "sort", "sort(reverse=true)", "sort(case_sensitive=true)", "reverse",
                "reverse|list", "join", "join(', ')", "unique|list", "sum", "min", "max", "tojson", "tojson(indent=2)",
                "string", "map('string')|list", "map('upper')|join('|')", "select|list", "reject('none')|list",
                "select('string')|list", "select('number')|sum", "batch(2)|list", "batch(2, 'f')|list",
                "slice(2)|list", "slice(3, 0)|list", "map(attribute='k')|list", "map(attribute='v', default=0)|sum",
                "selectattr('k', 'equalto', 'x')|list", "selectattr('v', 'gt', 1)|map(attribute='v')|list",
                "rejectattr('content')|list", "groupby('k')", "sort(attribute='v')", "map('length')|list", "items",
                "map(attribute='role')|unique|list", "selectattr('tool_calls', 'defined')|list|length", "random_thing",
                "sum(attribute='v')", "join(';', attribute='k')", "map(attribute='w.z.0')|list", "tojson|length",
                "map('tojson')|list", "last|tojson", "select('in', [1, 'x'])|list", "map('int')|list", "count"]
DICT_FILTERS = ["items|list", "dictsort", "dictsort(by='value')", "dictsort(reverse=true)", "tojson",
                "tojson(indent=4)", "tojson(sort_keys=true)", "tojson(separators=(',', ':'))", "length", "list", "first",
                "string", "urlencode", "xmlattr", "last", "sort", "join", "items", "map('upper')|list", "default(1)"]
DICT_METHODS = ["items()|list", "keys()|list", "values()|list", "get('a')", "get('zz')", "get('zz', 1)", "items()",
                "keys()", "copy()", "update({})", "pop('a')", "values()|length", "nope", "nope()", "role", "items"]
LIST_METHODS = ["index(1)", "count(3)", "append(1)", "copy()", "nope", "sort()", "count('b')", "0", "1", "9"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence",
         "iterable", "callable", "true", "false", "odd", "even", "divisibleby 3", "divisibleby(2)", "eq 42", "ne 1",
         "lt 10", "ge(3)", "in [1, 42, 'a']", "in words", "lower", "upper", "sameas none", "sameas(true)", "equalto 'a'",
         "escaped", "gt 'a'", "filter", "test", "unheard_of"]
SLICES = ["[0]", "[-1]", "[1:]", "[:-1]", "[::-1]", "[1:3]", "[::2]", "[-3:]", "[5:1:-2]", "[10:]", "[:0]", "[7]",
          "['k']", "[none]", "[:2]", "[-2::-1]", "[1.5]", "['x':]", "[::0]", "[true]", "[n:]"]


class Generator:
    """One random program after the other; the same seed gives the same programs."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.depth = 0

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, probability):
        return self.random.random() < probability

    # Expressions

    def text(self):
        if self.chance(0.3):
            return self.pick(LITERALS)
        value = self.pick(TEXTS)
        if self.chance(0.3):
            value += "." + self.pick(TEXT_METHODS)
        elif self.chance(0.2):
            value += self.pick(SLICES)
        return value

    def number(self):
        roll = self.random.random()
        if roll < 0.3:
            return str(self.random.randint(-20, 200))
        if roll < 0.4:
            return self.pick(["0.5", "1e3", "2.0", "1_000", "0x1f", "3.14159", "1e16", "0.1"])
        if roll < 0.7:
            return self.pick(NUMBERS)
        operator = self.pick(["+", "-", "*", "/", "//", "%", "+", "-", "*"] + (["**"] if self.chance(0.2) else []))
        return f"({self.number()} {operator} {self.number()})" if self.nest() else self.pick(NUMBERS)

    def list(self):
        roll = self.random.random()
        if roll < 0.5:
            return self.pick(LISTS)
        if roll < 0.6:
            return f"range({self.random.randint(-2, 9)}{self.pick(['', ', 12', ', 20, 3', ', -5, -2', ', 1, 0'])})"
        if roll < 0.8 and self.nest():
            return "[" + ", ".join(self.expression() for _ in range(self.random.randint(0, 4))) + "]"
        if roll < 0.9:
            return self.pick(LISTS) + self.pick(SLICES)
        return f"({self.pick(LISTS)} + {self.pick(['[1]', 'words', '[[]]', '(1,)'])})"

    def dict(self):
        if self.chance(0.3) and self.nest():
            keys = self.random.sample(["'a'", "'b'", "1", "true", "none", "2.5", "'k'", "(1, 2)"], 3)
            return "{" + ", ".join(f"{key}: {self.expression()}" for key in keys) + "}"
        if self.chance(0.1):
            return "dict(a=1, b='x')"
        return self.pick(DICTS)

    def nest(self):
        return self.depth < 4

    def value(self):
        """An expression of one type, with filters and methods that suit it (mostly)."""
        kind = self.pick(["text", "text", "number", "list", "list", "dict", "other"])
        filters = {"text": TEXT_FILTERS, "number": NUMBER_FILTERS, "list": LIST_FILTERS, "dict": DICT_FILTERS}
        methods = {"text": TEXT_METHODS, "list": LIST_METHODS, "dict": DICT_METHODS}
        if kind == "other":
            value = self.pick(OTHERS)
            if self.chance(0.3):
                value += " | " + self.pick(self.pick(list(filters.values())))
            return value
        value = getattr(self, kind)()
        if self.chance(0.04):
            kind = self.pick(list(filters))
        if kind in methods and self.chance(0.25) and not value[0].isdigit():
            value += "." + self.pick(methods[kind])
        elif self.chance(0.6):
            value = f"{value} | {self.pick(filters[kind])}"
        return value

    def expression(self):
        if not self.nest():
            return self.value()
        self.depth += 1
        try:
            roll = self.random.random()
            if roll < 0.5:
                return self.value()
            if roll < 0.58:
                return f"({self.value()}) ~ {self.value()}"
            if roll < 0.66:
                operator = self.pick(["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
                left, right = self.comparable()
                chained = f" {self.pick(['<', '==', '!='])} {self.number()}" if self.chance(0.1) else ""
                return f"{left} {operator} {right}{chained}"
            if roll < 0.74:
                return f"({self.value()}) is {self.pick(['', '', 'not '])}{self.pick(TESTS)}"
            if roll < 0.8:
                return f"({self.expression()} {self.pick(['and', 'or'])} {self.expression()})"
            if roll < 0.84:
                return f"(not {self.expression()})"
            if roll < 0.9:
                otherwise = f" else {self.expression()}" if self.chance(0.8) else ""
                return f"({self.expression()} if {self.expression()}{otherwise})"
            if roll < 0.94:
                return f"({self.pick([self.text, self.list, self.dict])()}){self.pick(SLICES)}"
            if roll < 0.97:
                return f"({self.expression()}, {self.expression()})"
            return f"{self.text()} + {self.text()}"
        finally:
            self.depth -= 1

    def comparable(self):
        kind = self.pick(["number", "number", "text", "list", "any"])
        if kind == "any":
            return f"({self.value()})", f"({self.value()})"
        make = getattr(self, kind)
        right = self.pick([make, make, self.list])
        return f"({make()})", f"({right()})"

    # Statements

    def block_open(self):
        return self.pick(["{% ", "{% ", "{%- ", "{%- ", "{%+ "])

    def block_close(self):
        return self.pick([" %}", " %}", " -%}", " +%}", "%}"])

    def tag(self, content):
        return self.block_open() + content + self.block_close()

    def data(self):
        return self.pick(["", " ", "\n", "\n  ", "  ", " x ", "text\n", "a\n\n", "}} ", "% ", "{ ", "é", "\t\n", "\r\n",
                          "<|im_start|>", " # ", "{# note #}", "{#- note -#}\n", "\n{# a\n b #}\n"])

    def output(self):
        return self.pick(["{{ ", "{{ ", "{{- "]) + self.expression() + self.pick([" }}", " }}", " -}}"])

    def body(self, statements=2):
        self.depth += 1
        text = "".join(self.data() + self.statement() for _ in range(self.random.randint(1, statements))) + self.data()
        self.depth -= 1
        return text

    def statement(self):
        roll = self.random.random()
        if roll < 0.45 or self.depth > 3:
            return self.output()
        if roll < 0.58:
            return self.if_statement()
        if roll < 0.75:
            return self.for_statement()
        if roll < 0.84:
            return self.set_statement()
        if roll < 0.9:
            return self.macro_statement()
        if roll < 0.93:
            return self.tag("filter " + self.pick(["upper", "trim", "indent(2)", "replace('a', 'b')|title", "length"])) \
                + self.body() + self.tag("endfilter")
        if roll < 0.96:
            return self.tag(f"with a = {self.expression()}, b = a") + self.body() + "{{ a }}|{{ b }}" + \
                self.tag("endwith")
        if roll < 0.98:
            return self.tag("generation") + self.body() + self.tag("endgeneration")
        return self.tag("raw") + "{{ x }} {% if %}\n" + self.tag("endraw")

    def if_statement(self):
        text = self.tag(f"if {self.expression()}") + self.body()
        if self.chance(0.3):
            text += self.tag(f"elif {self.expression()}") + self.body()
        if self.chance(0.5):
            text += self.tag("else") + self.body()
        return text + self.tag("endif")

    def for_statement(self):
        target, iterable = self.pick([
            ("item", self.list()), ("item", self.list()), ("item", self.value()), ("key, val", "table.items()"),
            ("key, val", f"{self.dict()}|dictsort"), ("key, val", f"{self.dict()}|items"), ("item", "messages"),
            ("item", self.text()), ("item", self.dict()), ("item", "rows|selectattr('v', 'gt', 1)")])
        condition = self.pick(["", "", "", " if item", " if item is not none", " if loop_free", " if item != 3"])
        inner = self.pick(["{{ loop.index }}", "{{ loop.last }}{{ loop.first }}", "{{ item }}", "{{ loop.length }}",
                           "{{ loop.previtem }}<{{ loop.nextitem }}", "{{ loop.cycle('a', 'b') }}", "{{ loop.revindex }}",
                           "{{ loop.changed(item) }}", "{{ loop.depth }}{{ loop.index0 }}{{ loop.revindex0 }}",
                           "{% if loop.index > 2 %}{% break %}{% endif %}", "{% if loop.first %}{% continue %}{% endif %}",
                           "{% set seen = item %}{{ seen }}", "{% set ns.total = ns.total + 1 %}", "{{ item.role }}"])
        text = self.tag(f"for {target} in {iterable}{condition}") + inner + self.body()
        if self.chance(0.3):
            text += self.tag("else") + self.body()
        return text + self.tag("endfor")

    def set_statement(self):
        name = self.pick(["a", "b", "n", "text", "words"])
        roll = self.random.random()
        if roll < 0.5:
            return self.tag(f"set {name} = {self.expression()}") + "{{ " + name + " }}"
        if roll < 0.65:
            return self.tag(f"set a, b = {self.expression()}, {self.expression()}") + "{{ a }}{{ b }}"
        if roll < 0.8:
            return self.tag(f"set ns.{name} = {self.expression()}") + "{{ ns." + name + " }}"
        filters = self.pick(["", " | upper", " | trim | length"])
        return self.tag(f"set {name}{filters}") + self.body() + self.tag("endset") + "[{{ " + name + " }}]"

    def macro_statement(self):
        signature = self.pick(["m()", "m(a)", "m(a, b=2)", "m(a='x', b=a)", "m(a, b, c=none)"])
        call = self.pick(["m()", "m(1)", "m(n, b=text)", "m(*[1, 2])", "m(**{'a': 1})", "m(1, 2, 3, 4)", "m(b=3)",
                          "m(c=1)"])
        text = self.tag(f"macro {signature}") + self.pick(["", "{{ a }}|{{ b }}", "{{ varargs }}", "{{ kwargs }}",
                                                           "{{ caller() }}", "{{ caller(a) }}", "{% set n = 0 %}{{ n }}"])
        text += self.body() + self.tag("endmacro")
        if self.chance(0.3):
            return text + self.tag(f"call{self.pick(['', '(q)'])} {call}") + self.body() + self.tag("endcall")
        return text + "{{ " + call + " }}"

    def program(self):
        self.depth = 0
        if self.chance(0.45):
            return self.output()
        return "{% set ns = namespace(total=0) %}" + self.body(4)

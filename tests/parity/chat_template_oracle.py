"""The jinja2 package, set up as Hugging Face's tokenizers set it up for chat templates."""

import datetime
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = 1_700_000_000


class GenerationTag(jinja2.ext.Extension):
    """`{% generation %}`: a call block that gives back its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _render(self, context, caller):
        return caller()


class TemplateRaised(Exception):
    """What raise_exception() raises."""


def _raise_exception(message):
    raise TemplateRaised(message)


def _tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _strftime_now(format):
    return datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).strftime(format)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = _tojson
    env.globals["raise_exception"] = _raise_exception
    env.globals["strftime_now"] = _strftime_now
    return env


ENVIRONMENT = environment()


def render(template, variables):
    """{"text": …} or {"error": …}: whatever goes wrong is an error."""
    given = {"add_generation_prompt": True, "bos_token": "", "eos_token": "", **variables}
    try:
        return {"text": ENVIRONMENT.from_string(template).render(**given)}
    except Exception as error:  # noqa: BLE001 - any failure of the reference is an answer
        return {"error": f"{type(error).__name__}: {error}"}

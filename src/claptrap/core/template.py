"""The body that a person writes for a receiver: a small, bounded part of the Jinja2 language.

Whoever may change settings may write a template, so it gets no more than it needs: the values of the body, output, ``if``,
one ``for`` at a time, arithmetic, and the filters of ``FILTERS``. There are no calls, macros, imports or assignments, and at
most ``MOST_FILTERS`` filters in one expression, so that what a template costs grows with its size and the event's and no
faster; what it gives is bounded by ``MOST_BYTES``. Jinja2's sandbox stands behind that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from claptrap.core.weburl import MASK

MOST_CHARACTERS = 8_000
MOST_BYTES = 65_536
MOST_FILTERS = 4
FILTERS = (
    "abs",
    "capitalize",
    "default",
    "first",
    "float",
    "int",
    "last",
    "length",
    "lower",
    "round",
    "trim",
    "upper",
    "urlencode",
)
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter,
    nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add,
    nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat, nodes.List, nodes.Tuple,
    nodes.Dict, nodes.Pair, nodes.Keyword,
)  # fmt: skip
_CLAP = {
    "source": "microphone",
    "timestamp": 1_767_225_600.123,
    "score": 0.93,
    "event": "clap",
    "event_id": "salon:19b0:7",
    "source_id": "salon",
    "source_name": 'Salon "été"',  # quotation marks find a template that forgets them
    "claps": 2,
    "labels": [["Clapping", 0.81], ["Hands", 0.66]],
}
SAMPLES: tuple[Mapping[str, Any], ...] = (
    MappingProxyType(_CLAP),
    MappingProxyType({**_CLAP, "event": "applause", "labels": []}),
    MappingProxyType({**_CLAP, "event": "test", "event_id": "test:0123456789ab", "labels": [], "claps": 1, "test": True}),
)
"""A body of each kind, for trying a template on."""


_NAME = r"[\w-]*(?:pass|pwd|secret|token|auth|key)[\w-]*"
_SECRET = re.compile(rf"""(?ix)
    (["']{_NAME}["']\s*:\s*["'])[^"'{{}}]+ | ((?<![\w-]){_NAME}=)[^&\s"'{{}}]+
""")  # fmt: skip


class BadTemplateError(ValueError):
    """A template that cannot be used; its text says why, in English, after Jinja2."""


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, in which only numbers are multiplied and divided: a text times a thousand million is no text."""

    intercepted_binops = frozenset({"*", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
        self.globals.clear()
        known = self.filters
        self.filters = {name: known[name] for name in FILTERS} | {"tojson": _to_json, "iso": _iso}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) and abs(side) < 1e300 for side in (left, right)):
            raise BadTemplateError(f"{operator} is for numbers")
        return super().call_binop(context, operator, left, right)


def _to_json(value: Any) -> str:
    return json.dumps(str(value) if isinstance(value, Undefined) else value, ensure_ascii=False)


def _iso(timestamp: float) -> str:
    """UTC Unix seconds as ISO 8601."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ENVIRONMENT = _Environment()  # holds nothing that changes


def render(template: str, body: Mapping[str, Any]) -> str:
    """Return what ``template`` makes of ``body``, whose keys are its names; ``body`` is the whole of it.

    Raises:
        BadTemplateError: it is none, says something that it must not, or gives more than ``MOST_BYTES``.
    """
    if len(template) > MOST_CHARACTERS:
        raise BadTemplateError(f"more than {MOST_CHARACTERS} characters")
    try:
        _check(_ENVIRONMENT.parse(template))
        made, size = [], 0
        for piece in _ENVIRONMENT.from_string(template).generate({**body, "body": dict(body)}):
            made.append(piece)
            size += len(piece.encode())
            if size > MOST_BYTES:
                raise BadTemplateError(f"it gives more than {MOST_BYTES} bytes")
    except TemplateSyntaxError as error:
        raise BadTemplateError(f"line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise BadTemplateError(error.message or type(error).__name__) from error
    except RecursionError as error:
        raise BadTemplateError("too deeply nested") from error
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError) as error:
        # what its own values give (1 / 0, "a" + 1), and what Python finds too deep in the code that is made of it
        raise BadTemplateError(str(error)) from error
    return "".join(made)


def _check(template: nodes.Template) -> None:
    """Refuse what is not of the small language."""
    for node in template.find_all(nodes.Node):
        is_known = isinstance(node, _ALLOWED) or type(node) is nodes.Filter
        if not is_known:
            raise BadTemplateError(f"line {node.lineno}: “{type(node).__name__}” is not allowed")
        if isinstance(node, nodes.For) and (node.recursive or any(node.find_all(nodes.For))):
            raise BadTemplateError(f"line {node.lineno}: a “for” inside another is not allowed")
        if isinstance(node, nodes.Filter) and sum(1 for _ in node.find_all(nodes.Filter)) >= MOST_FILTERS:
            raise BadTemplateError(f"line {node.lineno}: more than {MOST_FILTERS} filters in one expression")


def masked(template: str) -> str:
    """Return a template with what looks like a secret in it, behind names like ``token``, replaced by ``MASK``.

    Some receivers want theirs in the body. What a template puts in is none.
    """
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}{MASK}", template)


def is_json(text: str) -> bool:
    """Return whether ``text`` is a JSON document."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return not (isinstance(value, float) and not math.isfinite(value))


def _refuse(constant: str) -> None:
    raise ValueError(constant)

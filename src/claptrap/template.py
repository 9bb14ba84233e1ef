"""Templates for the bodies of webhooks: a small, bounded part of the Jinja2 language.

A template has the values of the body, output, ``if``, one ``for`` at a time over a list, arithmetic, and the filters of
``FILTERS``; no calls, macros, imports or assignments. Its length, its output, every text on the way there and the number of
values that it evaluates are bounded, so that none holds the interpreter for longer than a tenth of a second. Jinja2's
sandbox stands behind that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes, pass_context
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from claptrap.core.weburl import MASK

MAX_CHARACTERS = 8_000
MOST_BYTES = 65_536
MOST_FILTERS = 4
MAX_TEXT = 16_384  # characters of any text on the way
MAX_EVALUATED = 20_000  # values of one rendering; each 64 characters of a text, and each item of a list, count as one more
MAX_DIGITS = 15  # of ``round``
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
        super().__init__(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, optimized=False)
        self.globals.clear()
        known = self.filters
        ours = {"round": _round, "tojson": _to_json, "iso": _iso, _COUNTED: _counted, _LISTED: _listed}
        self.filters = {name: known[name] for name in FILTERS} | ours

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) and abs(side) < 1e300 for side in (left, right)):
            raise BadTemplateError(f"{operator} is for numbers")
        return super().call_binop(context, operator, left, right)


def _to_json(value: Any) -> str:
    return json.dumps(str(value) if isinstance(value, Undefined) else value, ensure_ascii=False)


def _iso(timestamp: float) -> str:
    """UTC Unix seconds as ISO 8601."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _round(value: float, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Jinja2's filter, which would compute any power of ten."""
    if not (isinstance(precision, int) and abs(precision) <= MAX_DIGITS and abs(value) < 1e300):
        raise BadTemplateError(f"round is for numbers, to {MAX_DIGITS} digits at most")
    if method == "common":
        return round(value, precision)
    if method not in ("ceil", "floor"):
        raise BadTemplateError("round knows common, ceil and floor")
    scale = 10.0**precision
    return float((math.ceil if method == "ceil" else math.floor)(value * scale)) / scale


# -- what a rendering costs: each value is counted when it is evaluated, by filters that are put around every expression

_BUDGET, _COUNTED, _LISTED = "_budget", "_counted", "_listed"  # names that no template can say


class _Budget:
    """How much one rendering may still evaluate.

    Args:
        whole: characters of the whole body: what an object or a list costs, for it may be written out.
    """

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._left = MAX_EVALUATED

    def spend(self, value: Any) -> None:
        """Count ``value``. Raises BadTemplateError: it is too long, or was one too many."""
        size = 0
        if isinstance(value, str):
            size = len(value)
        elif isinstance(value, dict | list | tuple):
            size = self._whole + 64 * len(value)
        if size > MAX_TEXT and isinstance(value, str):
            raise BadTemplateError(f"a text of more than {MAX_TEXT} characters")
        self._left -= 1 + size // 64
        if self._left < 0:
            raise BadTemplateError("too much to evaluate")


@pass_context
def _counted(context: Context, value: Any) -> Any:
    context[_BUDGET].spend(value)
    return value


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple | Undefined):
        raise BadTemplateError("“for” goes over lists only")
    return value


class _Counting(NodeTransformer):
    """Puts the counting filter around every expression whose value a template can make."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        node = super().generic_visit(node, *args, **kwargs)
        if isinstance(node, nodes.For):
            node.iter = _filtered(node.iter, _LISTED)
        is_value = isinstance(node, nodes.Expr) and not isinstance(node, nodes.Const)
        return _filtered(node, _COUNTED) if is_value and getattr(node, "ctx", "load") == "load" else node


def _filtered(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


_ENVIRONMENT = _Environment()  # holds nothing that changes


def render(template: str, body: Mapping[str, Any]) -> str:
    """Return what ``template`` makes of ``body``, whose keys are its names; ``body`` is the whole of it.

    Raises:
        BadTemplateError: it is not valid, uses something that is not allowed, gives more than ``MOST_BYTES``, or evaluates
            too much on the way.
    """
    if len(template) > MAX_CHARACTERS:
        raise BadTemplateError(f"more than {MAX_CHARACTERS} characters")
    try:
        return _joined(_compiled(template).generate({**body, "body": dict(body), _BUDGET: _Budget(len(str(body)))}))
    except TemplateSyntaxError as error:
        raise BadTemplateError(f"line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise BadTemplateError(error.message or type(error).__name__) from error
    except RecursionError as error:
        raise BadTemplateError("too deeply nested") from error
    except BadTemplateError:
        raise
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError) as error:
        # what its own values give (1 / 0, "a" + 1), and what Python finds too deep in the code that is made of it
        raise BadTemplateError(str(error)) from error


def _joined(pieces: Iterable[str]) -> str:
    made, size = [], 0
    for piece in pieces:
        made.append(piece)
        size += len(piece.encode())
        if size > MOST_BYTES:
            raise BadTemplateError(f"it gives more than {MOST_BYTES} bytes")
    return "".join(made)


@lru_cache(maxsize=32)
def _compiled(template: str) -> Template:
    parsed = _ENVIRONMENT.parse(template)
    _check(parsed)
    code = _ENVIRONMENT.compile(_Counting().visit(parsed))
    return _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, code, {})


def _check(template: nodes.Template) -> None:
    """Refuse what is not of the small language."""
    for node in template.find_all(nodes.Node):
        is_known = isinstance(node, _ALLOWED) or type(node) is nodes.Filter
        if not is_known:
            raise BadTemplateError(f"line {node.lineno}: “{type(node).__name__}” is not allowed")
        if isinstance(node, nodes.Name | nodes.Filter) and node.name.startswith("_"):
            raise BadTemplateError(f"line {node.lineno}: '{node.name}' is undefined")
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

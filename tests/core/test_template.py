"""Bodies that people write: what they can say, what they cannot, and that neither costs much."""

from __future__ import annotations

import json
import time

import pytest

from claptrap.core.template import MOST_BYTES, MOST_CHARACTERS, SAMPLES, BadTemplateError, is_json, render

CLAP = SAMPLES[0]
DISCORD = '{"content": {{ ("👏 " ~ source_name ~ ", score " ~ (score * 100)|round|int ~ " %") | tojson }}}'


def test_a_template_has_the_names_of_the_documented_body() -> None:
    """Values, arithmetic, conditions, a loop, and the whole body."""
    assert json.loads(render(DISCORD, CLAP)) == {"content": '👏 Salon "été", score 93 %'}
    assert json.loads(render("{{ body | tojson }}", CLAP)) == dict(CLAP)
    assert render("{{ timestamp | iso }} {{ event_id | urlencode }}", CLAP) == "2026-01-01T00:00:00.123Z salon%3A19b0%3A7"
    loop = '{% for name, share in labels %}{{ name }}{{ ", " if not loop.last }}{% endfor %}'
    assert render(loop, CLAP) == "Clapping, Hands"
    assert render('{% if test is defined %}T{% endif %}{{ x | default("-") }}\n', CLAP) == "-\n"


def test_a_text_without_marks_is_sent_as_it_is() -> None:
    """Nothing is escaped or trimmed."""
    assert render("<b>&\n", CLAP) == "<b>&\n"


@pytest.mark.parametrize(
    "template",
    [
        "{{ scroe }}",
        "{{",
        "{% if %}",
        "{{ 1 / 0 }}",
        '{{ "a" + 1 }}',
        "{{ source_name | nosuch }}",
        "{{ source_name.__class__ }}",
        "{{ source_name.upper() }}",
        "{{ range(3) }}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        '{% include "/etc/passwd" %}',
        "{% for a in labels recursive %}{% endfor %}",
        "{% for a in labels %}{% if a %}{% for b in a %}{% endfor %}{% endif %}{% endfor %}",
        '{{ "x" * 1000000000 }}',
        '{{ "%1000000000d" % 1 }}',
        "{{ 9 ** 9 }}",
        "{{ source_name | center(1000000000) }}",
        "{{ source_name | tojson | tojson | tojson | tojson | tojson }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "(" * 250 + "1" + " + 1)" * 250 + " }}",
        "x" * (MOST_CHARACTERS + 1),
    ],
)
def test_what_a_template_may_not_say_is_refused_with_a_reason(template: str) -> None:
    """Typing errors, ways out of the sandbox, and what would cost too much: each is one kind of error, in words."""
    with pytest.raises(BadTemplateError, match=r"\w"):
        render(template, CLAP)


def test_what_a_template_gives_is_bounded() -> None:
    """One that repeats itself as often as it can is refused, and soon."""
    once = "{{ body | tojson }}" * 100
    began = time.monotonic()
    with pytest.raises(BadTemplateError, match=str(MOST_BYTES)):
        render(f'{{% for c in "{"c" * 5000}" %}}{once}{{% endfor %}}', CLAP)
    assert time.monotonic() - began < 10


def test_json_is_known_when_it_is_seen() -> None:
    """The standard's, not Python's."""
    assert is_json('{"a": [1, "é"]}')
    assert not any(map(is_json, ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000]))

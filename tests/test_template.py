"""Bodies that people write: what they can say, what they cannot, and that neither costs much."""

from __future__ import annotations

import json
import time

import pytest

from claptrap.template import MAX_CHARACTERS, MOST_BYTES, SAMPLES, BadTemplateError, is_json, render

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
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_what_a_template_may_not_say_is_refused_with_a_reason(template: str) -> None:
    """Typing errors, ways out of the sandbox, and what would cost too much: each is one kind of error, in words."""
    with pytest.raises(BadTemplateError, match=r"\w"):
        render(template, CLAP)


def test_what_a_template_gives_is_bounded() -> None:
    """One that repeats itself as often as it can is refused, and soon."""
    once = "{{ body | tojson }}" * 100
    with pytest.raises(BadTemplateError, match=str(MOST_BYTES)):
        render(f"{{% for c in [{'1,' * 500}] %}}{once}{{% endfor %}}", CLAP)


def times(count: int, expression: str) -> str:
    """Return a template that evaluates ``expression`` so many times and gives nothing."""
    return f"{{% for c in [{'1,' * count}] %}}{{% if {expression} == 1 %}}{{% endif %}}{{% endfor %}}"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ 1 | round(30000000, 'ceil') }}", "round is for numbers, to 15 digits"),
        ("{{ 1 | round(-30000000) }}", "round is for numbers, to 15 digits"),
        ("{{ source_name | round }}", "bad operand type"),
        ("{{ 1 | round(0, 'pow') }}", "round knows"),
        ("{% for c in body ~ body %}{% endfor %}", "lists only"),
        ("{% for c in source_name %}{% endfor %}", "lists only"),
        ("{% for c in body %}{% endfor %}", "lists only"),
        (times(1500, "~".join(["body"] * 900)), "characters|evaluate"),
        (times(1000, "(body~body~body)|trim(body~body)"), "evaluate"),
        (times(1000, "<".join(["[labels]"] * 150)), "evaluate"),
        ("{% if " + "~".join(["body"] * 1500) + " %}{% endif %}", "characters|evaluate"),
        (times(900, "(body ~ body)|urlencode|urlencode|urlencode|length"), "evaluate"),
        ("{{ _budget }}", "undefined"),
        ("{{ 1 | _counted }}", "undefined"),
    ],
)
def test_what_a_template_costs_is_bounded(template: str, why: str) -> None:
    """Powers of ten, loops over texts, texts that grow: they took up to 33 s under the interpreter's lock."""
    render("{{ score }}", CLAP)
    began = time.process_time()
    with pytest.raises(BadTemplateError, match=why):
        render(template, CLAP)
    assert time.process_time() - began < 1


def test_round_is_jinjas() -> None:
    """To digits before and behind the point, up and down."""
    numbers = ["2.5|round", "12.345|round(1)", "12.345|round(2, 'floor')", "12.341|round(2, 'ceil')", "1234|round(-2)"]
    found = [render(f"{{{{ {number} }}}}", CLAP) for number in numbers]
    assert found == ["2.0", "12.3", "12.34", "12.35", "1200"]


def test_json_is_known_when_it_is_seen() -> None:
    """The standard's, not Python's."""
    assert is_json('{"a": [1, "é"]}')
    assert not any(map(is_json, ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000]))

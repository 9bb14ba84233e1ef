"""Browsers: phones and laptops whose page ``/micro`` sends what their microphone hears."""

from __future__ import annotations

from claptrap.sources.browser_block import parse
from claptrap.sources.feeds import AbsenceCodes, Feed, PutResult

CODES = AbsenceCodes(waiting="browser.waiting", asleep="browser.asleep", lost="browser.lost")


def put_data(feed: Feed, data: object) -> PutResult:
    """Pass on what a page sent, whatever it is."""
    try:
        block = parse(data)
    except ValueError:
        return feed.refuse()
    return feed.put(block)

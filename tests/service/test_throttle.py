"""How fast a password may be guessed: hours in milliseconds."""

from __future__ import annotations

import pytest

from claptrap.service.throttle import ALL_EVERY_S, ALL_FREE, FORGOTTEN_AFTER_S, FREE, LONGEST_PAUSE_S, Throttle


def guess(throttle: Throttle, address: str, hours: float) -> int:
    """Return how many guesses somebody gets in who waits exactly as long as they must."""
    now, n = 1000.0, 0
    while now < 1000.0 + 3600 * hours:
        now += throttle.wait_s(address, now)
        throttle.try_once(address, now)
        n += 1
    return n


def test_what_a_person_mistypes_costs_no_time() -> None:
    throttle = Throttle()
    for i in range(FREE):
        assert throttle.wait_s("192.0.2.1", 100.0 + i) == 0
        throttle.try_once("192.0.2.1", 100.0 + i)
    assert throttle.wait_s("192.0.2.1", 100.0 + FREE) > 0
    assert throttle.wait_s("192.0.2.2", 100.0 + FREE) == 0


def test_whoever_guesses_on_and_on_gets_few_a_day() -> None:
    n = guess(Throttle(), "192.0.2.1", 24)
    assert FREE + 8 < n < 24 * 3600 / LONGEST_PAUSE_S + FREE + 12


def test_a_pause_is_bounded_and_forgotten_in_the_end() -> None:
    throttle = Throttle()
    for i in range(100):
        throttle.try_once("192.0.2.1", float(i))
    assert throttle.wait_s("192.0.2.1", 99.0) <= max(LONGEST_PAUSE_S, 100 * ALL_EVERY_S)
    assert throttle.wait_s("192.0.2.1", 99.0 + FORGOTTEN_AFTER_S + 100 * ALL_EVERY_S) == 0


def test_many_addresses_that_take_turns_gain_little() -> None:
    throttle = Throttle()
    n = 0
    for i in range(20_000):
        address = f"198.51.{i // 250}.{i % 250}"
        if throttle.wait_s(address, 0.0) == 0:
            throttle.try_once(address, 0.0)
            n += 1
    assert n == ALL_FREE
    assert throttle.wait_s("203.0.113.1", 0.0) == pytest.approx(ALL_EVERY_S)
    assert throttle.wait_s("203.0.113.1", ALL_EVERY_S) == 0


def test_who_was_let_in_is_not_held_up_by_strangers() -> None:
    throttle = Throttle()
    throttle.try_once("192.168.1.2", 0.0)
    throttle.succeed("192.168.1.2")
    for i in range(ALL_FREE):
        throttle.try_once(f"198.51.100.{i}", 1.0)
    assert throttle.wait_s("203.0.113.1", 1.0) > 0
    assert throttle.wait_s("192.168.1.2", 1.0) == 0
    for _ in range(FREE):
        throttle.try_once("192.168.1.2", 1.0)
    assert throttle.wait_s("192.168.1.2", 1.0) > 0


def test_a_household_s_ipv6_network_counts_as_one_and_ipv4_is_ipv4_either_way() -> None:
    throttle = Throttle()
    for i in range(FREE):
        throttle.try_once(f"2001:db8::{i + 1}", 0.0)
        throttle.try_once("::ffff:192.0.2.7", 0.0)
    assert throttle.wait_s("2001:db8::ffff", 0.0) > 0
    assert throttle.wait_s("2001:db8:0:1::1", 0.0) == 0
    assert throttle.wait_s("192.0.2.7", 0.0) > 0
    assert throttle.wait_s("no address", 0.0) == 0

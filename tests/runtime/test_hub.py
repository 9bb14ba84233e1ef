"""The hub never blocks and never grows."""

from __future__ import annotations

import threading

from claptrap.core.events import Level, Levels
from claptrap.runtime.hub import Hub


def level(i: int) -> Levels:
    return Levels((Level("mic", -float(i), -float(i)),))


def test_everyone_gets_everything_in_order() -> None:
    """Each subscriber has its own queue."""
    hub = Hub()
    with hub.subscribe() as a, hub.subscribe() as b:
        for i in range(3):
            hub.publish(level(i))
        assert [a.get(0) for _ in range(4)] == [level(0), level(1), level(2), None]
        assert b.get(0) == level(0)


def test_a_slow_subscriber_loses_the_oldest_and_the_loss_is_counted() -> None:
    """Overload rule: drop oldest and count."""
    hub = Hub()
    with hub.subscribe(capacity=2) as slow:
        for i in range(5):
            hub.publish(level(i))
        assert (slow.get(0), slow.get(0), slow.dropped) == (level(3), level(4), 3)


def test_closing_wakes_whoever_waits() -> None:
    """A reader blocked in get ends at once when its subscription is closed."""
    subscription = Hub().subscribe()
    reader = threading.Thread(target=subscription.get, args=(60,), name="test:reader")
    reader.start()
    subscription.close()
    reader.join(5)
    assert not reader.is_alive()
    assert subscription.closed


def test_a_closed_subscription_gets_nothing_more() -> None:
    """Leaving is final."""
    hub = Hub()
    subscription = hub.subscribe()
    subscription.close()
    hub.publish(level(1))
    assert subscription.get(0) is None


def test_a_paused_subscription_is_left_alone() -> None:
    """While no page is open nothing is gathered for pages, and nothing is said to be lost."""
    hub = Hub()
    with hub.subscribe(capacity=1) as pages, hub.subscribe() as other:
        pages.is_paused = True
        hub.publish(level(1))
        hub.publish(level(2))
        pages.is_paused = False
        hub.publish(level(3))
        assert (pages.get(0), pages.dropped) == (level(3), 0)
        assert other.get(0) == level(1)

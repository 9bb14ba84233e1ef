"""The documented body."""

from __future__ import annotations

from claptrap.core.events import Event
from claptrap.delivery.payload import event_payload, trial_payload
from claptrap.template import SAMPLES

EVENT = Event(
    source_id="salon",
    source_name="Salon d'été",
    kind="microphone",
    epoch="19a",
    sequence=7,
    onset_s=1.0,
    decided_s=1.1,
    timestamp=1_234_567_890.12345,
    score=0.951239,
    claps=2,
    labels=(("Clapping", 0.81), ("Hands", 0.66)),
)


def test_the_body_is_the_documented_one() -> None:
    """Three keys of the first ClapTrap, and the others beside them; a receiver sees nothing else."""
    assert event_payload(EVENT) == {
        "source": "microphone",
        "timestamp": 1_234_567_890.123,
        "score": 0.9512,
        "event": "clap",
        "event_id": "salon:19a:7",
        "source_id": "salon",
        "source_name": "Salon d'été",
        "claps": 2,
        "labels": [["Clapping", 0.81], ["Hands", 0.66]],
    }


def test_templates_are_tried_on_bodies_of_the_documented_shape() -> None:
    """What a template may name is what it will be given."""
    trial = trial_payload("test:1", "salon", "microphone", "Salon", 5.0)
    assert [set(sample) for sample in SAMPLES] == [set(event_payload(EVENT)), set(event_payload(EVENT)), set(trial)]


def test_a_test_has_the_same_shape_and_says_that_it_is_one() -> None:
    """A receiver that takes the test takes a clap."""
    body = trial_payload("test:1", "salon", "microphone", "Salon", 5.0)
    assert set(body) == {*event_payload(EVENT), "test"}
    assert (body["event"], body["test"], body["source"], body["source_id"]) == ("test", True, "microphone", "salon")

"""What server and nodes of different versions understand, and how sources are shared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.fernet import Fernet

from claptrap.cluster.fence import Fence
from claptrap.cluster.share import RECOVERY_S, SETTLED_S, SHED_S, Balance
from claptrap.cluster.sound import dump_sound, load_sound
from claptrap.cluster.wire import Holder, Placement, Seal
from claptrap.core.errors import InputError
from claptrap.core.spec import RtspInput, SourceSpec
from claptrap.detect.embedding import Embedding
from claptrap.detect.enrolment import Refusal
from claptrap.runtime.candidate_recorder import KeptCandidate

SPEC = SourceSpec("hall", "Hall", RtspInput("rtsp://camera/1", password="secret"), threshold=0.7)


def test_a_spec_is_sealed_and_opened_by_who_has_the_key(tmp_path: Path) -> None:
    seal = Seal.of_file(tmp_path / "cluster.key", make=True)
    assert (tmp_path / "cluster.key").stat().st_mode & 0o077 == 0
    closed = seal.close(SPEC)
    assert b"secret" not in closed
    assert Seal.of_file(tmp_path / "cluster.key").open(closed) == SPEC
    with pytest.raises(InputError, match=r"cluster\.wrong_key"):
        Seal(Fernet.generate_key()).open(closed)
    with pytest.raises(InputError, match=r"cluster\.no_key"):
        Seal.of_file(tmp_path / "another.key")


def test_a_candidate_arrives_with_its_sound_by_the_server_s_clock() -> None:
    seal = Seal(Fernet.generate_key())
    embedding = Embedding(np.full((4, 64), 0.5, np.float32), np.full((2, 96), 0.25, np.float32))
    sound = np.linspace(-1, 1, 16_000, dtype=np.float32)
    labels = (("Clapping", 0.8),)
    sent = KeptCandidate(
        "hall", "a-b-c", 320, 1e9, 0.4, 0.3, False, labels, embedding, Refusal.ECHO, True, {"1": 9.0}, sound
    )
    came = load_sound(dump_sound(sent, seal, 2.5), seal)
    assert isinstance(came, KeptCandidate)
    assert came.sound is not None
    assert np.abs(came.sound - sound).max() < 1e-4
    assert (came.embedding.net == embedding.net).all()
    assert (came.id, came.at, came.labels, came.refusal) == (sent.id, 1e9 + 2.5, labels, Refusal.ECHO)
    assert came.channels == sent.channels
    bare = load_sound(dump_sound(replace(sent, refusal=None, sound=None), seal, 0.0), seal)
    assert isinstance(bare, KeptCandidate)
    assert (bare.refusal, bare.sound) == (None, None)


def test_versions_may_be_mixed() -> None:
    """An older one lacks fields, a newer one has more; a kind of source that is unknown is refused."""
    key = Fernet.generate_key()

    def opened(**changes: object) -> SourceSpec:
        given = {**SPEC.to_json(), **changes}
        return Seal(key).open(Fernet(key).encrypt(json.dumps({k: v for k, v in given.items() if v is not None}).encode()))

    assert opened(patterns=None, clips=None, mood="new") == SPEC
    with pytest.raises(InputError, match=r"cluster\.unknown_kind"):
        opened(kind="telepathy")


def test_a_placement_is_newer_by_generation_then_revision() -> None:
    assert Placement(1, 9) < Placement(2, 1) < Placement(2, 2)
    assert Placement.of_epoch(f"{Placement(255, 2).prefix}18c") == Placement(255, 2)
    assert Placement.of_epoch("18c") is None


def test_what_a_node_heard_before_another_took_its_source_is_believed_and_no_more() -> None:
    """It was cut off, or NATS was away for so long that the source went elsewhere as soon as it was back."""
    fence, none = Fence(), Placement(1, 1)
    assert fence.is_open("hall", none, None)
    assert fence.add("hall", Holder(Placement(1, 2), "a", 100.0))
    assert fence.add("hall", Holder(Placement(1, 5), "b", 200.0))
    assert not fence.add("hall", Holder(Placement(1, 3), "c", 150.0))
    again = Fence()
    again.load("hall", fence.dump("hall"))
    for one in (fence, again):
        assert (one.node("hall"), one.is_current("hall", Placement(1, 2))) == ("b", False)
        assert one.is_open("hall", Placement(1, 5), 90.0)
        assert one.is_open("hall", Placement(1, 2), 199.5)
        assert not one.is_open("hall", Placement(1, 2), 199.9), "the newer one may have heard the same a little later"
        assert not one.is_open("hall", Placement(1, 2), 230.0)
        assert not one.is_open("hall", Placement(1, 2), None), "by a clock of which nothing is known"
        assert not one.is_open("hall", none, 150.0), "after the next one took it, not only after the newest did"
    for revision in range(6, 30):
        again.add("hall", Holder(Placement(1, revision), "b", 1000.0))
    assert not again.is_open("hall", Placement(1, 2), 199.5), "who came between is not known any more"


def test_sources_are_shared_by_capacity_and_seldom_moved() -> None:
    balance = Balance(60, 0.0)
    assert balance.wanted(0, 90, 0.0) == 60
    balance.heard_of("other", 30, 1.0)
    assert balance.wanted(0, 90, 1.0) == 60
    balance.heard_of("new", 90, 2.0)
    assert balance.surplus(60, 90, 2.0) == 0, "not before the others have been the same for a while"
    for name, capacity in (("other", 30), ("new", 90)):
        balance.heard_of(name, capacity, 2.0 + SETTLED_S)
    assert balance.surplus(60, 90, 2.0 + SETTLED_S) == 30
    assert balance.surplus(32, 90, 2.0 + SETTLED_S) == 0, "a little more than its share stays"
    assert balance.wanted(60, 90, 60.0) == 0
    assert balance.has_others(60.0), "it stood still itself, as a machine that was suspended: who is there may yet say so"
    for now in range(61, 67):
        is_alone = not balance.has_others(float(now))
    assert is_alone


def test_a_node_that_cannot_keep_up_offers_less_and_recovers() -> None:
    balance = Balance(60, 0.0)
    balance.overloaded(60, 10.0, loses_sound=True)
    assert balance.capacity == 60, "nobody else could take what it gives away"
    balance.heard_of("other", 60, 10.0)
    balance.overloaded(60, 10.0, loses_sound=True)
    balance.overloaded(60, 10.0 + SHED_S / 2, loses_sound=True)
    balance.overloaded(54, 10.0 + SHED_S, loses_sound=False)
    assert (balance.capacity, balance.surplus(60, 60, 10.0)) == (54, 6), "what it gives away is not yet taken"
    balance.ease(10.0 + RECOVERY_S)
    assert (balance.capacity, balance.is_reduced) == (55, True)
    balance.draining = True
    assert (balance.capacity, balance.surplus(55, 60, 11.0)) == (0, 55)

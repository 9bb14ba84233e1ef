"""Asked anything that its description allows, and much that it does not, the service never fails, and answers as described."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.web.conftest import Served, clap, serving, write_tone

from claptrap.audio.clip import Clip
from claptrap.service import ClapTrap
from claptrap.web.openapi import describe_api

N_EXAMPLES = 15  # an operation, besides the corner cases of its parameters
KNOWN = {  # values that lead somewhere, beside one that does not
    "source_id": ["salon", "nobody"],
    "webhook_id": ["webhook", "none"],
    "event_id": ["salon:e:0", "salon:e:1", "salon:e:9", "../../x"],
    "delivery_id": ["none"],
    "name": ["none", "../settings.json"],
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.slow


def described() -> dict[str, Any]:
    """Return the description, with values in paths that lead somewhere."""
    document = describe_api("en")
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter.get("in") == "path":
                    parameter["schema"] = {"enum": KNOWN[parameter["name"]]}
    return document


SCHEMA = schemathesis.openapi.from_dict(described())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with a source that gives sound, two detections, and a clip; no model, no network."""
    base = tmp_path_factory.mktemp("schemathesis")
    write_tone(base / "tone.wav")
    source = {"id": "salon", "kind": "file", "name": "Salon", "input": {"path": str(base / "tone.wav"), "loop": True}}
    data_dir: Path = base / "data"
    data_dir.mkdir()
    (data_dir / "settings.json").write_text(json.dumps({"version": 2, "language": "fr", "sources": [source]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAPTRAP_MODELS_DIR", str(base / "models"))
        with serving(ClapTrap(data_dir)) as served:
            for i in range(2):
                served.service.take(clap(i))
            served.service.clips.offer(Clip(clap(0).id, clap(0).timestamp, np.zeros(8000, np.float32)))
            yield served


@SCHEMA.parametrize()
@settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_service_answers_as_described(case: schemathesis.Case, asked: Served) -> None:
    case.call_and_validate(base_url=asked.url, checks=CHECKS, timeout=60)

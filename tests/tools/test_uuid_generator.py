"""The tool `uuid-generator`: versions and formats; time and randomness are only those passed in."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from llmspell.tools.check import check_parameters
from llmspell.tools.tool import ToolGrants
from llmspell.tools.uuid_generator import UuidGenerator

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


def fixed(**parameters: Any) -> Any:
    tool = UuidGenerator(random_bytes=lambda size: bytes(range(size)), clock=lambda: 1_700_000_000.5)
    return tool.execute(check_parameters(tool, parameters), ToolGrants())["result"]


@pytest.mark.parametrize("version", ["v1", "v3", "v4", "v5", "v7", "1", "3", "4", "5", "7"])
def test_generate_gives_the_version_asked_for(call: Call, version: str) -> None:
    done = call("uuid-generator", operation="generate", version=version, name="example.com")
    found = uuid.UUID(done["result"]["uuid"])
    assert f"v{found.version}" == done["result"]["version"] == f"v{version[-1]}"
    assert found.variant == uuid.RFC_4122
    assert done["text"] == done["result"]["uuid"]


def test_default_is_a_new_v4(call: Call) -> None:
    first, second = (call("uuid_generator")["result"] for _ in range(2))
    assert first["uuid"] != second["uuid"]
    assert (first["version"], first["format"]) == ("v4", "hyphenated")


@pytest.mark.parametrize(
    ("style", "said", "length"),
    [
        ("standard", "hyphenated", 36),
        ("hyphenated", "hyphenated", 36),
        ("simple", "simple", 32),
        ("urn", "urn", 45),
        ("braced", "braced", 38),
    ],
)
def test_formats_can_be_read_back(call: Call, style: str, said: str, length: int) -> None:
    done = call("uuid-generator", format=style)["result"]
    assert (done["format"], len(done["uuid"])) == (said, length)
    assert call("uuid-generator", operation="validate", uuid=done["uuid"])["result"]["valid"] is True


def test_v5_is_the_published_one(call: Call) -> None:
    done = call("uuid-generator", version="v5", namespace="dns", name="www.example.com")
    assert done["result"]["uuid"] == "2ed6657d-e927-568b-95e1-2665a8aea6a2"
    own = str(uuid.NAMESPACE_DNS)
    again = call("uuid-generator", version="v5", namespace=own, name="www.example.com")
    assert again["result"] == done["result"]


def test_time_and_randomness_are_those_passed_in() -> None:
    first = uuid.UUID(fixed(version="v1")["uuid"])
    assert (first.time - 0x01B21DD213814000) / 1e7 == pytest.approx(1_700_000_000.5)
    assert first.node >> 40 & 1 == 1
    seventh = uuid.UUID(fixed(version="v7")["uuid"])
    assert seventh.int >> 80 == 1_700_000_000_500
    assert seventh.variant == uuid.RFC_4122
    assert fixed(version="v4") == fixed(version="v4")


def test_component_and_custom_ids() -> None:
    assert fixed(operation="component_id") == {
        "id": "component_00010203-0405-4607-8809-0a0b0c0d0e0f",
        "prefix": "component",
        "short": False,
    }
    assert fixed(operation="component_id", prefix="tool", short=True)["id"] == "tool_00010203"
    made = fixed(operation="custom", prefix="a", suffix="z", timestamp=True, short=True)
    assert made == {"id": "a_1700000000_00010203_z", "timestamp": True, "short": True}
    assert fixed(operation="custom")["id"] == "00010203-0405-4607-8809-0a0b0c0d0e0f"


def test_deterministic_ids_are_the_same_every_time(call: Call) -> None:
    first = call("uuid-generator", operation="deterministic", name="x")
    assert first["result"] == call("uuid-generator", operation="deterministic", input="x")["result"]
    assert first["result"]["namespace"] == "agent"
    other = call("uuid-generator", operation="deterministic", name="x", namespace="tool")
    assert other["result"]["id"] != first["result"]["id"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0" * 31,
        "g" * 32,
        "{" + "0" * 32,
        "urn:uuid:",
        "0" * 36,
        "urn:uuid:{" + "0" * 32 + "}",
        "0" * 100_000,
    ],
)
def test_what_is_no_uuid(call: Call, text: str) -> None:
    found = call("uuid-generator", operation="validate", uuid=text)["result"]
    assert found["valid"] is False
    assert found["error"]


def test_validate_names_version_and_variant(call: Call) -> None:
    found = call("uuid-generator", operation="validate", input="2ED6657DE927568B95E12665A8AEA6A2")["result"]
    assert found == {
        "valid": True,
        "uuid": "2ed6657d-e927-568b-95e1-2665a8aea6a2",
        "version": "v5",
        "variant": "RFC4122",
    }
    assert call("uuid-generator", operation="validate", uuid="0" * 32)["result"]["variant"] == "NCS"
    assert call("uuid-generator", operation="validate", uuid="0" * 32)["result"]["version"] is None


def test_mistakes_are_named(refused: Refusal) -> None:
    assert "needs the parameter 'name'" in refused("uuid-generator", version="v5")
    assert "did you mean 'agent'" in refused("uuid-generator", version="v5", name="x", namespace="agnet")
    assert "must be one of" in refused("uuid-generator", version="v9")
    assert "the prefix is 201 bytes" in refused("uuid-generator", operation="custom", prefix="x" * 201)
    assert "the name is" in refused("uuid-generator", operation="deterministic", name="x" * 70_000)
    assert "needs the parameter 'uuid'" in refused("uuid-generator", operation="validate")

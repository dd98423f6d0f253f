"""The tools `hash-calculator` and `base64-encoder`, with parameters and with granted files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import ErrorKind
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("algorithm", "label", "name"),
    [
        ("md5", "MD5", "md5"),
        ("sha1", "SHA-1", "sha1"),
        ("sha-1", "SHA-1", "sha1"),
        ("sha256", "SHA-256", "sha256"),
        ("SHA-256", "SHA-256", "sha256"),
        ("sha512", "SHA-512", "sha512"),
    ],
)
def test_hash_of_a_text(call: Call, algorithm: str, label: str, name: str) -> None:
    done = call("hash-calculator", operation="hash", algorithm=algorithm, input="héllo")
    digest = hashlib.new(name, "héllo".encode()).hexdigest()
    assert done["result"] == {"algorithm": label, "hash": digest, "format": "hex"}
    assert done["text"] == digest


@pytest.mark.parametrize("older", ["data", "text", "content"])
def test_hash_takes_bytes_and_older_spellings(call: Call, older: str) -> None:
    done = call("hash-calculator", operation="hash", format="base64", **{older: b"\xff\x00"})
    assert base64.b64decode(done["result"]["hash"]) == hashlib.sha256(b"\xff\x00").digest()


def test_verify(call: Call) -> None:
    digest = hashlib.sha256(b"x").digest()
    same = call("hash-calculator", operation="verify", input="x", expected_hash=digest.hex())
    assert same["result"] == {"verified": True, "algorithm": "SHA-256"}
    coded = base64.b64encode(digest).decode()
    same = call("hash-calculator", operation="verify", input="x", expected_hash=coded, expected_format="base64")
    assert same["result"]["verified"] is True
    other = call("hash-calculator", operation="verify", input="y", expected_hash=digest.hex())["result"]
    assert other["verified"] is False
    assert other["expected"] == digest.hex() != other["actual"]


def test_hash_of_a_granted_file(call: Call, refused: Refusal, tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(b"a" * 2_500_000)
    done = call(
        "hash-calculator",
        operation="hash",
        input_type="file",
        file=str(file),
        grants=ToolGrants(read=(str(tmp_path),)),
    )
    assert done["result"]["hash"] == hashlib.sha256(b"a" * 2_500_000).hexdigest()
    said = refused("hash-calculator", kind=ErrorKind.DENIED, operation="hash", input_type="file", path=str(file))
    assert f"{file} is not granted; grant it with --allow-read {file}" in said


def test_hash_mistakes_are_named(refused: Refusal) -> None:
    assert "did you mean 'sha512'" in refused("hash-calculator", operation="hash", algorithm="sha521", input="x")
    assert "needs the parameter 'input'" in refused("hash-calculator", operation="hash")
    assert "needs the parameter 'expected_hash'" in refused("hash-calculator", operation="verify", input="x")
    for wrong, style in (("zz", "hex"), ("é", "hex"), ("!!", "base64"), ("a" * 300, "hex")):
        said = refused("hash-calculator", operation="verify", input="x", expected_hash=wrong, expected_format=style)
        assert f"expected_hash is not {style}" in said
    assert "1,048,577 bytes" in refused("hash-calculator", operation="hash", input="x" * (2**20 + 1))
    assert "parameter 'operation' is missing" in refused("hash-calculator", input="x")


@pytest.mark.parametrize("variant", ["standard", "url-safe"])
@pytest.mark.parametrize("value", ["", "hello", "héllo ☃", "???>>>"])
def test_base64_there_and_back(call: Call, variant: str, value: str) -> None:
    coded = call("base64-encoder", operation="encode", input=value, variant=variant)
    assert set(coded["result"]) == {"output", "variant", "binary"}
    if variant == "url-safe":
        assert not set("+/") & set(coded["text"])
    back = call("base64-encoder", operation="decode", input=coded["result"]["output"], variant=variant)
    assert back["result"] == {"output": value, "variant": variant, "binary": False}


def test_base64_of_bytes(call: Call) -> None:
    assert call("base64-encoder", operation="encode", data=b"\xff\xfe")["result"]["output"] == "//4="
    done = call("base64-encoder", operation="encode", input="fffe", binary_input=True)
    assert done["result"]["output"] == "//4="
    back = call("base64-encoder", operation="decode", input="//4")
    assert back["result"]["output"] == b"\xff\xfe"
    assert back["result"]["binary"] is True
    assert back["text"] == "2 bytes that are not text"


def test_base64_of_granted_files(call: Call, refused: Refusal, tmp_path: Path) -> None:
    grants = ToolGrants(read=(str(tmp_path),), write=(str(tmp_path),))
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"\x00\x01")
    done = call("base64-encoder", operation="encode", input_file=str(source), output_file=str(target), grants=grants)
    assert target.read_bytes() == b"AAE="
    assert done["result"] == {"variant": "standard", "file_path": str(target), "file_size": 4}
    reading = ToolGrants(read=(str(tmp_path),))
    said = refused(
        "base64-encoder",
        kind=ErrorKind.DENIED,
        operation="encode",
        input="x",
        output_file=str(target),
        grants=reading,
    )
    assert "--allow-write" in said
    assert target.read_bytes() == b"AAE="


def test_base64_mistakes_are_named(refused: Refusal) -> None:
    assert "is not standard base64" in refused("base64-encoder", operation="decode", input="a-_b")
    assert "is not url-safe base64" in refused("base64-encoder", operation="decode", input="é", variant="url-safe")
    assert "not standard base64" in refused("base64-encoder", operation="decode", input="AAAAA")
    assert "hexadecimal" in refused("base64-encoder", operation="encode", input="abc", binary_input=True)
    assert "hexadecimal" in refused("base64-encoder", operation="encode", input="éé", binary_input=True)
    assert "'input' or 'input_file'" in refused("base64-encoder", operation="encode")
    assert "the result is" in refused("base64-encoder", operation="encode", input="x" * 2**20)
    assert "lone surrogate" in refused("base64-encoder", operation="encode", input="\ud800")

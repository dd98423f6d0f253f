"""Which reply a request gets, from the test's own lines or from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llmspell.testing import Answer, Failure, Fault, LLMServer, Pause, Plain, Raw, Request, ToolCall, Usage
from llmspell.testing.script import Rule
from llmspell.testing.script_file import ScriptFile, ScriptFileError, read_script, script_of
from tests.testing.client import chat, say


def test_the_queue_comes_before_the_rules_and_each_of_it_once(llm_server: LLMServer) -> None:
    llm_server.answer("rule")
    llm_server.queue("first", Failure(500), Answer("third"))
    assert chat(llm_server).text == "first"
    assert chat(llm_server).status == 500
    assert [chat(llm_server).text for _ in range(3)] == ["third", "rule", "rule"]
    llm_server.clear()
    assert chat(llm_server).text == "hi"


def test_the_first_rule_that_fits_answers(llm_server: LLMServer) -> None:
    llm_server.answer("by pattern", match=re.compile(r"^\d+$"))
    llm_server.answer("by part", match="France")
    llm_server.answer("by model", model="small")
    llm_server.answer("by number", nth=5)
    asked = [("42", "m"), ("of France?", "small"), ("x", "small"), ("x", "m"), ("y", "m"), ("y", "m")]
    texts = [say(llm_server, text, model=model).text for text, model in asked]
    assert texts == ["by pattern", "by part", "by model", "x", "by number", "y"]


def test_a_function_makes_the_reply_from_the_request(llm_server: LLMServer) -> None:
    def reply(request: Request) -> str:
        return f"{request.model}: {request.last_input.upper()}"

    llm_server.answer(reply)
    assert chat(llm_server).text == "m: HI"


def test_a_file_says_what_the_values_say(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    document = {
        "key": "k",
        "models": ["a", "b"],
        "answers": [
            "text",
            {"text": "x", "usage": {"prompt_tokens": 1}, "finish_reason": "length"},
            {"pieces": ["a", {"pause": 0.5}, {"raw": "é"}, {"fault": "reset"}], "sends_done": False},
            {"tool_calls": [{"name": "f", "arguments": {"a": 1}, "piece_size": 2}]},
        ],
        "rules": [
            {"match": "part", "reply": {"error": {"status": 429, "retry_after": 2}}},
            {
                "pattern": "^x",
                "model": "a",
                "nth": 2,
                "path": "/p",
                "reply": {"document": {"body": [1], "status": 201}},
            },
        ],
    }
    file.write_text(json.dumps(document))
    assert read_script(file) == ScriptFile(
        "k",
        ("a", "b"),
        (
            "text",
            Answer("x", usage=Usage(1, 0), finish_reason="length"),
            Answer(pieces=("a", Pause(0.5), Raw("é".encode()), Fault.RESET), sends_done=False),
            Answer(tool_calls=(ToolCall("f", {"a": 1}, piece_size=2),)),
        ),
        (
            Rule(Failure(429, retry_after=2), "part"),
            Rule(Plain([1], 201), re.compile("^x"), "a", 2, "/p"),
        ),
    )
    assert script_of({}) == ScriptFile()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "the script must be an object, and is list"),
        ({"anwers": []}, "the script has the unknown field 'anwers'; known are key, models, answers, rules"),
        ({"answers": "x"}, "the script.answers must be list, and is str"),
        ({"answers": [3]}, "answers[0] must be an object, and is int"),
        ({"answers": [{"txt": ""}]}, "answers[0] has the unknown field 'txt'"),
        ({"answers": [{"text": 3}]}, "answers[0].text must be str, and is int"),
        ({"answers": [{"bytes_at_once": True}]}, "answers[0].bytes_at_once must be int, and is bool"),
        ({"answers": [{"pieces": [{"fault": "explode"}]}]}, "answers[0].pieces[0] is no piece"),
        ({"answers": [{"pieces": [{"pause": -1}]}]}, "answers[0].pieces[0] is no piece"),
        ({"answers": [{"tool_calls": [{}]}]}, "answers[0].tool_calls[0] has no 'name'"),
        ({"answers": [{"error": {"status": "bad"}}]}, "answers[0].error.status must be int, and is str"),
        ({"answers": [{"usage": {"prompt_tokens": "1"}}]}, "answers[0].usage.prompt_tokens must be int"),
        ({"rules": [{}]}, "rules[0] has no 'reply'"),
        ({"rules": [{"reply": "x", "pattern": "("}]}, "rules[0].pattern: missing )"),
        ({"rules": [{"reply": "x", "nth": "1"}]}, "rules[0].nth must be int, and is str"),
    ],
)
def test_a_file_that_nobody_understands_says_where(tmp_path: Path, document: object, says: str) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(document))
    with pytest.raises(ScriptFileError, match=re.escape(f"{file}: {says}")):
        read_script(file)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("{")
    with pytest.raises(ScriptFileError, match="not JSON: Expecting"):
        read_script(tmp_path / "x")

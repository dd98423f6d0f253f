"""Every fault in a file is an error that names the file, the line, the key and what was expected."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.config import Configuration
from llmspell.config.document import MAX_BYTES, parse
from llmspell.errors import ConfigError

Load = Callable[..., Configuration]

UNKNOWN = {
    "engin = 1": "line 1: engin: unknown key; did you mean engine?",
    "\n[limit]\nmemory = 1": "line 2: limit: unknown key; did you mean limits?",
    '[limits]\n\nmemroy = "1M"': "line 3: limits.memroy: unknown key; did you mean limits.memory?",
    'memory = "64M"': "line 1: memory: unknown key; did you mean limits.memory?",
    "[limits]\nzzz = 1": "line 2: limits.zzz: unknown key; known here: calls, cost, cpu, kept, memory, "
    "model_calls, name_bytes, open_arguments, output, source, tokens, tool_seconds, wall",
    '[providers.x]\napi_key = "sk-123"': "line 2: providers.x.api_key: unknown key; "
    "did you mean providers.x.api_key_env?",
    "[tools.calculator]\nmax_call = 1": "line 2: tools.calculator.max_call: unknown key; "
    "did you mean tools.calculator.max_calls?",
    '[engines.x]\ncolour = ["/"]': "line 2: engines.x.colour: unknown key; known here: command, needs, settings",
    '"a\\u001b[31m" = 1': '"a\\x1b[31m": unknown key; known here: ',
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_key_is_an_error_with_the_nearest_known_one(load: Load, user_file: Path, text: str) -> None:
    user_file.write_text(text)
    assert UNKNOWN[text] in _error(load)
    assert _error(load).startswith(str(user_file))


WRONG = {
    "engine = 5": "engine: expected a name: text without spaces, at most 200 characters, got the number 5",
    'engine = ""': "got the text ''",
    'engine = "a b"': "got the text 'a b'",
    'engine = "a\\u001bb"': r"got the text 'a\x1bb'",
    "limits = 5": "limits: expected a table",
    "script = 5": "script: expected a table, got the number 5",
    "[limits]\nmemory = true": 'limits.memory: expected a size, like "64M" or a number of bytes, got true',
    '[limits]\nmemory = "64 Q"': "got the text '64 Q'",
    "[limits]\nmemory = -1": "got the number -1",
    "[limits]\nmemory = 1.5": "got the number 1.5",
    "[limits]\nmemory = 9223372036854775808": "got the number 9223372036854775808",
    "[limits]\nmemory = [1]": "got such a list",
    "[limits]\ncpu = 0": "limits.cpu: expected a number of seconds above 0, like 2.5, got the number 0",
    "[limits]\ncpu = nan": "got the number nan",
    "[limits]\nwall = inf": "got the number inf",
    '[limits]\nwall = "5"': "got the text '5'",
    f"[limits]\nwall = {10**400}": "got a number of over 128 bits",
    "[limits]\ncalls = 1.0": "limits.calls: expected a whole number, 0 or more, got the number 1.0",
    "[limits]\ncalls = false": "got false",
    "[limits]\ntokens = -1": "got the number -1",
    "[limits]\ncost = -0.1": "limits.cost: expected an amount of US dollars, 0 or more, got the number -0.1",
    "[limits]\ncost = nan": "got the number nan",
    "[limits]\ncost = 2024-01-01": "got a date or time",
    '[providers.x]\ntype = "a b"': 'providers.x.type: expected "echo", "litellm" or the name of a plugin',
    "[providers.x]\nmax_retries = 11": "expected a whole number from 0 to 10, got the number 11",
    "[providers.x]\nrequests_per_minute = 0": "expected a whole number, 1 or more, got the number 0",
    "[providers.x]\nprices = {m = {prompt = 1}}": "expected a table of prices by model, each {prompt = USD, completion",
    "[providers.x]\nprices = {m = {prompt = -1, completion = 1}}": "expected a table of prices by model",
    "[providers.x]\nprices = {m = 1}": "expected a table of prices by model",
    "[providers.x]\noptions = {a = []}": "expected a table of texts, numbers and flags, got a table",
    '[aliases]\nfast = "gpt"': "aliases.fast: expected a model as provider/model, or a list of such models, got",
    "[aliases]\nfast = []": "got an empty list",
    '[aliases]\nfast = ["a/"]': "got such a list",
    '[aliases]\n"a/b" = "c/d"': 'aliases."a/b": expected a name of a-z',
    "[models]\nunknown_price = -1": "models.unknown_price: expected an amount of US dollars",
    "[models.gpt]\nmax_calls = 1": "models.gpt: expected a pattern over `provider/model`, like openai/*",
    '[models."a/*"]\nmax_cals = 1': "unknown key; did you mean models",
    '[grants]\nhosts = ["https://a"]': "grants.hosts: expected a list of hosts, like localhost or api.example.com:443",
    '[providers.X]\ntype = "echo"': "providers.X: expected a name of a-z, 0-9, dot, dash and underscore",
    '[providers."a/b"]\ntype = "echo"': 'providers."a/b": expected a name of a-z',
    '[providers."*"]\ntype = "echo"': 'providers."*": expected a name of a-z',
    "[tools]\ngrants = []": "tools.grants: expected a table; did you mean tools.grant?",
    "providers = []": "providers: expected a table",
    "[providers]\nx = 5": "providers.x: expected a table",
    '[providers.x]\nbase_url = "ftp://host"': "providers.x.base_url: expected an address like https://",
    '[providers.x]\nbase_url = "http://host:65536/"': "providers.x.base_url: expected an address like https://",
    '[providers.x]\nbase_url = "http://host:v1"': "providers.x.base_url: expected an address like https://",
    '[providers.x]\nbase_url = "http://[host]/"': "providers.x.base_url: expected an address like https://",
    '[providers.x]\nbase_url = "http://host/\\u0007"': "providers.x.base_url: expected an address like https://",
    "[providers.x]\nfail = {}": "providers.x.fail: expected text, got a table",
    "[providers.x]\ndelay_seconds = -1": "expected a number of seconds, 0 or more, got the number -1",
    "[providers.x]\nanswers = []\nmodels = {}": "providers.x.models: expected a list of names, got a table",
    "[providers.x]\nanswers = {a = 1}": "providers.x.answers: expected a table of answers by input",
    '[providers.x]\nanswers = [{match = "a"}]': "got such a list",
    "[providers.x]\nanswers = 1": "got the number 1",
    "[tools]\ngrant = [1]": "tools.grant: expected a list of tools' names, got such a list",
    "[tools]\ncalculator = 1": "tools.calculator: expected a table",
    '[tools."a b"]\nmax_calls = 1': 'tools."a b": expected the name of a tool',
    '[grants]\nread = "here"': "grants.read: expected a list of paths, got the text 'here'",
    '[grants]\nread = [""]': "got such a list",
    '[grants]\nwrite = ["a\\u0000"]': "got such a list",
    '[grants]\nenv = ["A=B"]': "grants.env: expected a list of variables' names",
    '[grants]\nmodules = "yes"': "grants.modules: expected true or false, got the text 'yes'",
    "[engines.x]\ncommand = []": "engines.x.command: expected a list of a program and its arguments",
    '[engines.x]\ncommand = "run"': "got the text 'run'",
    '[engines.x]\ncommand = [""]': "got such a list",
    '[engines.x]\nsuffixes = ["txt"]': 'engines.x.suffixes: expected a list of suffixes, like [".txt"]',
    "[script]\na = {b = 9223372036854775808}": "script.a.b: expected an integer of at most 64 bits",
    f"[script]\na = {'[' * 40}{']' * 40}": "script.a: expected at most 32 levels of tables and arrays",
    f"[script]\n{'a.' * 31}a = {{b = {{c = 1}}}}": "expected at most 32 levels of tables and arrays",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_an_error_with_what_was_expected(load: Load, user_file: Path, text: str) -> None:
    user_file.write_text(text)
    message = _error(load)
    assert message.startswith(f"{user_file}, line ")
    assert WRONG[text] in message


@pytest.mark.parametrize(
    "line",
    [
        'api_key_env = "sk-secret"',
        'base_url = "https://user:sk-secret@host/"',
        'base_url = "https://h/?k=sk-secret"',
    ],
)
def test_what_may_be_a_secret_is_never_shown(load: Load, user_file: Path, line: str) -> None:
    user_file.write_text(f'[providers.x]\ntype = "litellm"\n{line}')
    message = _error(load)
    assert "got other text" in message
    assert "sk-secret" not in message


MALFORMED = {
    b"engine = \n": "line 1: is not TOML: invalid value",
    b"a = 1\nb = 2\nb = 3\n[x": "line 3: is not TOML: cannot overwrite a value",
    b"# one\n[limits\n\n": "line 2: is not TOML: expected ']' at the end of a table declaration",
    b"ok = 1\n\nx = '\xff'": "line 3: is not UTF-8: byte 0xff",
    b"x = " + b"[" * 3000: "is no TOML that can be read: it is nested too deeply",
    b"x = " + b"9" * 5000: "is not TOML: exceeds the limit (4300 digits)",
    b"a = 1\n" + b"x." * 100_000 + b"x = 1": "line 2: more than 32 names are joined by dots",
    b"x\x1b = 1": r"line 1: is not TOML: expected '=' after a key",
}


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_file_is_an_error_with_its_line(load: Load, user_file: Path, content: bytes) -> None:
    user_file.write_bytes(content)
    message = _error(load)
    assert message.startswith(str(user_file))
    assert MALFORMED[content] in message
    assert message.isprintable()


def test_a_file_has_at_most_one_mebibyte(load: Load, user_file: Path) -> None:
    user_file.write_bytes(b"#" * MAX_BYTES)
    assert load().files
    user_file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert _error(load) == f"{user_file}: has 1048577 bytes, and a configuration has at most 1048576 (1 MiB)"


def test_a_folder_is_no_configuration(load: Load, user_file: Path) -> None:
    user_file.mkdir()
    assert _error(load) == f"{user_file}: is a folder, and a configuration is a regular file"


def test_a_fifo_is_refused_without_waiting_for_its_writer(load: Load, project_file: Path) -> None:
    os.mkfifo(project_file)
    assert "is a FIFO" in _error(load)


def test_a_socket_cannot_be_read(load: Load, user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(user_file.parent)  # the path of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(user_file.name)
        assert "cannot be read" in _error(load)


def test_a_device_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match="/dev/null: is a device"):
        load(config_file="/dev/null")


def test_an_endless_link_cannot_be_read(load: Load, user_file: Path) -> None:
    user_file.symlink_to(user_file)
    assert "cannot be read: too many levels of symbolic links" in _error(load)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_an_error(load: Load, user_file: Path) -> None:
    user_file.write_text("")
    user_file.chmod(0)
    assert "cannot be read: permission denied" in _error(load)


def test_a_name_with_a_nul_is_no_file(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"a\\x00b: is no name of a file"):
        load(config_file="a\0b")


def test_refused_files_leave_no_descriptor_open(load: Load, user_file: Path) -> None:
    user_file.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        _error(load)
    assert len(os.listdir("/proc/self/fd")) <= before


@given(st.text() | st.text(alphabet="ab.=[]{}\"'\n 1,-#"))
def test_any_text_parses_or_is_a_config_error(text: str) -> None:
    try:
        outcome: object = parse(text, "x.toml")
    except ConfigError as error:
        outcome = str(error)
    assert isinstance(outcome, dict) or str(outcome).startswith("x.toml")


def _error(load: Load) -> str:
    with pytest.raises(ConfigError) as caught:
        load()
    return str(caught.value)

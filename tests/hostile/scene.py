"""Where a case is run: a folder with secrets all around it, and the check that none of them came out."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from pathlib import Path

from tests.cli.programs import Place
from tests.hostile.cases import HERE, SUFFIX, Case

KEY_VARIABLES = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PLANTED_KEY", "AWS_SECRET_ACCESS_KEY")
PROVIDERS = """
[providers.planted]
type = "litellm"
base_url = "http://127.0.0.1:9/{address}"
api_key_env = "PLANTED_KEY"
default_model = "small"
"""


class Scene:
    """The files, the home and the environment of one case."""

    def __init__(self, case: Case, folder: Path, bytecode: Path) -> None:
        self.case = case
        self.secrets = {name: f"sk-{secrets.token_hex(16)}" for name in (*KEY_VARIABLES, "address", "beside", "home")}
        (folder / "place").mkdir()
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.place = Place(folder / "place", bytecode)
        self.place.environment = {
            **self.place.environment,
            **{name: self.secrets[name] for name in KEY_VARIABLES},
            "TMPDIR": str(self.temporary),
        }
        self.folder, self.home = self.place.folder, self.place.home
        self.folders = (folder, bytecode)
        """What a command has to reach."""
        self._plant()
        self._lay_out()
        self._before = self._tree()

    def _plant(self) -> None:
        write = self.place.write
        write(".env", f'KEY = "{self.secrets["beside"]}"\n')
        write("secret.txt", self.secrets["beside"])
        write("home/.ssh/id_rsa", self.secrets["home"])
        write("home/.config/llmspell/config.toml", self.providers)

    @property
    def providers(self) -> str:
        """A configuration with a provider whose key is in the environment, and whose address is a secret too."""
        return PROVIDERS.format(address=self.secrets["address"])

    @property
    def attacker(self) -> tuple[str, ...]:
        """What starts the third-party worker of this case."""
        return (sys.executable, "-I", str(HERE / "attacker.py"), self.case.prelude)

    def _lay_out(self) -> None:
        case = self.case
        engine = f'\n[engines.attacker]\ncommand = {json.dumps(self.attacker)}\nsuffixes = ["{SUFFIX}"]\n'
        self.named = self.place.write("named/named.toml", self.providers + engine)
        if case.kind == "configuration":
            self.place.write("llmspell.toml", case.source)
            if not any(row[1] == case.script for row in case.place):
                (self.folder / os.fsdecode(case.script)).write_bytes(b'print("it-did-run")\n')
        elif case.script != b"-":
            (self.folder / os.fsdecode(case.script)).write_bytes(case.source)
        for what, name, *rest in case.place:
            self._make(what, Path(os.fsdecode(name)), rest[0] if rest else b"")

    def _make(self, what: bytes, name: Path, rest: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match what:
            case b"file":
                path.write_bytes(rest)
            case b"huge":
                with path.open("wb") as file:
                    file.truncate(int(rest))
            case b"link":
                path.symlink_to(os.fsdecode(rest))
            case b"pipe":
                os.mkfifo(path)
            case b"folder":
                path.mkdir(exist_ok=True)
            case _:
                raise ValueError(f"{self.case.path}: {what!r} cannot be placed")

    def _tree(self) -> set[str]:
        return {
            os.path.join(root, name) for root, folders, files in os.walk(self.folder) for name in (*folders, *files)
        }

    def give_to(self, user: int) -> None:
        """Makes all of it that user's."""
        for root, folders, files in os.walk(self.folders[0]):
            for name in ("", *folders, *files):
                os.chown(os.path.join(root, name), user, user, follow_symlinks=False)

    def check_untouched(self, *also: str) -> None:
        """No file was left or taken away, but for those that the runner asked for."""
        assert os.listdir(self.temporary) == []
        assert self._tree() - {str(self.folder / name) for name in also} == self._before

    def check_secret(self, *texts: bytes) -> None:
        """None of the secrets stands in any of the texts, also not in base64."""
        for name, secret in self.secrets.items():
            forms = (secret.encode(), base64.b64encode(secret.encode())[:-4], secret[::-1].encode())
            for text in texts:
                assert not any(form in text for form in forms), f"the secret {name} came out"

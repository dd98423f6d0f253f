"""What has come of a streamed answer so far: text, refusal, calls of tools, media; and the chunks that this makes.

This file keeps the rule that what is gathered is bounded as it comes, by the cap of the answer.
"""

from __future__ import annotations

import io
from typing import Any

from llmspell.errors import ErrorKind
from llmspell.limits import MIB, format_size
from llmspell.providers.answer_media import UnreadMediaError, samples_of, wave_of
from llmspell.providers.asked_tools import AskedTools, part
from llmspell.providers.litellm_call import Answered, Call
from llmspell.providers.litellm_whole import read_images, refusal_of
from llmspell.providers.provider import Chunk
from llmspell.types.media import MediaContent

SOUND_CAP = 16 * MIB
"""The most samples of one answer, in bytes: five minutes of speech."""


class Gathered:
    """Everything of one answer."""

    __slots__ = ("_call", "_media", "_refusal", "_samples", "_size", "_text", "_tools", "finish_reason", "usage")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._text = io.StringIO()
        self._refusal = io.StringIO()
        self._size = 0
        self._tools: AskedTools | None = None
        self._media: list[MediaContent] = []
        self._samples = bytearray()
        self.usage: Any = None
        self.finish_reason: str | None = None

    def take(self, event: Any) -> list[Chunk]:
        """The chunks that one event of litellm's makes: often one, of a text; sometimes none."""
        usage = getattr(event, "usage", None)
        if usage is not None:
            self.usage = usage
        if not event.choices:
            return []
        choice = event.choices[0]
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
        delta = choice.delta
        made = []
        text = self._taken(delta.content, self._text)
        if text:
            made.append(Chunk(text))
        made += [self._tool(piece) for piece in getattr(delta, "tool_calls", None) or ()]
        self._taken(refusal_of(delta), self._refusal)
        for image in read_images(self._call, delta):
            self._media.append(image)
            made.append(Chunk("", media=image))
        audio = getattr(delta, "audio", None)
        if audio is not None:
            self._sound(part(audio, "data"))
            spoken = self._taken(part(audio, "transcript"), self._text)
            made += [Chunk(spoken)] if spoken else []
        return made

    def last(self) -> list[Chunk]:
        """The chunks at the end: a sound, now that it is whole, and the one with `final`."""
        made = []
        if self._samples:
            sound = wave_of(bytes(self._samples))
            self._media.append(sound)
            made.append(Chunk("", media=sound))
        final = self._call.completion(
            Answered(
                text=self._text.getvalue(),
                finish_reason=self.finish_reason,
                usage=self.usage,
                tools=self._tools,
                media=tuple(self._media),
                refusal=self._refusal.getvalue() or self._call.checked(self._call.exchange.refusal(), self._size),
            )
        )
        return [*made, Chunk("", final=final)]

    def _taken(self, text: object, to: io.StringIO) -> str:
        if not text:
            return ""
        checked = self._call.checked(text, self._size)
        self._size += len(checked.encode())
        to.write(checked)
        return checked

    def _tool(self, piece: Any) -> Chunk:
        if self._tools is None:
            self._tools = AskedTools()
        progress = self._call.add_tool(self._tools, piece, self._size)
        self._size += len(progress.written.encode())
        return Chunk("", tool_call=progress)

    def _sound(self, encoded: object) -> None:
        if not isinstance(encoded, str):
            return
        try:
            self._samples += samples_of(encoded)
        except UnreadMediaError as error:
            raise self._call.asked.error(ErrorKind.PROVIDER, f"{error}, so it was dropped") from None
        if len(self._samples) > SOUND_CAP:
            happened = f"its answer speaks more than {format_size(SOUND_CAP)}, so it was dropped"
            raise self._call.asked.error(ErrorKind.PROVIDER, happened)

"""What a run requires of the kernel, and what a worker has of it: fail closed.

Pure. The rule kept here: a protection is active when one kernel mechanism refuses it wholly, and the kernel itself
shows that mechanism to the host. Landlock, which cannot be seen from outside, is a second layer; only for an engine
that has to open files is it needed, and then its worker is believed. Namespaces and a cgroup are layers that are there
when they are asked for; a network of its own, which can be seen, stands in for a filter that is missing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from llmspell.errors import SetupError, UsageError, nearest
from llmspell.outcome import Confinement
from llmspell.sandbox.verify import Evidence

PROTECTIONS = ("memory", "files", "network", "processes")
DEFAULT = PROTECTIONS
"""What is required when nothing weaker is typed out."""
LAYERS = ("namespaces", "cgroup")
"""What may be required besides, and is not used unless it is."""
NAMESPACES = ("user", "network", "ipc", "mount")
"""Those that a worker enters, as the report names them."""

_FILTERED = ("no-new-privileges", "capabilities", "seccomp")
"""What makes a system-call filter hold: without the first two it can be left behind."""
_LAYERS = {"files": "landlock-files", "network": "landlock-network"}
"""The second layer of a protection that seccomp keeps by itself."""
_FILTER_REMEDY = (
    "use a kernel with CONFIG_SECCOMP_FILTER, and in a container a profile that lets a process confine itself"
    " (seccomp, prctl, capset)"
)
_LANDLOCK_REMEDY = (
    "use Linux {} or later with landlock among its lsm= modules, and in a container a profile that lets"
    " landlock_* through"
)
_NAMESPACE_REMEDY = (
    "allow user namespaces (user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns, and in a container"
    " its profile)"
)
_REMEDIES = {
    **dict.fromkeys(_FILTERED, _FILTER_REMEDY),
    "landlock-files": _LANDLOCK_REMEDY.format("5.13"),
    "landlock-network": _LANDLOCK_REMEDY.format("6.7"),
    "namespaces": _NAMESPACE_REMEDY,
}
_UNARMED = "its worker does not arm it"
_UNARMED_REMEDY = "say what its worker reads as the `needs` of the engine, and it is confined before it starts"
_MOST = 300
"""Characters of what a worker says of itself that are shown."""


class Claims(NamedTuple):
    """What a worker says of its own confinement: the steps that are armed, why others are not, what is less than whole.

    `landlock_abi` is the level that it uses.
    """

    armed: frozenset[str] = frozenset()
    missing: Mapping[str, str] = {}
    notes: Mapping[str, str] = {}
    landlock_abi: int | None = None


class Gap(NamedTuple):
    """A step that is not armed, why, and what to do about it."""

    step: str
    why: str
    remedy: str


class Protection(NamedTuple):
    """One protection of a worker. `mechanism` names what enforces it, and is None where it is missing.

    `gaps` say what is missing; where the protection is active all the same, that is a second layer. `note` says what
    the second layer does not cover.
    """

    name: str
    mechanism: str | None
    gaps: tuple[Gap, ...] = ()
    note: str | None = None

    @property
    def active(self) -> bool:
        """Whether a mechanism of the kernel refuses it wholly."""
        return self.mechanism is not None


def read_required(text: str) -> tuple[str, ...]:
    """The protections and layers in a list like `memory,files`; raises UsageError for an unknown one."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = (*PROTECTIONS, *LAYERS)
    for name in names:
        if name not in known:
            close = nearest(name, list(known))
            hint = f"; did you mean {close}?" if close else ""
            raise UsageError(f"there is no protection {name[:60]!r}{hint} (known are {', '.join(known)})")
    if not set(names) & set(PROTECTIONS):
        raise UsageError(f"--require needs at least one protection of {', '.join(PROTECTIONS)}")
    return names


def read_claims(features: Mapping[str, Any], *, vouched: Iterable[str] = ()) -> Claims:
    """The claims in a worker's Hello, and those that are vouched for; what is not well-formed claims nothing.

    >>> read_claims({"confinement": {"armed": ["seccomp"], "missing": {"landlock-files": "ENOSYS"}}}).missing
    {'landlock-files': 'ENOSYS'}
    """
    said = features.get("confinement")
    if not isinstance(said, dict):
        return Claims(frozenset(vouched))
    armed, landlock = said.get("armed"), said.get("landlock")
    abi = landlock.get("used") if isinstance(landlock, dict) else None
    return Claims(
        frozenset([*vouched, *(one for one in armed if isinstance(one, str))] if isinstance(armed, list) else vouched),
        _texts(said.get("missing")),
        _texts(said.get("notes")),
        abi if type(abi) is int and abi > 0 else None,
    )


def _texts(given: object) -> dict[str, str]:
    """The texts of a map, none of them longer than is to be shown."""
    if not isinstance(given, dict):
        return {}
    return {name: text[:_MOST] for name, text in given.items() if isinstance(text, str)}


def check_claims(engine: str, evidence: Evidence, claims: Claims) -> None:
    """Raises SetupError for a worker that claims more than the kernel shows."""
    for step, holds in evidence.holds.items():
        if step in claims.armed and not holds:
            raise SetupError(
                f"the worker for {engine} says that {step} is armed, and the kernel shows {evidence.shows[step]}"
            )


def protections(
    evidence: Evidence, claims: Claims, *, layers: Collection[str] = (), cgroup: str | None = None
) -> tuple[Protection, ...]:
    """What a worker is confined by, protection by protection. Its limits were looked at before: memory is one.

    `layers` are those that it was asked to enter, `cgroup` is the folder of the one that it was put into. A network of
    its own, which the host sees, is a mechanism too.
    """
    filter_gaps = _filter_gaps(evidence, claims)
    apart = evidence.holds.get("namespaces", False) and "namespaces" in claims.armed
    found = [Protection("memory", "address-space")]
    for name in PROTECTIONS[1:]:
        layer = _LAYERS.get(name)
        layer_gaps = () if layer is None or layer in claims.armed else (_gap(layer, evidence, claims),)
        needs_layer = name == "files" and not evidence.holds["open-files"]
        if name == "network" and filter_gaps and apart:
            found.append(Protection(name, "namespace", filter_gaps))
        elif filter_gaps or (needs_layer and layer_gaps):
            found.append(Protection(name, None, filter_gaps or layer_gaps))
        else:
            mechanism = "seccomp" if layer is None or layer_gaps else "seccomp+landlock"
            found.append(Protection(name, mechanism, layer_gaps, claims.notes.get(layer or "")))
    if "namespaces" in layers:
        gaps = () if apart else (_gap("namespaces", evidence, claims),)
        found.append(Protection("namespaces", "+".join(NAMESPACES) if apart else None, gaps))
    if cgroup is not None:
        found.append(Protection("cgroup", cgroup))
    return tuple(found)


def _filter_gaps(evidence: Evidence, claims: Claims) -> tuple[Gap, ...]:
    if evidence.blind is not None:
        why, _, remedy = evidence.blind.partition("; ")
        return (Gap("proof", f"the kernel cannot be asked whether the worker is confined: {why}", remedy),)
    return tuple(_gap(step, evidence, claims) for step in _FILTERED if not evidence.holds[step])


def _gap(step: str, evidence: Evidence, claims: Claims) -> Gap:
    why = claims.missing.get(step, _UNARMED)
    remedy = _REMEDIES[step] if step in claims.missing else _UNARMED_REMEDY
    shown = evidence.shows.get(step)
    named = why if why.startswith(f"{step}: ") else f"{step}: {why}"
    return Gap(step, named + (f" (the kernel shows {shown})" if shown else ""), remedy)


def lacking(found: Iterable[Protection], required: Iterable[str]) -> list[Protection]:
    """What is required and not active."""
    wanted = set(required)
    return [one for one in found if one.name in wanted and not one.active]


def check_required(engine: str, found: Sequence[Protection], required: Iterable[str]) -> None:
    """Raises SetupError unless every required protection is active: then nothing may run."""
    missing = lacking(found, required)
    if not missing:
        return
    gaps = list(dict.fromkeys(gap for one in missing for gap in one.gaps))
    names, why = ", ".join(one.name for one in missing), "; ".join(gap.why for gap in gaps)
    remedies = "; ".join(dict.fromkeys(gap.remedy for gap in gaps))
    less = ",".join(one.name for one in found if one.active and one.name in PROTECTIONS)
    raise SetupError(
        f"nothing ran, because engine {engine} lacks what is required: {names}; {why}; {remedies};"
        f" llmspell doctor shows all of it, and --require {less} runs with less"
    )


def confinement_of(found: Iterable[Protection], claims: Claims) -> Confinement:
    """What is in force, for the report."""
    by = {one.name: one.mechanism for one in found}
    layered = any("landlock" in (mechanism or "") for mechanism in by.values())
    return Confinement(
        by.get("memory"),
        by.get("files"),
        by.get("network"),
        by.get("processes"),
        landlock_abi=claims.landlock_abi if layered else None,
        namespaces=NAMESPACES if by.get("namespaces") or by.get("network") == "namespace" else (),
        cgroup=by.get("cgroup"),
    )

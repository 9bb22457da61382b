"""Which faults are on in this process; kept in a file, so that a restart of the service does not end them."""

import contextlib
import os
import random
import time
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field, ValidationError

from services.common.openapi import Input

LASTS_S = 15 * 60.0
LONGEST_S = 24 * 3600.0


def _soon() -> float:
    return time.time() + LASTS_S


class Fault(Input):
    """A fault that is on: one of those that the service offers."""

    name: str = Field(description="one of those that this service offers")
    percent: float | None = Field(
        default=None, gt=0, le=100, strict=False, description="how much of it; none: as much as is offered"
    )
    ends_at: float = Field(
        default_factory=_soon, strict=False, description="when it ends, epoch seconds; 15 minutes from now"
    )
    sku: str | None = Field(default=None, description="the product that it is about, where it is about one")
    alias: str = Field(
        default="",
        pattern=r"^[a-z0-9-]{0,40}$",
        description="what it is called where its name shall be guessed",
    )


class Faults(Input):
    """The faults that are injected into this service's own routes; operational routes stay as they are."""

    latency_ms: int = Field(
        default=0, ge=0, le=60_000, description="added to a request before it is served, ms"
    )
    latency_share: float = Field(
        default=1.0, ge=0, le=1, strict=False, description="share of requests that are slowed"
    )
    error_share: float = Field(
        default=0.0, ge=0, le=1, strict=False, description="share of requests answered with 500"
    )
    ends_at: float | None = Field(
        default=None,
        strict=False,
        description="when latency and errors end, epoch seconds; none: 15 minutes from now",
    )
    faults: list[Fault] = Field(default_factory=list, max_length=20, description="the faults by name")


NOTHING = Faults()


def _is_any_on(state: dict[str, Any]) -> bool:
    now = time.time()
    is_plain = (state.get("latency_ms") or state.get("error_share")) and now < (state.get("ends_at") or 0)
    return bool(is_plain) or any(now < fault["ends_at"] for fault in state.get("faults", ()))


def _content(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = orjson.loads(file.read_bytes())
        return content
    except (OSError, ValueError):  # it is gone meanwhile
        return {}


class Injected:
    """The faults of this process, in `file` too where there is one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._set(self._read())

    def replace(self, state: Faults) -> None:
        """Inject these faults and no other; latency and errors without an end get one."""
        self._set(state.model_copy(update={"ends_at": state.ends_at or _soon()}))
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(self._state.model_dump_json())
        os.replace(new, self._file)

    def state(self) -> Faults:
        """What is on at present, without what has ended."""
        now = time.time()
        return (self.plain() or NOTHING).model_copy(
            update={"faults": [fault for fault in self._state.faults if now < fault.ends_at]}
        )

    def are_on(self) -> bool:
        """Whether anything is injected now, here or by another part that keeps its faults in the folder."""
        others = self._file.parent.glob("*.json") if self._file is not None else ()
        return _is_any_on(self._state.model_dump()) or any(_is_any_on(_content(file)) for file in others)

    def plain(self) -> Faults | None:
        """The latency and errors that are on, None without any."""
        state = self._state
        is_on = (state.latency_ms or state.error_share) and time.time() < (state.ends_at or 0)
        return state if is_on else None

    def active(self, name: str) -> Fault | None:
        """The fault of this name while it is on."""
        fault = self._by_name.get(name)
        return fault if fault is not None and time.time() < fault.ends_at else None

    def strikes(self, name: str) -> Fault | None:
        """The fault of this name, when it is on and the dice hit its share."""
        fault = self.active(name)
        return fault if fault is not None and random.random() * 100 < (fault.percent or 0) else None  # noqa: S311

    def _set(self, state: Faults) -> None:
        self._state, self._by_name = state, {fault.name: fault for fault in state.faults}

    def _read(self) -> Faults:
        if self._file is not None:
            with contextlib.suppress(OSError, ValidationError):
                return Faults.model_validate_json(self._file.read_bytes())
        return NOTHING

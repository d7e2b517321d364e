"""The Dask workers that take part in a run: asked what they are when they join, refused where digits would differ."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

from distributed import Client

from sweep import digest, environment
from sweep.executors._dask import station
from sweep.executors._dask.calls import OutOfReach, call
from sweep.executors._dask.messages import Member

_CODE = 10  # digits of a digest that a message shows


@dataclass(frozen=True)
class Change:
    """What became of the crew since the last look."""

    present: frozenset[str]  # addresses of all that the scheduler knows
    joined: tuple[str, ...]
    refused: tuple[str, ...]  # sentences


class Crew:
    """The Dask workers of a scheduler, as far as they can take part.

    Args:
        device: kind of device that trials use.
    """

    def __init__(self, device: str) -> None:
        self._own = Member(
            slots=0,
            versions=environment.versions(),
            code=environment.code(),
            machine=environment.machine(),
            device=device,
        )
        self._members: dict[str, Member] = {}
        self._refused: set[str] = set()
        # Dask hands a task that needs this to workers that have it: not to those of a run with other code.
        self.resource = f"muse-sweep-{digest.of_value(self._own.model_dump())[:16]}"

    @property
    def slots(self) -> int:
        """Trials that run at a time; for any thread."""
        return sum(member.slots for member in tuple(self._members.values()))

    @property
    def members(self) -> Mapping[str, Member]:
        """Those that take part, by address."""
        return self._members

    @property
    def code(self) -> str:
        """Digest of the code that every member has."""
        return self._own.code

    def forget(self) -> None:
        """Whoever takes part is asked again: the scheduler, or a worker behind an address, may be another one."""
        self._members.clear()

    async def look(self, client: Client) -> Change:
        """Takes in who is new, and lets go of who is gone.

        Raises:
            OSError: the scheduler does not answer.
        """
        present = set(await client.nthreads())
        for address in self._members.keys() - present:
            del self._members[address]
        self._refused &= present
        new = sorted(present - self._members.keys() - self._refused)
        answers = await asyncio.gather(*(self._ask(client, address) for address in new))
        joined = tuple(address for address in new if address in self._members)
        return Change(frozenset(present), joined, tuple(answer for answer in answers if answer))

    async def _ask(self, client: Client, address: str) -> str:
        """Lets a Dask worker join; a sentence where it is refused, nothing where it will be asked again."""
        try:
            there = await self._described(client, address)
            if differing := self._differing(there):
                self._refused.add(address)
                return f"Dask worker {address} is refused: {'; '.join(differing)}."
            await call(client, address, station.join, self.resource)
        except OutOfReach:  # it left while it was asked
            return ""
        if isinstance(there, Member):
            self._members[address] = there
        return ""

    async def _described(self, client: Client, address: str) -> Member | str:
        """What a Dask worker is; the version of muse-sweep where that is too old or too new to say."""
        try:
            return Member.model_validate_json(await call(client, address, station.describe, self._own.device))
        except OutOfReach:
            raise
        except Exception:  # whatever another version, or none, makes of the question
            with suppress(Exception):
                return str(await call(client, address, metadata.version, "muse-sweep"))
            return "none"

    def _differing(self, there: Member | str) -> Sequence[str]:
        """What differs, both named."""
        own = self._own
        if isinstance(there, str):
            return (f"muse-sweep {there} there, which does not answer as {own.versions['muse-sweep']} here does",)
        if there.versions == own.versions and there.code != own.code:
            return (
                f"muse-sweep {own.versions['muse-sweep']} there and here, but of other code: "
                f"{there.code[:_CODE]}… there, {own.code[:_CODE]}… here",
            )
        names = sorted(own.versions.keys() | there.versions.keys())
        pairs = [(name, there.versions.get(name, "none"), own.versions.get(name, "none")) for name in names]
        pairs += [("machine", there.machine, own.machine), ("device", there.device, own.device)]
        return tuple(f"{name} {theirs} there, {ours} here" for name, theirs, ours in pairs if theirs != ours)

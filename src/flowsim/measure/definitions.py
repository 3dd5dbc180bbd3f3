"""What measures and records say, as those who measure read it: from the configuration, or plain, as workers have it.

The configuration's own models bring the library that checks them along; a worker, who checks nothing, does without.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Number(Protocol):
    """A quantity, of which only the number in base units matters here."""

    @property
    def value(self) -> float:
        """Minutes, fractions and so on."""


class Definition(Protocol):
    """A measure: a kind with its settings; see ``flowsim.config.models.MeasureDef``."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def kind(self) -> str:
        """A name in ``registry.KINDS``."""

    @property
    def better(self) -> str:
        """``lower``, ``higher`` or ``neither``."""

    @property
    def unit(self) -> str:
        """As shown."""

    @property
    def role(self) -> Sequence[str]:
        """Roles of the services it looks at."""

    @property
    def services(self) -> Sequence[str]:
        """Services by name."""

    @property
    def when(self) -> Mapping[str, Sequence[str]]:
        """Levels of attributes that patients have."""

    @property
    def limit(self) -> Number | None:
        """Of a time [min]."""

    @property
    def threshold(self) -> Number | None:
        """Of a share or number."""

    @property
    def note(self) -> str:
        """What a reader should know."""

    @property
    def options(self) -> Mapping[str, str]:
        """What the kind knows."""


class Record(Protocol):
    """A recorded series and the measure that counts the same; see ``flowsim.config.models.Record``."""

    @property
    def measure(self) -> str:
        """Id of the measure."""

    @property
    def service(self) -> str:
        """Whose part of it."""

    @property
    def split(self) -> str:
        """Which part of it."""

    @property
    def unit(self) -> str:
        """``/month``, ``/day``, ``share`` or ``number``."""

    @property
    def months(self) -> Collection[str] | None:
        """Months recorded, where it is by month."""

    @property
    def whole(self) -> object | None:
        """Something where it is one value for the whole run."""

    @property
    def parts(self) -> Collection[str] | None:
        """Parts recorded, where it is by part."""

    @property
    def parts_of(self) -> str:
        """What parts are in proportion to: ``sum`` or ``mean``."""


@dataclass(frozen=True, slots=True)
class _Number:
    value: float


@dataclass(frozen=True, slots=True)
class _Definition:
    label: str
    kind: str
    better: str
    unit: str
    role: Sequence[str]
    services: Sequence[str]
    when: Mapping[str, Sequence[str]]
    limit: _Number | None
    threshold: _Number | None
    note: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Record:
    measure: str
    service: str
    split: str
    unit: str
    months: Collection[str] | None
    whole: object | None
    parts: Collection[str] | None
    parts_of: str


def plain_definition(said: Definition) -> Definition:
    """Return a definition as workers have it."""
    limit, threshold = (None if n is None else _Number(n.value) for n in (said.limit, said.threshold))
    about = (said.label, said.kind, said.better, said.unit, said.role, said.services, said.when)
    return _Definition(*about, limit, threshold, said.note, said.options)


def plain_record(said: Record) -> Record:
    """Return a record as workers have it."""
    months, parts = (None if some is None else tuple(some) for some in (said.months, said.parts))
    whole = None if said.whole is None else True
    return _Record(said.measure, said.service, said.split, said.unit, months, whole, parts, said.parts_of)

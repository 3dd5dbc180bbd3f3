"""The register of checks, and what they are given to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel

from flowsim.config.grammar import nearest
from flowsim.config.models import Branch, Config, Distribution, Hours, Mix, Pathway, Service, Weekly
from flowsim.config.quantities import Quantity, Tabled
from flowsim.errors import Problem
from flowsim.vocabulary import BUILT_IN_EXITS

Scope = Literal["system", "book"]
Nodes = tuple[object, tuple[tuple[str, Any], ...]]
"""A thing, and (key, node) of every model, table and quantity in it."""


@dataclass(frozen=True)
class Given:
    """A configuration to check, and the names in it.

    Attributes:
        config: validated by pydantic.
        raw: the container it was made of.
        like: another configuration, of which this one has most things.
    """

    config: Config
    raw: Mapping[str, Any]
    like: Given | None = None

    @cached_property
    def services(self) -> dict[str, Service]:
        """Return the services that are enabled."""
        return {name: service for name, service in self.config.service.items() if service.enabled}

    @cached_property
    def junctions(self) -> dict[str, Pathway]:
        """Return the pathways that belong to no service: instant routing points."""
        return {name: pathway for name, pathway in self.config.pathway.items() if name not in self.config.service}

    @cached_property
    def exits(self) -> tuple[str, ...]:
        """Return the ways out."""
        return tuple(dict.fromkeys([*BUILT_IN_EXITS, *self.config.exit]))

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Return every name that patients may be sent to."""
        return (*self.config.service, *self.exits, *self.junctions)

    def levels(self, attribute: str) -> tuple[str, ...] | None:
        """Return the levels of an attribute, or of ``from`` and ``to``; None for an unknown one."""
        if attribute == "from":
            return (*self.config.service, "arrival")
        if attribute == "to":
            return self.places
        found = self.config.attribute.get(attribute)
        return None if found is None else tuple(found.levels)

    @cached_property
    def nodes(self) -> tuple[tuple[str, Any], ...]:
        """Return (key, node) of every model, table and quantity, of what is in force and of the book alike."""
        return tuple(node for _, nodes in self._nodes_of.values() for node in nodes)

    def of(self, *kinds: type) -> list[tuple[str, Any]]:
        """Return (key, node) of every node of these kinds, in order."""
        return self._of_types(tuple(kind for kind in self._by_type if issubclass(kind, kinds)))

    def with_field(self, name: str) -> list[tuple[str, Any]]:
        """Return (key, node) of every node whose kind has a field, in order."""
        return self._of_types(tuple(kind for kind in self._by_type if name in getattr(kind, "model_fields", ())))

    def _of_types(self, kinds: tuple[type, ...]) -> list[tuple[str, Any]]:
        return [self.nodes[at] for at in sorted(at for kind in kinds for at in self._by_type[kind])]

    @cached_property
    def _by_type(self) -> dict[type, list[int]]:
        """Return the positions of nodes by their type."""
        found: dict[type, list[int]] = {}
        for at, (_, node) in enumerate(self.nodes):
            found.setdefault(type(node), []).append(at)
        return found

    @cached_property
    def _nodes_of(self) -> dict[str, Nodes]:
        """Return the nodes of each thing by its key; of what a configuration like it has too, as found there."""
        known = self.like._nodes_of if self.like is not None else {}
        found: dict[str, Nodes] = {}
        for path, thing in self._things():
            there = known.get(path)
            is_there = there is not None and (there[0] is thing or there[0] == thing)
            found[path] = there if there is not None and is_there else (thing, tuple(walk(thing, path)))
        return found

    def _things(self) -> Iterator[tuple[str, object]]:
        """Yield (key, thing): each entry of a group by itself."""
        for name, field in Config.model_fields.items():
            part, group = field.alias or name, getattr(self.config, name)
            if isinstance(group, Mapping):
                yield from ((f"{part}.{key}", thing) for key, thing in group.items())
            else:
                yield part, group

    def pathways(self) -> Iterator[tuple[str, str, Branch]]:
        """Yield (key, where patients come from, branch) of every branch in force."""
        for place, pathway in self.config.pathway.items():
            if place in self.services or place in self.junctions:
                for name, branch in pathway.items():
                    yield f"pathway.{place}.{name}", place, branch
        for name, stream in self.config.stream.items():
            if stream.enabled and isinstance(stream.to, Mapping):
                for branch_name, branch in stream.to.items():
                    yield f"stream.{name}.to.{branch_name}", "arrival", branch


Rule = Callable[[Given], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule with its id; ``scope`` says whether it looks at the system or at the book of what may be done to it."""

    id: str
    scope: Scope
    rule: Rule

    @property
    def meaning(self) -> str:
        """What the rule wants, in a sentence."""
        return (self.rule.__doc__ or "").strip().splitlines()[0]


CHECKS: dict[str, Check] = {}
"""Every check by id."""


def check(name: str, scope: Scope = "system") -> Callable[[Rule], Rule]:
    """Register a rule under an id."""

    def register(rule: Rule) -> Rule:
        CHECKS[name] = Check(name, scope, rule)
        return rule

    return register


def run_checks(given: Given, scope: Scope | None = None) -> list[Problem]:
    """Return all problems that the checks of a scope find; of both scopes, if none is said."""
    found = [p for item in CHECKS.values() if scope in (None, item.scope) for p in item.rule(given)]
    return list(dict.fromkeys(found))


def unknown(key: str, said: str, known: Iterable[object], kind: str) -> Problem:
    """Return the problem of a name that does not exist."""
    return Problem(key, repr(said), nearest(said, [str(name) for name in known], kind))


def walk(node: object, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every model, table and quantity below a node with its key as the YAML has it."""
    if isinstance(node, Tabled):
        yield path, node
        for levels, value in node.cases:
            below = "rest" if set(levels) == {None} else ".".join(["values", *(level or "rest" for level in levels)])
            yield from walk(value, f"{path}.{below}" if node.by else path)
    elif isinstance(node, BaseModel):
        yield path, node
        if not isinstance(node, Quantity):
            for name, field in type(node).model_fields.items():
                part = "" if _is_wrapped(node, name) else f".{field.alias or name}"
                yield from walk(getattr(node, name), path + part)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from walk(value, f"{path}.{name}" if path else str(name))


def _is_wrapped(node: BaseModel, name: str) -> bool:
    """Whether the YAML writes a field's value in place of its model."""
    if isinstance(node, Weekly | Hours):
        return True
    if isinstance(node, Distribution):
        return name == "value" and node.kind == "constant"
    return isinstance(node, Mix) and name == "shares"

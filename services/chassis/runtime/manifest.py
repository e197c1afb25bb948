"""What the rest of Roost needs to know about a service, without opening or importing the service.

Each folder `services/<noun>/` has a module `service.py` with a constant `MANIFEST`. The one-machine
stack, Envoy's configuration, the topics and consumer groups, and the completeness checks of the
tests read them. There is no other list of services.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import services
from services.chassis.runtime.shard_keys import ShardKey

# Folders of migrations are named relative to this one.
SERVICES = Path(services.__file__).parent
# The tables that every service has: outbox, inbox, idempotency records, worker leases.
CHASSIS_MIGRATIONS = "chassis/migrations"
# What they have beside: the columns by which a service's outbox, inbox and idempotency records are
# distributed.
SHARD_KEY_MIGRATIONS = {
    ShardKey.USER: "chassis/user_key_migrations",
    ShardKey.BUCKET: "chassis/bucket_key_migrations",
}
# Of a relay: one for its lock, and one on which it listens.
RELAY_CONNECTIONS = 2


class Engine(StrEnum):
    """A program that stores data or events for services."""

    POSTGRES = "postgres"
    VALKEY = "valkey"
    KAFKA = "kafka"
    S3 = "s3"


class Process(StrEnum):
    """A process of a service: `python -m services.<noun> <process>`."""

    SERVE = "serve"  # answers RPCs
    WORK = "work"  # consumes events and runs periodic jobs


@dataclass(frozen=True)
class ConsumerGroup:
    """A consumer group and the topics that it reads."""

    name: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class GrpcService:
    """A gRPC service that a noun serves.

    `name` is the full name in the contract. `unbounded` are the RPCs without a deadline: streams
    that end with their client.
    """

    name: str
    unbounded: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The package of the contract, such as `roost.user.v1`."""
        return self.name.rpartition(".")[0]

    @property
    def streams(self) -> tuple[str, ...]:
        """The full names of the unbounded RPCs: `/roost.post.v1.InvalidationService/Watch`."""
        return tuple(f"/{self.name}/{rpc}" for rpc in self.unbounded)


@dataclass(frozen=True)
class PasswordRoute:
    """A route of the edge that checks a password. It counts against the rate limit of logins, and
    against that of the user's writes if `signed_in`."""

    method: str
    path: str
    signed_in: bool = False


@dataclass(frozen=True)
class SlowRoute:
    """A route of the edge that takes longer than others: it waits, or takes a file.

    Its body may have 10 MiB, and passes the edge as it arrives.
    """

    method: str
    path: str
    seconds: int


@dataclass(frozen=True)
class RouteFamily:
    """Routes of the edge that wait for the same service and share one circuit breaker.

    `paths` follow the version (`posts` is `/v1/posts` and everything below it; `*` is one segment);
    GET and HEAD count as reads, the other methods as writes. Nouns may name the same family; its
    paths are those of all of them.
    """

    name: str
    paths: tuple[str, ...] = ()
    password_routes: tuple[PasswordRoute, ...] = ()
    slow_routes: tuple[SlowRoute, ...] = ()


@dataclass(frozen=True)
class Sharding:
    """How the tables of a noun are distributed where its database is on Citus.

    `groups` are co-location groups: the tables of each, with the column that they are distributed
    by. Rows of one key are on one node, in all tables of a group. The first group goes by `key` and
    includes the tables of the chassis. `primary_keys` replace those of tables that are distributed
    by a column outside of theirs. `reference` tables are small and copied to every node. `local`
    tables are on the coordinator alone, each for a reason.
    """

    key: ShardKey = ShardKey.USER
    groups: tuple[Mapping[str, str], ...] = ({},)
    primary_keys: Mapping[str, str] = field(default_factory=dict)
    reference: tuple[str, ...] = ()
    local: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a noun needs from its surroundings, and what it offers to them.

    `runs_in` names the noun whose processes this noun is part of; it then has none of its own. A
    noun with neither has a contract but no program yet. `secrets` and `keys` map an environment
    variable to the name of a secret, or to the name of an ES256 key whose file the variable holds.
    `migrations` are folders relative to `services/`. `dedicated_connections` are the connections to
    PostgreSQL that a process may open besides its pool. Each process of `worker_numbers` holds one
    of the worker numbers of its database (`storage.worker_lease`). `sharding` is None where the
    database is never distributed.
    """

    noun: str
    runs_in: str | None = None
    processes: tuple[Process, ...] = ()
    engines: tuple[Engine, ...] = ()
    migrations: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    consumer_groups: tuple[ConsumerGroup, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    grpc_services: tuple[GrpcService, ...] = ()
    route_families: tuple[RouteFamily, ...] = ()
    dedicated_connections: Mapping[Process, int] = field(default_factory=dict)
    worker_numbers: tuple[Process, ...] = ()
    sharding: Sharding | None = Sharding()

    @property
    def shard_key(self) -> ShardKey:
        """What the tables of the chassis are distributed by."""
        return ShardKey.USER if self.sharding is None else self.sharding.key

    @property
    def consumer_group(self) -> ConsumerGroup:
        """The only consumer group. Raises ValueError if there are none or several."""
        (group,) = self.consumer_groups
        return group


def manifests() -> tuple[Manifest, ...]:
    """The manifest of every folder that has one, in alphabetical order.

    Raises ValueError for a manifest that names another noun than its folder.
    """
    found = []
    for file in sorted(SERVICES.glob("*/service.py")):
        noun = file.parent.name
        manifest = importlib.import_module(f"services.{noun}.service").MANIFEST
        if manifest.noun != noun:
            raise ValueError(f"{file} is the manifest of {manifest.noun}")
        found.append(manifest)
    return tuple(found)


def deployed(every: Iterable[Manifest] | None = None) -> tuple[Manifest, ...]:
    """One manifest for each noun with processes of its own, or with a contract alone, which
    includes the nouns that run in it."""
    known = tuple(manifests() if every is None else every)
    return tuple(
        _joined(host, [each for each in known if each.runs_in == host.noun])
        for host in known
        if host.runs_in is None
    )


def streams(every: Iterable[Manifest] | None = None) -> list[str]:
    """The full names of all unbounded RPCs."""
    known = manifests() if every is None else every
    return [name for each in known for offered in each.grpc_services for name in offered.streams]


def consumers(every: Iterable[Manifest] | None = None) -> dict[str, tuple[str, ...]]:
    """The consumer groups of every topic that is published, by topic."""
    known = tuple(manifests() if every is None else every)
    groups = [group for each in known for group in each.consumer_groups]
    return {
        topic: tuple(group.name for group in groups if topic in group.topics)
        for each in known
        for topic in each.publishes
    }


def _joined(host: Manifest, parts: Iterable[Manifest]) -> Manifest:
    for part in parts:
        host = replace(
            host,
            engines=tuple(dict.fromkeys(host.engines + part.engines)),
            migrations=host.migrations + part.migrations,
            publishes=host.publishes + part.publishes,
            consumer_groups=host.consumer_groups + part.consumer_groups,
            secrets={**host.secrets, **part.secrets},
            keys={**host.keys, **part.keys},
            grpc_services=host.grpc_services + part.grpc_services,
            route_families=host.route_families + part.route_families,
            dedicated_connections=Counter(host.dedicated_connections)
            + Counter(part.dedicated_connections),
            worker_numbers=tuple(dict.fromkeys(host.worker_numbers + part.worker_numbers)),
            sharding=_joined_sharding(host.sharding, part.sharding),
        )
    return host


def _joined_sharding(host: Sharding | None, part: Sharding | None) -> Sharding | None:
    if host is None or part is None:
        return None
    return Sharding(
        key=host.key,
        groups=({**host.groups[0], **part.groups[0]}, *host.groups[1:], *part.groups[1:]),
        primary_keys={**host.primary_keys, **part.primary_keys},
        reference=host.reference + part.reference,
        local={**host.local, **part.local},
    )

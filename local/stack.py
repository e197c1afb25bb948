"""Puts the one-machine stack together: which parts there are, and what each is told."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from local import brokers
from local.keeper import ComponentFailed, PartStatus
from local.part import Part
from local.parts.envoy import Envoy
from local.parts.postgres import Postgres
from local.parts.processes import RoostProcess
from local.parts.seaweedfs import SeaweedFS
from local.parts.valkey import Valkey
from local.ports import Ports
from local.secrets import Secrets
from local.state import StackStatus, State
from local.supervisor import Supervisor
from local.topics import CONSUMERS, topic_of
from services.chassis.events.bus import dead_letter_topic

USUAL_PORTS = {
    "edge": 8080,
    "mesh": 9000,
    "envoy.admin": 9901,
    "envoy.probes": 9902,
    "postgres": 5432,
    "valkey": 6379,
    "s3": 8333,
    "broker": 9092,
}

HEALTHY_SECONDS = 60.0  # Envoy checks each second; a busy machine may take many
ENGINES = ("postgres", "valkey", "broker", "envoy")


class SettingInvalid(Exception):
    """A variable of the environment has a value that is not taken; the message names both."""


@dataclass(frozen=True)
class Service:
    """A service of Roost, and the secrets that it alone is told: variable to secret, and variable
    to the name of a signing key whose file it is told."""

    noun: str
    own_secrets: Mapping[str, str] = field(default_factory=dict)
    own_keys: Mapping[str, str] = field(default_factory=dict)


SERVICES = (
    Service("user", own_secrets={"ROOST_MASTER_KEY": "master-key"}),
    Service("post"),
    Service("timeline"),
    Service(
        "notification",
        own_secrets={"ROOST_MASTER_KEY": "notification-master-key"},
        own_keys={"ROOST_PUSH_KEY_FILE": "push"},
    ),
)


class Stack:
    """The stack of one state folder; an async context manager that holds the folder meanwhile.

    ``environ`` is passed on to Roost's own processes; ROOST_REPLICAS_<NOUN> says how many of a
    service, or of the gateway, answer. ``python`` runs the modules of these processes: a tracer of
    calls, say, takes the interpreter's place. Leaving stops every part. Raises AlreadyRunning,
    FolderUnusable or SettingInvalid.
    """

    def __init__(
        self,
        state: State,
        *,
        environ: Mapping[str, str] = os.environ,
        usual_ports: Mapping[str, int] = USUAL_PORTS,
        python: Sequence[str] = (sys.executable,),
    ) -> None:
        self._state = state
        self._environ = environ
        self._usual_ports = usual_ports
        self._python = python
        self._is_up = False

    async def __aenter__(self) -> Stack:
        with ExitStack() as held:
            held.enter_context(self._state.hold())
            ports = Ports(self._state.ports, usual=self._usual_ports)
            held.callback(ports.release)
            self._compose(ports, Secrets(self._state.secrets))
            await self.supervisor.__aenter__()
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_up = False
        try:
            await self.supervisor.__aexit__()
        finally:
            self._held.close()

    @property
    def edge(self) -> str:
        """The address that clients use."""
        return f"http://{self.envoy.address}"

    async def up(self, names: Iterable[str] | None = None) -> None:
        """Start the named parts with what they need, or all, and wait until they are healthy.

        Raises ComponentFailed.
        """
        await self.supervisor.start(names)
        if names is None:
            await self._wait_for_envoy()
            self._is_up = True
            self._tell(self.supervisor.statuses())

    def status(self) -> StackStatus:
        """Return how the stack is."""
        return self._status_of(self.supervisor.statuses())

    def _compose(self, ports: Ports, secrets: Secrets) -> None:
        nouns = [service.noun for service in SERVICES]
        data = self._state.data
        self.postgres = Postgres(data("postgres"), ports=ports, secrets=secrets, services=nouns)
        self.valkey = Valkey(data("valkey"), ports=ports, secrets=secrets)
        self.seaweedfs = SeaweedFS(data("seaweedfs"), ports=ports, secrets=secrets)
        self.broker = brokers.choose(
            self._environ,
            folder=data("kafka"),
            ports=ports,
            storage=self.seaweedfs,
            topics=[
                name
                for noun in nouns
                for name in (topic_of(noun), dead_letter_topic(topic_of(noun)))
            ],
            consumers={topic_of(noun): groups for noun, groups in CONSUMERS.items() if groups},
        )
        servers = {noun: self._instances(noun) for noun in nouns}
        gateways = self._instances("gateway")
        self.envoy = Envoy(
            data("envoy"),
            ports=ports,
            upstreams={
                noun: [ports.address(name) for name in names]
                for noun, names in {**servers, "gateway": gateways}.items()
            },
            environ=self._environ,
        )
        processes: list[Part] = []
        for service in SERVICES:
            settings = self._service_settings(service, secrets)
            modes = [(name, "serve") for name in servers[service.noun]]
            modes.append((f"{service.noun}-work", "work"))
            processes += [
                self._service(service, name, mode, ports, settings) for name, mode in modes
            ]
        gateway_settings = {
            "ROOST_MESH": self.envoy.mesh,
            "ROOST_PUBLIC_URL": self.edge,
            "ROOST_SERVICE_KEY_FILE": str(secrets.identity("gateway")),
            # This machine is somebody's own: they may look at the schema, and try it.
            "ROOST_GRAPHQL_INTROSPECTION": self._environ.get("ROOST_GRAPHQL_INTROSPECTION", "true"),
        }
        processes += [self._gateway(name, ports, gateway_settings) for name in gateways]
        self.supervisor = Supervisor(
            [self.postgres, self.valkey, self.seaweedfs, self.broker, self.envoy, *processes],
            logs=self._state.logs,
            changed=self._tell,
        )

    def _instances(self, noun: str) -> list[str]:
        setting = f"ROOST_REPLICAS_{noun.upper()}"
        replicas = self._environ.get(setting, "1")
        if not replicas.isdecimal() or int(replicas) < 1:
            raise SettingInvalid(f"{setting} takes a whole number from 1, not {replicas!r}")
        return [noun, *(f"{noun}-{number}" for number in range(2, int(replicas) + 1))]

    def _service_settings(self, service: Service, secrets: Secrets) -> dict[str, str]:
        named = [*(each.noun for each in SERVICES), "gateway"]
        return {
            "ROOST_MESH": self.envoy.mesh,
            "ROOST_PUBLIC_URL": self.edge,
            "ROOST_DATABASE_URL": self.postgres.url(f"roost_{service.noun}"),
            "ROOST_REDIS_URL": self.valkey.url,
            "ROOST_KAFKA_BROKERS": self.broker.address,
            "ROOST_KAFKA_IDEMPOTENCE": str(self.broker.idempotence).lower(),
            "ROOST_PAGE_TOKEN_KEY": secrets.token("page-token-key"),
            "ROOST_SERVICE_KEY_FILE": str(secrets.identity(service.noun)),
            "ROOST_SERVICE_KEYS_FILE": str(secrets.identities(named)),
            **{name: secrets.token(secret) for name, secret in service.own_secrets.items()},
            **{name: str(secrets.signing_key(key)) for name, key in service.own_keys.items()},
        }

    def _service(
        self, service: Service, name: str, mode: str, ports: Ports, settings: Mapping[str, str]
    ) -> RoostProcess:
        admin = ports.address(f"{name}.admin")
        return RoostProcess(
            name,
            (f"services.{service.noun}", mode),
            address=ports.address(name) if mode == "serve" else admin,
            admin=admin,
            needs=ENGINES,
            environ=self._environ,
            settings=settings,
            python=self._python,
        )

    def _gateway(self, name: str, ports: Ports, settings: Mapping[str, str]) -> RoostProcess:
        address = ports.address(name)
        return RoostProcess(
            name,
            ("gateway",),
            address=address,
            admin=address,
            needs=("envoy",),
            environ=self._environ,
            settings=settings,
            python=self._python,
        )

    async def _wait_for_envoy(self) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while unhealthy := await self.envoy.unhealthy_upstreams():
            if time.monotonic() > deadline:
                reason = f"{', '.join(unhealthy)} did not pass its health checks"
                raise ComponentFailed("envoy", reason, self._state.logs / "envoy.log")
            await asyncio.sleep(0.1)

    def _tell(self, parts: list[PartStatus]) -> None:
        self._state.write(self._status_of(parts))

    def _status_of(self, parts: list[PartStatus]) -> StackStatus:
        ready = self._is_up and all(part.state == "ready" for part in parts)
        return StackStatus(ready=ready, edge=self.edge, pid=os.getpid(), parts=parts)

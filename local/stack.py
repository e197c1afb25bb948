"""Composes the one-machine stack: its parts, and the settings of each."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from local import brokers
from local.databases import REPLICA_PREFIX, ExternalDatabases, urls_of
from local.forks import Forks
from local.part import Part
from local.parts import opensearch
from local.parts.envoy import PATH_KEY, Envoy
from local.parts.postgres import Postgres
from local.parts.processes import (
    JOINED,
    JOINED_VARIABLE,
    RoostProcess,
    shared_environment,
)
from local.parts.seaweedfs import SeaweedFS
from local.parts.valkey import Valkey
from local.ports import Ports
from local.process_runner import PartFailed, PartStatus
from local.secret_store import OPERATOR, SecretStore
from local.state import StackStatus, State
from local.supervisor import Supervisor
from services.chassis.deployment import topics
from services.chassis.deployment.database_urls import URL_PREFIX
from services.chassis.runtime.manifest import Engine, Manifest, Process, consumers, deployed

USUAL_PORTS = {
    "edge": 8080,
    "envoy.media": 8081,
    "mesh": 9000,
    "envoy.admin": 9901,
    "envoy.probes": 9902,
    "postgres": 5432,
    "valkey": 6379,
    "s3": 8333,
    "broker": 9092,
    "opensearch": 9200,
}

# The service that finds posts in OpenSearch, if the stack has it.
SEARCH = "search"

# What each service of a small stack has less of, unless it is set: an idle connection costs the
# server 2 to 5 MiB.
SMALL = {"ROOST_DATABASE_CONNECTIONS": "3"}

HEALTHY_SECONDS = 60.0  # Envoy checks each second; a busy machine may need many checks
# The part that is each engine.
PARTS = {
    Engine.POSTGRES: "postgres",
    Engine.VALKEY: "valkey",
    Engine.KAFKA: "broker",
    Engine.S3: "seaweedfs",
}


class SettingInvalid(Exception):
    """An environment variable has a value that is not allowed; the message names both."""


class Stack:
    """The stack of one state folder; an async context manager that locks the folder while entered.

    ``environ`` is passed to Roost's own processes; ROOST_REPLICAS_<NOUN> is the number of serving
    processes of a service, or of the gateway; ROOST_WORKERS_<NOUN> that of its working processes.
    ROOST_DATABASE_URL_<NOUN> is the database of a service that is not on the stack's own server,
    ROOST_REPLICA_URL_<NOUN> its read replica.
    ROOST_TOPIC_PARTITIONS is the number of partitions of a new topic. With ROOST_TLS=on Envoy and
    these processes speak mutual TLS. With ROOST_SMALL=on all services run in two processes.
    ``python`` is the command that runs the modules of these processes, such as a tracer; without
    one they are forks of one process (`local.forks`). Where it is not ``durable``, what is
    acknowledged outlives killed processes, but not the machine. Leaving stops every part. Raises
    AlreadyRunning, FolderUnusable or SettingInvalid.
    """

    def __init__(
        self,
        state: State,
        *,
        environ: Mapping[str, str] = os.environ,
        usual_ports: Mapping[str, int] = USUAL_PORTS,
        python: Sequence[str] = (),
        durable: bool = True,
    ) -> None:
        self._state = state
        self._environ = environ
        # The address of a database contains its password, which other services must not have.
        self._passed = {
            name: value
            for name, value in environ.items()
            if not name.startswith((URL_PREFIX, REPLICA_PREFIX))
        }
        self._usual_ports = usual_ports
        self._python = python
        self._durable = durable
        self._is_up = False

    async def __aenter__(self) -> Stack:
        with ExitStack() as held:
            held.enter_context(self._state.hold())
            ports = Ports(self._state.ports, usual=self._usual_ports)
            held.callback(ports.release)
            self._compose(ports, SecretStore(self._state.secrets))
            await self.supervisor.__aenter__()
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_up = False
        try:
            await self.supervisor.__aexit__()
            await self.forks.stop()
        finally:
            self._held.close()

    @property
    def edge(self) -> str:
        """The address that clients use."""
        return f"http://{self.envoy.address}"

    @property
    def media(self) -> str:
        """The origin of media files: the stack's own, or a CDN in front of it."""
        return self._environ.get("ROOST_MEDIA_BASE_URL", f"http://{self.envoy.media}")

    @property
    def _uploads(self) -> str:
        """Where clients put the parts of uploads."""
        return self._environ.get("ROOST_S3_PUBLIC_ENDPOINT", self.seaweedfs.media.endpoint)

    async def up(self, names: Iterable[str] | None = None) -> None:
        """Start the named parts with what they need, or all, and wait until they are healthy.

        Databases elsewhere are migrated first. Raises PartFailed or DatabaseUnusable.
        """
        await self._external.migrate()
        if names is None and not self._python:
            await self.forks.prepare()
        await self.supervisor.start(names)
        if names is None:
            await self._wait_for_envoy()
            self._is_up = True
            self._write(self.supervisor.statuses())

    def database_url(self, noun: str) -> str:
        """Return the address of the database of a service, for the service."""
        if noun in self._external:
            return self._external.url(noun)
        return self.postgres.url(f"roost_{noun}")

    def status(self) -> StackStatus:
        """Return the status of the stack and of each part."""
        return self._status_of(self.supervisor.statuses())

    def _compose(self, ports: Ports, secrets: SecretStore) -> None:
        services = [each for each in deployed() if each.processes]
        readers = consumers(services)
        data = self._state.data
        stores = [each.noun for each in services if Engine.POSTGRES in each.engines]
        try:
            self._external = ExternalDatabases(self._environ, stores)
            self._replicas = urls_of(REPLICA_PREFIX, self._environ, stores)
        except ValueError as mistake:
            raise SettingInvalid(str(mistake)) from None
        here = [noun for noun in stores if noun not in self._external]
        self.postgres = Postgres(
            data("postgres"),
            ports=ports,
            secrets=secrets,
            services=here,
            durable=self._durable,
            small=self._small,
        )
        self.valkey = Valkey(data("valkey"), ports=ports, secrets=secrets)
        self.seaweedfs = SeaweedFS(data("seaweedfs"), ports=ports, secrets=secrets)
        self.broker = brokers.choose(
            self._environ,
            folder=data("kafka"),
            ports=ports,
            storage=self.seaweedfs,
            topics=topics.names(),
            partitions=self._count("ROOST_TOPIC_PARTITIONS"),
            consumers=readers,
        )
        self.opensearch = opensearch.choose(self._environ, folder=data("opensearch"), ports=ports)
        if self._small:
            self._refuse_more_processes(services)
        servers = {
            each.noun: self._instances(each.noun)
            for each in services
            if Process.SERVE in each.processes
        }
        gateways = self._instances("gateway")
        self.envoy = Envoy(
            data("envoy"),
            ports=ports,
            secrets=secrets,
            store=self.seaweedfs.cdn,
            upstreams={
                noun: [ports.address(name) for name in names]
                for noun, names in {**servers, "gateway": gateways}.items()
            },
            environ=self._environ,
            tls=self._tls,
        )
        self.forks = Forks(
            shared_environment(self._passed), log=self._state.logs / "fork-server.log"
        )
        self._secrets = secrets
        named = [*(each.noun for each in services), "gateway", OPERATOR]
        settings = {
            each.noun: {
                **self._service_settings(each, named, secrets),
                **self._tls_settings(each.noun),
            }
            for each in services
        }
        processes: list[Part] = []
        if self._small:
            processes += [self._joined(services, process, ports, settings) for process in Process]
        else:
            for service in services:
                instances = [(name, Process.SERVE) for name in servers.get(service.noun, ())]
                if Process.WORK in service.processes:
                    instances += [(name, Process.WORK) for name in self._workers(service.noun)]
                processes += [
                    self._service(service, name, process, ports, settings[service.noun])
                    for name, process in instances
                ]
        gateway_settings = {
            "ROOST_MESH": self.envoy.mesh,
            "ROOST_PUBLIC_URL": self.edge,
            "ROOST_MEDIA_BASE_URL": self.media,
            "ROOST_MEDIA_PATH_KEY": secrets.token(PATH_KEY),
            "ROOST_SERVICE_KEY_FILE": str(secrets.identity("gateway")),
            "ROOST_WEB_FOLDER": str(data("web")),
            "ROOST_S3_PUBLIC_ENDPOINT": self._uploads,
            "ROOST_GATEWAYS": str(self._count("ROOST_REPLICAS_GATEWAY")),
            # The stack runs on a developer's machine, where the schema may be read.
            "ROOST_GRAPHQL_INTROSPECTION": self._environ.get("ROOST_GRAPHQL_INTROSPECTION", "true"),
            **self._tls_settings("gateway"),
        }
        processes += [self._gateway(name, ports, gateway_settings) for name in gateways]
        self.supervisor = Supervisor(
            [
                *([self.postgres] if here else []),
                *(self.valkey, self.seaweedfs, self.broker, self.envoy),
                *([self.opensearch] if self.opensearch else []),
                *processes,
            ],
            logs=self._state.logs,
            changed=self._write,
        )

    def _instances(self, noun: str) -> list[str]:
        return _numbered(noun, self._count(f"ROOST_REPLICAS_{noun.upper()}"))

    def _workers(self, noun: str) -> list[str]:
        return _numbered(f"{noun}-work", self._count(f"ROOST_WORKERS_{noun.upper()}"))

    def _refuse_more_processes(self, services: Sequence[Manifest]) -> None:
        for noun in (each.noun for each in services):
            for setting in (f"ROOST_REPLICAS_{noun.upper()}", f"ROOST_WORKERS_{noun.upper()}"):
                if self._count(setting) > 1:
                    raise SettingInvalid(
                        f"With ROOST_SMALL=on all services run in two processes, so {setting} "
                        "must be 1"
                    )

    def _count(self, setting: str) -> int:
        value = self._environ.get(setting, "1")
        if not value.isdecimal() or int(value) < 1:
            raise SettingInvalid(f"{setting} takes a whole number from 1, not {value!r}")
        return int(value)

    @property
    def _tls(self) -> bool:
        return self._is_on("ROOST_TLS")

    @property
    def _small(self) -> bool:
        return self._is_on("ROOST_SMALL")

    def _is_on(self, setting: str) -> bool:
        value = self._environ.get(setting, "off")
        if value not in {"on", "off"}:
            raise SettingInvalid(f"{setting} takes on or off, not {value!r}")
        return value == "on"

    def _tls_settings(self, noun: str) -> dict[str, str]:
        if not self._tls:
            return {}
        folder = self._secrets.tls_folder(noun)
        return {
            "ROOST_TLS_CERTIFICATE_FILE": str(folder / "tls.crt"),
            "ROOST_TLS_KEY_FILE": str(folder / "tls.key"),
            "ROOST_TLS_CA_FILE": str(folder / "ca.crt"),
        }

    def _service_settings(
        self, service: Manifest, named: list[str], secrets: SecretStore
    ) -> dict[str, str]:
        return {
            "ROOST_MESH": self.envoy.mesh,
            "ROOST_PUBLIC_URL": self.edge,
            "ROOST_MEDIA_BASE_URL": self.media,
            "ROOST_MEDIA_PURGE_URL": self._environ.get(
                "ROOST_MEDIA_PURGE_URL", f"http://{self.envoy.purges}"
            ),
            # Every account of a new stack is young.
            "ROOST_SEARCH_TRUST_AGE": self._environ.get("ROOST_SEARCH_TRUST_AGE", "0"),
            **self._engine_settings(service),
            **self._replica_settings(service),
            **self._search_settings(service),
            "ROOST_PAGE_TOKEN_KEY": secrets.token("page-token-key"),
            "ROOST_SERVICE_KEY_FILE": str(secrets.identity(service.noun)),
            "ROOST_SERVICE_KEYS_FILE": str(secrets.identities(named)),
            **{name: secrets.token(secret) for name, secret in service.secrets.items()},
            **{name: str(secrets.signing_key(key)) for name, key in service.keys.items()},
        }

    def _engine_settings(self, service: Manifest) -> dict[str, str]:
        store = self.seaweedfs.media
        settings = {
            Engine.POSTGRES: {"ROOST_DATABASE_URL": self.database_url(service.noun)},
            Engine.VALKEY: {"ROOST_REDIS_URL": self.valkey.url},
            Engine.KAFKA: {
                "ROOST_KAFKA_BROKERS": ",".join(self.broker.connection.brokers),
                "ROOST_KAFKA_IDEMPOTENCE": str(self.broker.idempotence).lower(),
                "ROOST_KAFKA_LONG_POLLS": str(self.broker.long_polls).lower(),
            },
            Engine.S3: {
                "ROOST_S3_ENDPOINT": store.endpoint,
                "ROOST_S3_PUBLIC_ENDPOINT": self._uploads,
                "ROOST_S3_BUCKET": store.bucket,
                "ROOST_S3_REGION": store.region,
                "ROOST_S3_ACCESS_KEY": store.access_key,
                "ROOST_S3_SECRET_KEY": store.secret_key,
            },
        }
        return {name: value for each in service.engines for name, value in settings[each].items()}

    def _replica_settings(self, service: Manifest) -> dict[str, str]:
        url = self._replicas.get(service.noun)
        return {} if url is None else {"ROOST_REPLICA_URL": url}

    def _search_settings(self, service: Manifest) -> dict[str, str]:
        if self.opensearch is None or service.noun != SEARCH:
            return {}
        return {"ROOST_SEARCH": "opensearch", "ROOST_OPENSEARCH_URL": self.opensearch.url}

    def _needs(self, service: Manifest) -> tuple[str, ...]:
        engines = [PARTS[each] for each in service.engines]
        if service.noun in self._external:
            engines.remove(PARTS[Engine.POSTGRES])
        if self.opensearch is not None and service.noun == SEARCH:
            engines.append(self.opensearch.name)
        return (*engines, "envoy")

    def _service(
        self,
        service: Manifest,
        name: str,
        process: Process,
        ports: Ports,
        settings: Mapping[str, str],
    ) -> RoostProcess:
        admin = ports.address(f"{name}.admin")
        return RoostProcess(
            name,
            (f"services.{service.noun}", process),
            address=ports.address(name) if process is Process.SERVE else admin,
            admin=admin,
            needs=self._needs(service),
            environ=self._passed,
            settings=settings,
            python=self._python,
            forks=self.forks,
        )

    def _joined(
        self,
        services: Sequence[Manifest],
        process: Process,
        ports: Ports,
        settings: Mapping[str, Mapping[str, str]],
    ) -> RoostProcess:
        """Return one process of all services. Its address is that of its admin page: each service
        has an address of its own, as Envoy knows it."""
        own = {
            each.noun: {"ROOST_LISTEN": ports.address(each.noun), **settings[each.noun]}
            for each in services
            if process in each.processes
        }
        name = JOINED if process is Process.SERVE else f"{JOINED}-{process}"
        admin = ports.address(f"{name}.admin")
        return RoostProcess(
            name,
            ("local.joined", process),
            address=admin,
            admin=admin,
            needs=list(dict.fromkeys(need for each in services for need in self._needs(each))),
            environ={**SMALL, **self._passed},
            settings={JOINED_VARIABLE: json.dumps(own)},
            python=self._python,
            forks=self.forks,
        )

    def _gateway(self, name: str, ports: Ports, settings: Mapping[str, str]) -> RoostProcess:
        return RoostProcess(
            name,
            ("gateway",),
            address=ports.address(name),
            admin=ports.address(f"{name}.admin"),
            needs=("envoy",),
            environ=self._passed,
            settings=settings,
            python=self._python,
            forks=self.forks,
        )

    async def _wait_for_envoy(self) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while unhealthy := await self.envoy.unhealthy_upstreams():
            if time.monotonic() > deadline:
                reason = f"{', '.join(unhealthy)} did not pass its health checks"
                raise PartFailed("envoy", reason, self._state.logs / "envoy.log")
            await asyncio.sleep(0.1)

    def _write(self, parts: list[PartStatus]) -> None:
        self._state.write(self._status_of(parts))

    def _status_of(self, parts: list[PartStatus]) -> StackStatus:
        ready = self._is_up and all(part.state == "ready" for part in parts)
        return StackStatus(
            ready=ready,
            edge=self.edge,
            media=self.media,
            pid=os.getpid(),
            parts=parts,
            tls=self._tls,
        )


def _numbered(name: str, count: int) -> list[str]:
    return [name, *(f"{name}-{number}" for number in range(2, count + 1))]

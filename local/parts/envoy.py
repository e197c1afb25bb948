"""Envoy as edge, mesh and cache of media, with the configuration of every topology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2

from local import wheels
from local.envoy_template import (
    MESH_CERTIFICATE,
    authority_secret,
    certificate_secret,
    defaults,
    endpoints,
    endpoints_name,
    mutual_tls,
    object_store,
    render,
    template,
    tracing,
)
from local.part import CannotStart, Part
from local.parts.seaweedfs import S3
from local.ports import HOST, Ports, runtime_folder
from local.probes import answers
from local.secret_store import SecretStore

# The name of each listener's port, by the placeholder that takes it.
LISTENERS = {
    "ADMIN": "envoy.admin",
    "EDGE": "edge",
    "MEDIA": "envoy.media",
    "MESH": "mesh",
    "PROBES": "envoy.probes",
    "PURGES": "envoy.purges",
}
# The secret that signs addresses of media.
PATH_KEY = "media-path-key"


def admin_socket(port: int) -> Path:
    """Return the socket of the admin page, which accepts changes; ``port`` is read only."""
    return runtime_folder() / f"envoy-{port}.sock"


def credentials(access_key: str, secret_key: str) -> str:
    """Return a credentials file of AWS's form, which Envoy reads."""
    lines = [
        "[default]",
        f"aws_access_key_id={access_key}",
        f"aws_secret_access_key={secret_key}",
    ]
    return "\n".join([*lines, ""])


class Envoy(Part):
    """The proxy. ``upstreams`` are the addresses of the gateway and of each service, by noun;
    ``store`` is what it may read in the object store. ``tls`` is mutual TLS with the upstreams and
    their callers.

    ``ROOST_<NAME>`` in ``environ`` overrides a value of envoy/defaults.env.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports,
        secrets: SecretStore,
        store: S3,
        upstreams: Mapping[str, Sequence[str]],
        environ: Mapping[str, str],
        tls: bool = False,
    ) -> None:
        super().__init__("envoy", ports.address("edge"))
        self._folder = folder
        self._ports = ports
        self._store = store
        self._path_keys = secrets.symmetric_keys(PATH_KEY)
        self._credentials = secrets.file(
            "media-store.credentials", credentials(store.access_key, store.secret_key)
        )
        self._secrets = secrets
        self._tls = tls
        self._upstreams = upstreams
        self._environ = environ
        self.mesh = ports.address("mesh")
        self.media = ports.address("envoy.media")
        self.purges = ports.address("envoy.purges")
        self.admin: str = ports.address("envoy.admin")
        self.probes = ports.address("envoy.probes")
        self.admin_socket = admin_socket(ports.port("envoy.admin"))

    async def prepare(self) -> None:
        cache = self._folder / "media"
        cache.mkdir(parents=True, exist_ok=True)
        values = defaults()
        for name in values:
            values[name] = self._environ.get(f"ROOST_{name}", values[name])
        values |= tracing(
            self._environ.get("ROOST_OTLP_ENDPOINT", ""),
            ratio=float(self._environ.get("ROOST_TRACE_RATIO") or 0),
        )
        values["ADMIN_SOCKET"] = str(self.admin_socket)
        for name, port in LISTENERS.items():
            values[f"{name}_ADDRESS"] = HOST
            values[f"{name}_PORT"] = str(self._ports.port(port))
        values |= object_store(
            self._store.endpoint, bucket=self._store.bucket, region=self._store.region
        )
        values["MEDIA_S3_CREDENTIALS_FILE"] = str(self._credentials)
        values["MEDIA_PATH_KEYS_FILE"] = str(self._path_keys)
        values["MEDIA_CACHE_FOLDER"] = str(cache)
        if self._tls:
            values |= self._mutual_tls()
        for noun, addresses in self._upstreams.items():
            values[endpoints_name(noun)] = endpoints(addresses)
        try:
            rendered = render(template(), values)
        except KeyError as missing:
            raise CannotStart(f"envoy/envoy.yaml has no value for {missing}") from None
        self.rendered.write_text(rendered)

    def command(self) -> Sequence[str]:
        return [
            wheels.packaged("envoy", "_bin/envoy"),
            "--config-path",
            str(self.rendered),
            "--disable-hot-restart",
            # When draining, it asks every client at once to reconnect elsewhere.
            "--drain-strategy",
            "immediate",
            "--drain-time-s",
            "10",
            "--log-level",
            "warning",
        ]

    async def is_ready(self) -> bool:
        return await answers(self.admin, "/ready")

    async def unhealthy_upstreams(self) -> list[str]:
        """Return the upstreams with an endpoint that has not passed every health check.

        Several clusters may check the same endpoint; each sends no request before its own check.
        """
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                response = await client.get(f"http://{self.admin}/clusters", timeout=2)
            except httpx2.TransportError:
                return list(self._upstreams)
        # Lines are CLUSTER::ADDRESS::health_flags::FLAGS.
        facts = [line.split("::") for line in response.text.splitlines()]
        healthy: dict[str, bool] = {}
        for _, address, *fact in facts:
            if fact[:1] == ["health_flags"]:
                healthy[address] = healthy.get(address, True) and fact[1] == "healthy"
        return [
            noun
            for noun, addresses in self._upstreams.items()
            if not all(healthy.get(address, False) for address in addresses)
        ]

    def _mutual_tls(self) -> dict[str, str]:
        folder = str(self._secrets.tls_folder("mesh"))
        certificate = certificate_secret(MESH_CERTIFICATE, folder)
        return mutual_tls(
            certificate=str(self._secrets.file("envoy-certificate.json", certificate)),
            authority=str(self._secrets.file("envoy-authority.json", authority_secret(folder))),
        )

    @property
    def rendered(self) -> Path:
        """The file of its configuration, written at each start."""
        return self._folder / "envoy.yaml"

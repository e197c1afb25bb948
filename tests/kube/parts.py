"""The processes of the control plane: etcd, the API server and the controllers."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.part import CannotStart, Part
from local.ports import HOST, Ports
from local.probes import answers
from local.secret_store import SecretStore
from tests.kube.tools import FOLDER

# What acts on the objects of the chart. Nodes, volumes and certificates have no controller here.
CONTROLLERS = (
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)


class Etcd(Part):
    """The store of the API server, whose data need not survive a crash of the machine."""

    def __init__(self, folder: Path, *, ports: Ports) -> None:
        super().__init__("etcd", ports.address("etcd"))
        self.url = f"http://{self.address}"
        self._peers = f"http://{ports.address('etcd.peers')}"
        self._folder = folder

    def command(self) -> Sequence[str]:
        program = shutil.which("etcd")
        if program is None:
            raise CannotStart("etcd is not installed")
        return [
            program,
            f"--data-dir={self._folder}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={self._peers}",
            f"--initial-advertise-peer-urls={self._peers}",
            f"--initial-cluster=default={self._peers}",
            "--unsafe-no-fsync",
        ]

    async def is_ready(self) -> bool:
        return await answers(self.address, "/health")


class ApiServer(Part):
    """The API server with RBAC, admission and aggregation. ``kubeconfig`` has an administrator."""

    needs = ("etcd",)

    def __init__(self, folder: Path, *, ports: Ports, secrets: SecretStore, etcd: Etcd) -> None:
        super().__init__("kube-apiserver", ports.address("kube-apiserver"))
        self.url = f"https://{self.address}"
        self.token = secrets.token("kubernetes-administrator")
        self.kubeconfig = folder / "kubeconfig"
        self.certificate = folder / "certificates" / "apiserver.crt"
        self.account_key = folder / "service-accounts.pem"
        self._folder = folder
        self._port = ports.port("kube-apiserver")
        self._etcd = etcd

    async def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._tokens.write_text(f"{self.token},administrator,1,system:masters\n")
        self.kubeconfig.write_text(json.dumps(self._client()))
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.account_key.write_bytes(pem)

    def command(self) -> Sequence[str]:
        return [
            str(FOLDER / "kube-apiserver"),
            f"--etcd-servers={self._etcd.url}",
            f"--bind-address={HOST}",
            f"--advertise-address={HOST}",
            f"--secure-port={self._port}",
            f"--cert-dir={self.certificate.parent}",
            f"--token-auth-file={self._tokens}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.account_key}",
            f"--service-account-signing-key-file={self.account_key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            # It has no address that pods could use.
            "--endpoint-reconciler-type=none",
        ]

    async def is_ready(self) -> bool:
        if not self.certificate.exists():
            return False
        headers = {"authorization": f"Bearer {self.token}"}
        return await answers(self.address, "/readyz", headers=headers, tls=self.tls())

    def tls(self) -> ssl.SSLContext:
        """Return what trusts the certificate of the started server."""
        return ssl.create_default_context(cafile=self.certificate)

    @property
    def _tokens(self) -> Path:
        return self._folder / "tokens.csv"

    def _client(self) -> dict[str, object]:
        server = {"server": self.url, "certificate-authority": str(self.certificate)}
        context = {"cluster": "loopback", "user": "administrator"}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "loopback", "cluster": server}],
            "users": [{"name": "administrator", "user": {"token": self.token}}],
            "contexts": [{"name": "loopback", "context": context}],
            "current-context": "loopback",
        }


class Controllers(Part):
    """The controllers. Autoscalers decide every 2 s and trust the metrics of new pods."""

    needs = ("kube-apiserver",)

    def __init__(self, folder: Path, *, ports: Ports, server: ApiServer) -> None:
        name = "kube-controller-manager"
        super().__init__(name, ports.address(name))
        self._folder = folder
        self._port = ports.port(name)
        self._server = server

    def command(self) -> Sequence[str]:
        return [
            str(FOLDER / self.name),
            f"--kubeconfig={self._server.kubeconfig}",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--root-ca-file={self._server.certificate}",
            f"--service-account-private-key-file={self._server.account_key}",
            f"--bind-address={HOST}",
            f"--secure-port={self._port}",
            f"--cert-dir={self._folder}",
            "--leader-elect=false",
            # The defaults, 20 and 30 requests, would slow a rollout of the whole chart down.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
            # Where an autoscaler does not state its own.
            "--horizontal-pod-autoscaler-downscale-stabilization=3s",
        ]

    async def is_ready(self) -> bool:
        certificate = self._folder / f"{self.name}.crt"
        if not certificate.exists():
            return False
        tls = ssl.create_default_context(cafile=certificate)
        return await answers(self.address, "/healthz", tls=tls)

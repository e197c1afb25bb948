"""Media: the cost of processing, uploads, the CDN, and homes with pictures."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
from PIL import Image, ImageChops

from bench import jobs, sample_requests
from bench.bench import Bench
from bench.jobs import Kind, Load, Once
from bench.measuring import Run, put
from bench.prewarmed_users import PrewarmedUser
from bench.processes import spent
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from bench.wire import request
from local import drawings
from local.edge import Account, Edge
from local.graph import make_graph
from local.parts.processes import ROOT
from services.media.worker.jail import protocol

PEOPLE, FOLLOWS_EACH = 24, 6
POSTS_EACH = 4
UPLOADS_AT_ONCE = 3
CONNECTIONS = 16
SECONDS = 6.0
ROUNDS = 3
TRIES = 3  # of each file, in a process of its own
UPLOADS = 40
PUBLIC_SECONDS = 120.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """What one jailed process used."""

    cpu_seconds: float
    peak_mib: float


async def run(bench: Bench) -> Report:
    """Measure processing alone, then uploads, the CDN and homes on the stack."""
    report = Report()
    bench.say("processing, each file in a process of its own …")
    await _processing(report)
    plain = await _cohort(bench, "plain", pictures=False)
    bench.say(f"{PEOPLE * POSTS_EACH} posts with pictures …")
    pictured = await _cohort(bench, "pictured", pictures=True)
    await _uploads(bench, report, plain[0].account)
    await _cdn(bench, report, pictured)
    await _homes(bench, report, plain, pictured)
    return report


async def _processing(report: Report) -> None:
    files = {
        "JPEG of 12 MP": drawings.jpeg(photo(4000, 3000)),
        "JPEG of 1 MP": drawings.jpeg(photo(1200, 800)),
        "GIF, 12 frames of 240 x 240": drawings.gif(1),
        "2 s of 1080p video": drawings.clip(1, seconds=2.0, width=1920, height=1080),
        "10 s of sound": drawings.sound(1, seconds=10.0),
    }
    rows = []
    for title, file in files.items():
        costs = [await asyncio.to_thread(_process, file) for _ in range(TRIES)]
        cpu = sorted(each.cpu_seconds for each in costs)[TRIES // 2]
        peak = max(each.peak_mib for each in costs)
        rows.append([title, number(len(file) / MIB), number(cpu), number(peak)])
        report.lower(f"CPU, {title}", cpu, "s")
        report.lower(f"peak memory, {title}", peak, "MiB")
    columns = ["file", "MiB", "CPU s (median of 3)", "peak MiB"]
    report.table("processing in the jail", columns, rows)


def photo(width: int, height: int) -> Image.Image:
    """Draw a picture with the grain of a photo, so that it compresses like one."""
    smooth = drawings.landscape(1, width=width, height=height)
    grain = Image.effect_noise((width, height), 24).convert("RGB")
    return ImageChops.overlay(smooth, grain)


def _process(file: bytes) -> Cost:
    """Run the jailed program on a file and read its resource usage."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as name:
        folder = Path(name)
        (folder / protocol.INPUT).write_bytes(file)
        (folder / protocol.OUT).mkdir(mode=0o700)
        done = subprocess.run(
            [sys.executable, "-m", "bench.child_usage", *protocol.COMMAND],
            cwd=folder,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        lines = done.stderr.splitlines()
        if not lines or protocol.decode(lines[-1]).processed is None:
            raise jobs.GeneratorFailed(f"not processed: {lines[-1:]!r}")
        return msgspec.json.decode(done.stdout, type=Cost)


async def _cohort(bench: Bench, prefix: str, *, pictures: bool) -> list[PrewarmedUser]:
    """Users of the same graph with as many posts each, whose homes are built."""
    graph = make_graph(PEOPLE, FOLLOWS_EACH)
    users = await bench.prewarmed_users.create(prefix, graph)
    if pictures:
        await _post_pictures(bench, users)
    else:
        await bench.once(sample_requests.posts_by(users, each=POSTS_EACH))
    await bench.once(sample_requests.homes(users))
    return users


async def _post_pictures(bench: Bench, users: list[PrewarmedUser]) -> None:
    """Write posts with one picture each, and wait until all pictures are public."""
    places = asyncio.Semaphore(UPLOADS_AT_ONCE)
    async with bench.stack.edge() as edge:

        async def one(number: int) -> str:
            by = users[number % len(users)].account
            picture = drawings.jpeg(drawings.landscape(number))
            async with places:
                medium = await edge.upload(by, picture, "image/jpeg", alt_text="Hills")
            text = sample_requests.TEXT.format(subject="pictures")
            post = await edge.post(by, text, media_ids=[medium["id"]])
            return str(post["id"])

        posts = await asyncio.gather(*map(one, range(POSTS_EACH * len(users))))
        async with asyncio.timeout(PUBLIC_SECONDS):
            for post in posts:
                while not await _is_public(edge, users[0].account, post):
                    await asyncio.sleep(0.2)


async def _is_public(edge: Edge, by: Account, post_id: str) -> bool:
    post = await edge.call("GET", f"/v2/posts/{post_id}", by=by)
    return all(each["url_expires_at"] is None for each in post["media"])


async def _uploads(bench: Bench, report: Report, by: Account) -> None:
    """Uploads in parts: begun, sent to the object store, completed, processed."""
    file = drawings.jpeg(drawings.landscape(1))
    async with bench.stack.edge() as edge, httpx2.AsyncClient(trust_env=False) as store:

        async def one(_: int) -> str:
            declared = {"content_type": "image/jpeg", "size_bytes": len(file)}
            upload = await edge.call("POST", "/v2/media/uploads", by=by, body=declared)
            for part in upload["parts"]:
                (await store.put(part["url"], content=file)).raise_for_status()
            path = f"/v2/media/uploads/{upload['id']}/completion"
            return str((await edge.call("POST", path, by=by))["id"])

        before, started = bench.stack.usage(), time.monotonic()
        media = await asyncio.gather(*map(one, range(UPLOADS)))
        uploaded, middle = time.monotonic() - started, bench.stack.usage()
        for medium in media:
            while (await edge.call("GET", f"/v2/media/{medium}/wait", by=by))["state"] != "ready":
                await asyncio.sleep(0)
        ready, after = time.monotonic() - started, bench.stack.usage()
    uploading, processing = spent(before, middle), spent(before, after)
    report.higher("uploads", UPLOADS / uploaded, "uploads/s")
    report.higher("uploads processed", UPLOADS / ready, "pictures/s")
    report.lower("CPU an upload, all processes", sum(uploading.values()) / UPLOADS * 1000, "ms")
    report.lower("CPU a picture, all processes", sum(processing.values()) / UPLOADS * 1000, "ms")
    report.table(
        f"{UPLOADS} JPEG of 1200 x 800 at once, in parts",
        ["", "a second", "CPU ms each, all processes"],
        [
            [
                "uploaded",
                number(UPLOADS / uploaded),
                number(sum(uploading.values()) / UPLOADS * 1e3),
            ],
            [
                "processed",
                number(UPLOADS / ready),
                number(sum(processing.values()) / UPLOADS * 1e3),
            ],
        ],
    )


async def _cdn(bench: Bench, report: Report, users: list[PrewarmedUser]) -> None:
    """Every public picture once (a miss), and the same ones again and again (hits)."""
    bench.say("the CDN …")
    addresses = await _addresses(bench, users)
    requests = [request("GET", urlsplit(each).path) for each in addresses]
    host, port = _origin(addresses[0])
    connections = min(CONNECTIONS, len(requests))
    before = bench.stack.usage()
    await jobs.run(Once(host, port, requests, connections=connections))
    misses = spent(before, bench.stack.usage())
    load = Load(host, port, [Kind("hits", requests)], SECONDS, CONNECTIONS)
    hits = await put(bench.stack, load)
    miss = sum(misses.values()) / len(requests) * 1e6
    report.table(
        f"GET of {len(requests)} pictures that are cached",
        ["load", *LATENCY_COLUMNS],
        [[f"{CONNECTIONS} connections", *latency_row(hits.outcome, "hits")]],
    )
    report.higher("CDN hits", hits.outcome.rate, "requests/s")
    report.lower("CPU a hit", total(hits), "µs")
    report.lower("CPU a miss", miss, "µs")
    report.notes.append(f"A miss takes {miss:,.0f} µs of CPU, a hit {total(hits):,.0f}.")


async def _addresses(bench: Bench, users: list[PrewarmedUser]) -> list[str]:
    """The public addresses of the files of all pictures."""
    async with bench.stack.edge() as edge:
        return [
            variant["url"]
            for user in users
            async for item in edge.walk(f"/v2/users/{user.id}/posts", by=user.account)
            for medium in item["post"]["media"]
            for variant in medium["variants"]
        ]


def _origin(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        raise jobs.GeneratorFailed(f"not an address of the local media origin: {address}")
    return parts.hostname, parts.port


async def _homes(
    bench: Bench, report: Report, plain: list[PrewarmedUser], pictured: list[PrewarmedUser]
) -> None:
    """Homes without and with pictures, in turn, so that the machine's noise meets both."""
    bench.say("homes without and with pictures …")
    runs: dict[str, list[Run]] = {"without": [], "with pictures": []}
    for _ in range(ROUNDS):
        for title, users in (("without", plain), ("with pictures", pictured)):
            kinds = [Kind("home", sample_requests.homes(users))]
            run = await bench.closed(kinds, connections=CONNECTIONS, seconds=SECONDS)
            runs[title].append(run)
    middle = {title: _median(found) for title, found in runs.items()}
    without, pictures = middle["without"], middle["with pictures"]
    report.table(
        "GET home, 20 posts, median round",
        ["posts", *LATENCY_COLUMNS],
        [[title, *latency_row(each.outcome, "home")] for title, each in middle.items()],
    )
    report.table("CPU µs a home", ["process", *middle], cost_rows(middle))
    ratio = pictures.outcome.rate / without.outcome.rate
    report.higher("homes with pictures ÷ without", ratio, "")
    report.lower("CPU of homes with pictures ÷ without", total(pictures) / total(without), "")


def _median(runs: list[Run]) -> Run:
    return sorted(runs, key=lambda run: run.outcome.rate)[len(runs) // 2]

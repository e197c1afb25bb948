"""The worker of the Media service on any store, with fakes of all that is outside of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from services.media.adapters.memory.storage import MemoryObject, MemoryStorage
from services.media.domain.model import (
    AccountState,
    Claim,
    Decider,
    FolderState,
    Medium,
    MediumState,
    PostAudience,
    Upload,
    UploadState,
    Use,
)
from services.media.domain.processing import Kind, Processed
from services.media.domain.purging import PurgeFailed
from services.media.domain.storage import FOLDERS, UPLOADS, Storage
from services.media.domain.store import Store
from services.media.domain.uploads import Uploads
from services.media.worker.audiences import Audiences
from services.media.worker.claim_review import ClaimReview
from services.media.worker.job_folders import JobFolders
from services.media.worker.orphans import Orphans
from services.media.worker.placement import Placements
from services.media.worker.processing import Processing
from services.media.worker.purging import Purges
from services.media.worker.runner import Lane, Runner
from services.media.worker.sweep import Sweep
from tests.builders.media import a_medium, a_picture, an_upload
from tests.builders.posts import Numbers

ALL_KINDS = Lane("all", tuple(Kind), 1)
BYTES = b"the bytes of the upload"


class Killed(BaseException):
    """The process was killed: no handler of ours runs after it."""


@dataclass
class Steps:
    """Counts the steps of a process: calls of the store and the object store, and both ends of
    transactions. At the step `fatal` the process is killed, and every later step fails; another
    fault happens once."""

    fatal: int | None = None
    fault: type[BaseException] = Killed
    taken: int = 0

    def take(self) -> None:
        if self.fault is Killed and self.taken == self.fatal:
            raise Killed
        self.taken += 1
        if self.taken == self.fatal:
            raise self.fault


class Stepping:
    """A store or an object store whose calls are steps: one before each call, one after it."""

    def __init__(self, inner: Any, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(attribute):
            return attribute

        async def call(*given: Any, **named: Any) -> Any:
            self._steps.take()
            result = await attribute(*given, **named)
            self._steps.take()
            return result

        return call

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self._steps.take()
        async with self._inner.transaction() as transaction:
            yield transaction
            # Nothing is committed if the process is killed here.
            self._steps.take()
        self._steps.take()


@dataclass
class FakeProgram:
    """Stands in for the jailed program: writes the files of its result, or raises."""

    results: list[Processed | Exception] = field(default_factory=list)
    runs: int = 0
    write: Callable[[Path], None] | None = None
    # Set by a test that lets the program run until it is stopped.
    started: asyncio.Event | None = None

    async def run(
        self, folder: Path, *, seconds: float, report: Callable[[int], None]
    ) -> Processed:
        self.runs += 1
        assert (folder / "input").read_bytes() == BYTES
        if self.started is not None:
            report(40)
            self.started.set()
            await asyncio.Event().wait()
        result = self.results.pop(0) if self.results else a_picture()
        if isinstance(result, Exception):
            raise result
        for each in result.files:
            (folder / "out" / each.file).write_bytes(b"x" * each.size_bytes)
        if self.write is not None:
            self.write(folder / "out")
        return result


@dataclass
class FakePurger:
    """A cache: notes what it drops."""

    purged: list[str] = field(default_factory=list)
    failures: list[PurgeFailed] = field(default_factory=list)
    # The object store: what exists when it is purged would be cached again.
    storage: MemoryStorage | None = None

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        for folder, files in folders.items():
            if self.storage is not None:
                assert not {f"{folder}/{each}" for each in files} & self.storage.stored.keys()
        self.purged += folders


@dataclass
class FakeServices:
    """The Post and User services: `ports.PostMedia` and `ports.Accounts`."""

    posts: dict[int, set[int]] = field(default_factory=dict)
    accounts: dict[int, AccountState] = field(default_factory=dict)
    profiles: dict[int, dict[Use, int]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    async def states(self, user_ids: Collection[int]) -> Mapping[int, AccountState]:
        self.asked += user_ids
        return {each: self.accounts[each] for each in user_ids if each in self.accounts}

    @property
    def post_media(self) -> Any:
        return _Source(self.posts)

    async def media_of(self, user_ids: Collection[int]) -> Mapping[int, Mapping[Use, int]]:
        return {each: self.profiles[each] for each in user_ids if each in self.profiles}


class _Source:
    def __init__(self, posts: Mapping[int, set[int]]) -> None:
        self._posts = posts

    async def media_of(self, post_ids: Collection[int]) -> Mapping[int, Collection[int]]:
        return {each: self._posts[each] for each in post_ids if each in self._posts}


class Announced:
    """`ports.WakeUps`: notes what is announced."""

    def __init__(self) -> None:
        self.medium_ids: list[int] = []

    async def announce(self, medium_id: int) -> None:
        self.medium_ids.append(medium_id)

    @contextmanager
    def waiting(self, medium_id: int) -> Any:
        yield asyncio.Event()


class Worker:
    """The parts of the worker process, on one store."""

    def __init__(self, world: World, store: Store, storage: Storage) -> None:
        clock = world.clock
        self.audiences = Audiences(store=store, accounts=world.services, clock=clock)
        self.processing = Processing(
            store=store,
            storage=storage,
            program=world.program,
            folders=cast(Any, world.folders),
            wake_ups=world.announced,
            clock=clock,
        )
        self.runner = Runner(
            store=store, processing=self.processing, clock=clock, lanes=[ALL_KINDS]
        )
        self.placements = Placements(store=store, storage=storage, clock=clock)
        self.purges = Purges(store=store, purger=world.purger, clock=clock)
        self.claims = ClaimReview(
            store=store, posts=world.services.post_media, accounts=world.services, clock=clock
        )
        self.orphans = Orphans(store=store, storage=storage, clock=clock)
        uploads = Uploads(store=store, storage=storage, ids=cast(Any, None), clock=clock)
        self.sweep = Sweep(store=store, storage=storage, uploads=uploads, clock=clock)

    async def process(self) -> bool:
        """Runs the job that is due for the longest time; False if there is none."""
        return await self.runner.run_one(ALL_KINDS)


class World:
    """A store and an object store, and what is done to them."""

    def __init__(
        self,
        store: Store,
        clock: Any,
        folder: Path,
        *,
        storage: Any = None,
        program: Any = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.storage = storage or MemoryStorage(clock=clock)
        self.program = program or FakeProgram()
        self.purger = FakePurger(storage=self.storage)
        self.services = FakeServices()
        self.announced = Announced()
        self.folders: AbstractContextManager[Path] | JobFolders = JobFolders(folder)
        self.numbers = Numbers()
        self.alice = self.numbers.user(bucket=3)
        self.bob = self.numbers.user(bucket=511)
        self.worker = Worker(self, store, self.storage)

    def killable(self, steps: Steps) -> Worker:
        """Another worker process, which is killed at a step."""
        return Worker(
            self, cast(Store, Stepping(self.store, steps)), cast(Any, Stepping(self.storage, steps))
        )

    async def uploaded(self, owner_id: int = 0, **given: Any) -> Medium:
        """A medium whose upload is complete, with its job."""
        owner_id = owner_id or self.alice
        now = self.clock.now()
        medium = a_medium(
            self.numbers.of(owner_id),
            owner_id,
            state=MediumState.PROCESSING,
            size_bytes=len(BYTES),
            **({"create_time": now, "expire_time": now + timedelta(hours=24)} | given),
        )
        upload = an_upload(medium, state=UploadState.COMPLETE, multipart_id="joined")
        self.storage.stored[upload.object_key] = MemoryObject(BYTES, "x/y", now)
        async with self.store.transaction() as transaction:
            await transaction.lock_owner(owner_id)
            await transaction.add_medium(medium)
            await transaction.add_upload(upload)
            await transaction.add_job(
                owner_id, medium.id, Kind.PICTURE, now=now, deadline=now + timedelta(hours=2)
            )
        return medium

    async def ready(self, owner_id: int = 0) -> Medium:
        """A medium that was processed, whose upload is deleted."""
        medium = await self.uploaded(owner_id)
        await self.worker.process()
        await self.worker.sweep.delete_doomed()
        return await self.current(medium)

    async def attached(self, post_id: int, *, owner_id: int = 0, key: str = "write") -> Medium:
        """A medium with a provisional claim of a post."""
        return await self.claim(await self.ready(owner_id), Use.POST, post_id, key=key)

    async def claim(
        self, medium: Medium, use: Use, post_id: int = 0, *, key: str = "write"
    ) -> Medium:
        claim = Claim(use, post_id, key, self.clock.now())
        async with self.store.transaction() as transaction:
            await transaction.lock_owner(medium.owner_id)
            claimed = medium.changed(claim=claim, expire_time=None)
            await transaction.save_medium(claimed)
        return claimed

    async def find(self, medium: Medium) -> Medium | None:
        return (await self.store.media([medium.id])).get(medium.id)

    async def current(self, medium: Medium) -> Medium:
        found = await self.find(medium)
        assert found is not None
        return found

    async def upload(self, medium: Medium) -> Upload | None:
        return await self.store.upload(medium.id)

    def audience(self, post_id: int, *, owner_id: int = 0, **given: Any) -> PostAudience:
        """The audience of a public post of Alice."""
        owner_id = owner_id or self.alice
        usual: dict[str, Any] = {"revision": 1, "public": True, "deciders": (Decider(owner_id),)}
        return PostAudience(post_id=post_id, owner_id=owner_id, **(usual | given))

    async def settle(self) -> None:
        """Lets all jobs run until nothing is due, for some hours: longer than any pause."""
        for _ in range(8):
            while await self.worker.process():
                pass
            await self.worker.placements.run_due()
            await self.worker.sweep.expire()
            await self.worker.sweep.delete_doomed()
            await self.worker.purges.run_due()
            self.clock.advance(timedelta(minutes=20))

    async def check(self, media: Sequence[Medium] = ()) -> None:
        """No object is without a row, no row without its objects, and no state stays."""
        for key in self.storage.stored:
            if key.startswith(UPLOADS):
                assert await self.store.uploads_of([key]), key
            else:
                assert key.startswith(FOLDERS)
                found = await self.store.existing_folders([key.split("/")[1]])
                assert [each.state for each in found] == [FolderState.LIVE], key
        for medium in (await self.store.media([each.id for each in media])).values():
            await self._check(medium)
        now = self.clock.now()
        assert await self.store.count_jobs(now) == (0, 0.0)
        assert await self.store.count_placements(now) == (0, 0.0)
        assert await self.store.count_purges(now) == (0, 0.0)
        later = now + timedelta(days=1)
        assert await self.store.doomed_folders(later, 10) == []
        assert await self.store.doomed_uploads(later, 10) == []
        assert await self.store.doom_abandoned(later, later, 10) == 0
        assert await self.store.stuck_uploads(later, 10) == []

    async def _check(self, medium: Medium) -> None:
        assert medium.state is not MediumState.PROCESSING
        if medium.state is MediumState.READY:
            assert medium.processed is not None
            assert not medium.misplaced
            folder = await self.store.folder(medium.folder.split("/")[1])
            assert folder is not None
            assert (folder.state, folder.path) == (FolderState.LIVE, medium.folder)
            for each in medium.processed.files:
                assert f"{medium.folder}/{each.file}" in self.storage.stored

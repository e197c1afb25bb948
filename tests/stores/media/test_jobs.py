"""Processing jobs: one worker at a time has one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.media.domain.model import ProcessingJob
from services.media.domain.processing import Kind
from tests.builders.media import START
from tests.stores.media.conftest import Scenario

DEADLINE = START + timedelta(hours=1)
LEASE_END = START + timedelta(minutes=1)
EVERY_KIND = tuple(Kind)


@dataclass
class Queue:
    """Verbs for the queue of one store."""

    scenario: Scenario

    async def add(self, owner_id: int, kind: Kind = Kind.PICTURE, now: datetime = START) -> int:
        medium = await self.scenario.add(owner_id)
        async with self.scenario.store.transaction() as transaction:
            await transaction.lock_owner(owner_id)
            await transaction.add_job(owner_id, medium.id, kind, now=now, deadline=DEADLINE)
        return medium.id

    async def lease(
        self,
        holder: str = "worker-1",
        *,
        kinds: tuple[Kind, ...] = EVERY_KIND,
        now: datetime = START,
        lease_end: datetime = LEASE_END,
    ) -> ProcessingJob | None:
        return await self.scenario.store.lease_job(
            holder, kinds=kinds, now=now, lease_end=lease_end
        )

    async def finish(self, job: ProcessingJob) -> bool:
        async with self.scenario.store.transaction() as transaction:
            await transaction.lock_owner(job.owner_id)
            return await transaction.finish_job(job)


async def test_job_is_leased_once(scenario: Scenario) -> None:
    queue = Queue(scenario)
    medium_id = await queue.add(scenario.alice)

    job = await queue.lease()

    assert job == ProcessingJob(
        medium_id, scenario.alice, Kind.PICTURE, "worker-1", 1, LEASE_END, DEADLINE
    )
    assert await queue.lease("worker-2") is None


async def test_longest_waiting_job_comes_first(scenario: Scenario) -> None:
    queue = Queue(scenario)
    second = await queue.add(scenario.alice, now=START)
    first = await queue.add(scenario.bob, now=START - timedelta(seconds=1))

    leased = [await queue.lease(), await queue.lease()]

    assert [job.medium_id for job in leased if job] == [first, second]


async def test_many_uploads_of_one_owner_do_not_delay_another(scenario: Scenario) -> None:
    queue = Queue(scenario)
    flood = [await queue.add(scenario.alice) for _ in range(10)]
    later = START + timedelta(seconds=7)
    single = await queue.add(scenario.bob, now=later)

    leased = [await queue.lease(now=later) for _ in range(11)]

    assert [job.medium_id for job in leased if job] == [*flood[:2], single, *flood[2:]]


async def test_worker_gets_jobs_of_its_kinds(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice, Kind.VIDEO)
    picture = await queue.add(scenario.alice, now=START)

    job = await queue.lease(kinds=(Kind.PICTURE, Kind.AUDIO))

    assert job is not None
    assert job.medium_id == picture
    assert await queue.lease(kinds=(Kind.PICTURE, Kind.AUDIO)) is None


async def test_job_is_not_due_before_its_time(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice, now=START + timedelta(seconds=1))

    assert await queue.lease(now=START) is None


async def test_medium_has_one_job(scenario: Scenario) -> None:
    queue = Queue(scenario)
    medium_id = await queue.add(scenario.alice)
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.add_job(
            scenario.alice, medium_id, Kind.VIDEO, now=START, deadline=DEADLINE
        )

    assert await queue.lease() is not None
    assert await queue.lease() is None


async def test_job_whose_lease_ended_goes_to_another_worker(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice)
    lost = await queue.lease("worker-1")
    assert lost is not None

    taken = await queue.lease("worker-2", now=LEASE_END, lease_end=LEASE_END + timedelta(minutes=1))

    assert taken is not None
    assert (taken.medium_id, taken.holder, taken.attempts) == (lost.medium_id, "worker-2", 2)
    assert await scenario.store.renew_job(lost, LEASE_END + timedelta(minutes=5)) is None
    assert not await scenario.store.retry_job(lost, START)
    assert not await scenario.store.return_job(lost, START)
    assert not await queue.finish(lost)
    assert await queue.finish(taken)


async def test_renewed_lease_lasts_longer(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice)
    job = await queue.lease()
    assert job is not None
    longer = LEASE_END + timedelta(minutes=1)

    renewed = await scenario.store.renew_job(job, longer)

    assert renewed == job._replace(lease_end=longer)
    assert await queue.lease("worker-2", now=LEASE_END) is None
    assert await queue.finish(job)


async def test_retried_job_is_due_later_with_its_attempts(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice)
    job = await queue.lease()
    assert job is not None
    later = START + timedelta(seconds=10)

    assert await scenario.store.retry_job(job, later)

    assert not await queue.finish(job)
    assert await queue.lease(now=later - timedelta(seconds=1)) is None
    again = await queue.lease(now=later)
    assert again is not None
    assert again.attempts == 2


async def test_returned_job_costs_no_attempt(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice)
    job = await queue.lease()
    assert job is not None

    assert await scenario.store.return_job(job, START)

    again = await queue.lease("worker-2")
    assert again is not None
    assert again.attempts == 1
    assert not await queue.finish(job)


async def test_finished_job_is_gone(scenario: Scenario) -> None:
    queue = Queue(scenario)
    await queue.add(scenario.alice)
    job = await queue.lease()
    assert job is not None

    assert await queue.finish(job)

    assert not await queue.finish(job)
    assert await queue.lease(now=DEADLINE) is None


async def test_waiting_jobs_are_counted(scenario: Scenario) -> None:
    queue = Queue(scenario)
    assert await scenario.store.count_jobs(START) == (0, 0.0)
    await queue.add(scenario.alice)
    await queue.add(scenario.bob, now=START + timedelta(seconds=50))

    assert await scenario.store.count_jobs(START + timedelta(seconds=30)) == (2, 30.0)

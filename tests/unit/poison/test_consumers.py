"""No event stops a consumer: what it cannot handle is set aside, and its neighbours are served."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module

import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from services.chassis.events.bus.partition import Partition, Received
from services.chassis.events.records import Record
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.manifest import manifests
from tests.completeness import assert_listed
from tests.unit.poison import groups, source
from tests.unit.poison.groups import GROUPS, ONE
from tests.unit.poison.hostile import NOW, as_record, records
from tests.waiting import eventually

EVENTS = [
    GetMessageClass(kind)
    for noun in ("user", "post", "timeline", "notification", "media")
    for kind in import_module(
        f"roost.{noun}.v1.{noun}_events_pb2"
    ).DESCRIPTOR.message_types_by_name.values()
]
HOSTILE = st.lists(st.sampled_from(EVENTS).flatmap(records), min_size=1, max_size=4)

everywhere = pytest.mark.parametrize("group", sorted(GROUPS))


def test_every_consumer_group_of_the_services_is_tested_here() -> None:
    named = {group.name for each in manifests() for group in each.consumer_groups}
    assert_listed(
        source.consumer_groups(),
        named,
        kind="manifest that names it",
        file="services/<noun>/service.py: consumer_groups",
        guide="Add an event, step 3",
    )
    assert_listed(
        named,
        GROUPS,
        kind="case",
        file=groups.__file__,
        guide="Add an event, step 3",
    )


@everywhere
@settings(max_examples=25, deadline=None, derandomize=True)
@given(hostile=HOSTILE)
def test_hostile_events_are_handled_or_set_aside_and_their_neighbours_served(
    group: str, hostile: Sequence[Record]
) -> None:
    asyncio.run(_work_through(group, hostile))


async def _work_through(group: str, hostile: Sequence[Record]) -> None:
    served = GROUPS[group]()
    neighbour = as_record(served.neighbour, key=ONE)
    dead_letter_topic: list[tuple[Record, str]] = []

    async def dead_letter(record: Record, number: int, offset: int, reason: str) -> None:
        dead_letter_topic.append((record, reason))

    before = _dead_letter_topic(group)
    work = Partition(
        topic="hostile",
        number=0,
        group=group,
        handlers=served.handlers,
        batches=served.batches,
        dead_letter=dead_letter,
        clock=ManualClock(NOW),
    )
    # The neighbour comes last, so that whatever holds up the partition holds it up.
    offsets = list(enumerate([*hostile, neighbour]))
    work.accept([Received(record, offset) for offset, record in offsets])
    await eventually(lambda: work.handled == len(offsets) or work._task.done())
    work.raise_failure()
    await work.abandon()

    assert await served.is_served()
    assert neighbour not in [record for record, _ in dead_letter_topic]
    assert all(reason for _, reason in dead_letter_topic)
    assert _dead_letter_topic(group) - before == len(dead_letter_topic)


@everywhere
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.DESCRIPTOR.name)
def test_event_of_each_kind_that_is_empty_or_no_message_holds_up_nobody(
    group: str, kind: type[Message]
) -> None:
    empty = as_record(kind(), key=1)
    asyncio.run(_work_through(group, [empty, empty._replace(value=b"\xff\xff"), empty]))


def _dead_letter_topic(group: str) -> float:
    labels = {"group": group, "type": "", "outcome": "dead-lettered"}
    return REGISTRY.get_sample_value("roost_events_handled_total", labels) or 0.0

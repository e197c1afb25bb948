"""Turns domain events into activities and withdraws them when they are undone: each event once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.local_time import DaySettings
from services.delivery.domain.schedule import Notified, Schedule
from services.notification.domain.domain_events import (
    AccountDeleted,
    Blocked,
    Envelope,
    Envelopes,
    MuteChanged,
    PostCreated,
    PostDeleted,
    ProfileChanged,
    SessionEnded,
    Unfollowed,
)
from services.notification.domain.model import (
    Activity,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Relationship,
    topic,
    topic_of,
)
from services.notification.domain.ports import Graph, Pair
from services.notification.domain.recipients import (
    Author,
    Candidate,
    candidates,
    deciders,
    notified_kind,
    watching,
    withdrawals,
)
from services.notification.domain.regrouping import regroup
from services.notification.domain.store import NotificationStore, NotificationTransaction

CONSUMER = "notification.events"

# The recipients of one transaction.
AT_ONCE = 500


class Ids(Protocol):
    """Creates ids that sort by time."""

    async def make(self, bucket: int) -> int:
        """A new id in the bucket."""
        ...


class _Step(NamedTuple):
    """A domain event, with candidates for one transaction."""

    envelope: Envelope
    candidates: Sequence[Candidate]
    # The last watcher among the candidates, if there are more watchers; 0 otherwise.
    watchers_after: int = 0


class _DecisionInputs(NamedTuple):
    """What decides about candidates."""

    relationships: Mapping[Pair, Relationship]
    kind_preferences: Mapping[int, Mapping[Kind, KindPreference]]
    protected: Collection[int]


class _Added(NamedTuple):
    """The activities that one transaction added."""

    activity_ids: Collection[int]
    # Recipient and topic of those that were not withdrawn before.
    new_topics: Collection[tuple[int, str]]


class Notifier:
    """Applies domain events to activities and their groups.

    The relationship of two users is queried under the recipient's lock. If the answer does not
    include a block or a mute yet, its event comes later, waits for the lock, and finds the
    activity.
    """

    def __init__(
        self,
        *,
        store: NotificationStore,
        graph: Graph,
        ids: Ids,
        schedule: Schedule,
        clock: Clock,
        at_once: int = AT_ONCE,
    ) -> None:
        self._store = store
        self._graph = graph
        self._ids = ids
        self._schedule = schedule
        self._clock = clock
        self._at_once = at_once

    async def handle(self, envelopes: Envelopes) -> None:
        """Applies the events of one partition in their order. Events that were applied before do
        nothing.

        One transaction has up to `at_once` recipients. If the author of a post has more watchers,
        the others are notified in further transactions, which may be repeated.
        """
        steps = [await self._step(envelope) for envelope in envelopes]
        for part in _parts(steps, self._at_once):
            await self._handle_batch(part)
        for step in steps:
            if step.watchers_after:
                await self._notify_remaining_watchers(step)

    async def _handle_batch(self, steps: Sequence[_Step]) -> None:
        event_ids = [step.envelope.event_id for step in steps]

        async def effect(transaction: NotificationTransaction) -> None:
            unseen = await transaction.first_seen_of(CONSUMER, event_ids)
            new = []
            for step in steps:
                # An event may occur twice in a batch.
                if step.envelope.event_id in unseen:
                    unseen.remove(step.envelope.event_id)
                    new.append(step)
            await self._apply(transaction, new)

        await in_transaction(self._store.transaction, effect)

    async def _step(self, envelope: Envelope) -> _Step:
        found = candidates(envelope.domain_event)
        match envelope.domain_event:
            case PostCreated(post) if post.announced:
                page = await self._store.watchers(post.author_id, after=0, limit=self._at_once)
                notified_ids = {each.recipient_id for each in found}
                watchers_after = page[-1] if len(page) == self._at_once else 0
                return _Step(
                    envelope,
                    found + watching(post, page, notified_ids=notified_ids),
                    watchers_after,
                )
        return _Step(envelope, found)

    async def _apply(self, transaction: NotificationTransaction, steps: Sequence[_Step]) -> None:
        all_candidates = [each for step in steps for each in step.candidates]
        await transaction.lock_recipients(
            {each.recipient_id for each in all_candidates}.union(
                *(_affected_by(step.envelope) for step in steps)
            )
        )
        inputs = await self._decision_inputs(transaction, all_candidates)
        keys: set[GroupKey] = set()
        activity_ids: set[int] = set()
        new_topics: set[tuple[int, str]] = set()
        for envelope, found, _ in steps:
            keys.update(await self._undo(transaction, envelope))
            activities = await self._activities(envelope, found, inputs)
            if activities:
                added = await transaction.add(activities)
                keys.update(each.key for each in added)
                activity_ids.update(each.activity_id for each in added)
                first_time = {each.activity_id for each in added if not each.again}
                new_topics.update(
                    (each.recipient_id, topic(each.kind, each.post_id, each.actor_id))
                    for each in activities
                    if each.id in first_time
                )
        changes = await regroup(transaction, keys, now=self._clock.now())
        await self._deliver(
            transaction, changes, _Added(activity_ids, new_topics), inputs.kind_preferences
        )

    async def _decision_inputs(
        self, transaction: NotificationTransaction, found: Sequence[Candidate]
    ) -> _DecisionInputs:
        if not found:
            return _DecisionInputs({}, {}, ())
        pairs = dict.fromkeys((each.recipient_id, each.actor_id) for each in found)
        authors = {each.actor_id for each in found if each.post is not None}
        for each in found:
            above = deciders(each)
            authors |= above
            pairs.update(dict.fromkeys((each.recipient_id, user_id) for user_id in sorted(above)))
        return _DecisionInputs(
            relationships=await self._graph.relationships(list(pairs)),
            kind_preferences=await transaction.kind_preferences(
                {each.recipient_id for each in found}
            ),
            protected=await transaction.protected(authors) if authors else (),
        )

    async def _deliver(
        self,
        transaction: NotificationTransaction,
        changes: Sequence[GroupChange],
        added: _Added,
        kind_preferences: Mapping[int, Mapping[Kind, KindPreference]],
    ) -> None:
        """Schedules deliveries for groups whose newest activity is new. A group that is shown
        again, or that lost its newest activity, is not delivered."""
        days = await transaction.days({each.recipient_id for each in changes})
        notified = [
            Notified(
                recipient_id,
                after.id,
                topic_of(after),
                push=kind_preferences.get(recipient_id, {}).get(after.kind, KindPreference()).push,
                again=(recipient_id, topic_of(after)) not in added.new_topics,
                time_zone=days.get(recipient_id, DaySettings()).time_zone,
            )
            for recipient_id, _, after in changes
            if after is not None and after.id in added.activity_ids
        ]
        if notified:
            now = self._clock.now()
            await transaction.add_due(self._schedule.due(notified, now), now)

    async def _activities(
        self, envelope: Envelope, found: Sequence[Candidate], inputs: _DecisionInputs
    ) -> list[Activity]:
        activities = []
        for each in found:
            relationship = inputs.relationships[each.recipient_id, each.actor_id]
            kind = notified_kind(
                each,
                relationship,
                inputs.kind_preferences.get(each.recipient_id, {}),
                protected=each.actor_id in inputs.protected,
                above={
                    user_id: Author(
                        inputs.relationships[each.recipient_id, user_id].following,
                        user_id in inputs.protected,
                    )
                    for user_id in deciders(each)
                },
            )
            if kind is not None:
                activities.append(
                    Activity(
                        id=await self._ids.make(bucket_of(each.recipient_id)),
                        recipient_id=each.recipient_id,
                        kind=kind,
                        post_id=each.post_id,
                        actor_id=each.actor_id,
                        conversation_id=each.conversation_id,
                        time=envelope.time,
                        muted=relationship.muting,
                    )
                )
        return activities

    async def _undo(
        self, transaction: NotificationTransaction, envelope: Envelope
    ) -> list[GroupKey]:
        match envelope.domain_event:
            case Blocked(one_id, other_id):
                return await transaction.withdraw_between(one_id, other_id, self._clock.now())
            case MuteChanged(muter_id, muted_id, muting):
                return await transaction.set_actor_muted(muter_id, muted_id, muted=muting)
            case ProfileChanged(user_id, protected):
                await transaction.set_protected(user_id, protected=protected)
                return []
            case PostDeleted(post_id, author_id):
                await transaction.record_deleted_post(post_id, self._clock.now())
                return await transaction.drop_post(post_id, [author_id])
            case AccountDeleted(user_id):
                await transaction.record_deleted_user(user_id, self._clock.now())
                return []
            case SessionEnded(user_id, session_id):
                await transaction.end_session(user_id, session_id, envelope.time)
                return []
            case Unfollowed(follower_id, followee_id):
                # A watch that began after the event remains.
                await transaction.unwatch([follower_id], followee_id, until=envelope.time)
        keys: list[GroupKey] = []
        for recipient_id, actor_id, kinds, post_id in withdrawals(envelope.domain_event):
            keys += await transaction.withdraw(
                recipient_id,
                actor_id=actor_id,
                post_id=post_id,
                kinds=kinds,
                now=self._clock.now(),
            )
        return keys

    async def _notify_remaining_watchers(self, first: _Step) -> None:
        assert isinstance(first.envelope.domain_event, PostCreated)  # noqa: S101 - only these have watchers
        post = first.envelope.domain_event.post
        notified_ids = {each.recipient_id for each in candidates(first.envelope.domain_event)}
        after = first.watchers_after
        while after:
            page = await self._store.watchers(post.author_id, after=after, limit=self._at_once)
            step = _Step(first.envelope, watching(post, page, notified_ids=notified_ids))

            async def effect(transaction: NotificationTransaction, step: _Step = step) -> None:
                await self._apply(transaction, [step])

            await in_transaction(self._store.transaction, effect)
            after = page[-1] if len(page) == self._at_once else 0


def _parts(steps: Sequence[_Step], most: int) -> Iterator[list[_Step]]:
    """The steps in their order, split so that a part has at most `most` candidates, or one step."""
    part: list[_Step] = []
    size = 0
    for step in steps:
        size += len(step.candidates)
        if part and size > most:
            yield part
            part, size = [], len(step.candidates)
        part.append(step)
    if part:
        yield part


def _affected_by(envelope: Envelope) -> set[int]:
    """The recipients, besides candidates, whose activities change."""
    match envelope.domain_event:
        case Blocked(one_id, other_id):
            return {one_id, other_id}
        case MuteChanged(muter_id):
            return {muter_id}
        case PostDeleted(_, author_id):
            return {author_id}
        case AccountDeleted(user_id) | SessionEnded(user_id):
            return {user_id}
    return {each.recipient_id for each in withdrawals(envelope.domain_event)}

"""Tells people what happened, and takes it back when it is undone: each event once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.schedule import (
    NotifiedGroup,
    Schedule,
    topic,
    topic_of,
)
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
    DaySettings,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Relationship,
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
from services.notification.domain.regrouping import settle
from services.notification.domain.store import NotificationStore, NotificationTransaction

CONSUMER = "notification.events"

# How many people one transaction tells of one post, or takes it back from.
AT_ONCE = 500


class Ids(Protocol):
    """Makes ids that sort by time."""

    async def make(self, bucket: int) -> int:
        """A new id in the bucket."""
        ...


class _Work(NamedTuple):
    """A cause, and who may be told of it."""

    envelope: Envelope
    candidates: Sequence[Candidate]
    # Where those who watch the author go on; 0 if all are among the candidates.
    watchers_after: int = 0


class _DecisionInputs(NamedTuple):
    """What decides about candidates."""

    relationships: Mapping[Pair, Relationship]
    kind_preferences: Mapping[int, Mapping[Kind, KindPreference]]
    protected: Collection[int]


class _Added(NamedTuple):
    """What one transaction tells."""

    # The ids of what was added.
    made: Collection[int]
    # By recipient, the topics of those that were not there before.
    fresh: Collection[tuple[int, str]]


class Notifier:
    """Brings causes into what people are told.

    How two people stand is asked under the lock of the one who is told. So a block or a mute that
    the answer does not know yet comes as an event later, waits for the lock, and finds the deed.
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
        """Brings in the causes of one partition, in their order; those heard before do nothing.

        As many in one transaction as tell some hundreds of people. Where very many watch the
        author of a post, further ones are told in steps of their own, which may be repeated.
        """
        works = [await self._case(envelope) for envelope in envelopes]
        for part in _parts(works, self._at_once):
            await self._handle_batch(part)
        for case in works:
            if case.watchers_after:
                await self._notify_remaining_watchers(case)

    async def _handle_batch(self, works: Sequence[_Work]) -> None:
        event_ids = [case.envelope.event_id for case in works]

        async def effect(transaction: NotificationTransaction) -> None:
            unheard = await transaction.first_seen_of(CONSUMER, event_ids)
            fresh = []
            for case in works:
                # Taken out, since an event may stand in a batch twice.
                if case.envelope.event_id in unheard:
                    unheard.remove(case.envelope.event_id)
                    fresh.append(case)
            await self._apply(transaction, fresh)

        await in_transaction(self._store.transaction, effect)

    async def _case(self, envelope: Envelope) -> _Work:
        found = candidates(envelope.domain_event)
        match envelope.domain_event:
            case PostCreated(post) if post.announced:
                page = await self._store.watchers(post.author_id, after=0, limit=self._at_once)
                notified_ids = {each.recipient_id for each in found}
                watchers_after = page[-1] if len(page) == self._at_once else 0
                return _Work(
                    envelope,
                    found + watching(post, page, notified_ids=notified_ids),
                    watchers_after,
                )
        return _Work(envelope, found)

    async def _apply(self, transaction: NotificationTransaction, works: Sequence[_Work]) -> None:
        everybody = [each for case in works for each in case.candidates]
        await transaction.lock_recipients(
            {each.recipient_id for each in everybody}.union(
                *(_touched_by(case.envelope) for case in works)
            )
        )
        known = await self._known(transaction, everybody)
        keys: set[GroupKey] = set()
        made: set[int] = set()
        fresh: set[tuple[int, str]] = set()
        for envelope, found, _ in works:
            keys.update(await self._undo(transaction, envelope))
            activities = await self._activities(envelope, found, known)
            if activities:
                added = await transaction.add(activities)
                keys.update(each.key for each in added)
                made.update(each.activity_id for each in added)
                first_time = {each.activity_id for each in added if not each.again}
                fresh.update(
                    (each.recipient_id, topic(each.kind, each.post_id, each.actor_id))
                    for each in activities
                    if each.id in first_time
                )
        changes = await settle(transaction, keys, now=self._clock.now())
        await self._deliver(transaction, changes, _Added(made, fresh), known.kind_preferences)

    async def _known(
        self, transaction: NotificationTransaction, found: Sequence[Candidate]
    ) -> _DecisionInputs:
        if not found:
            return _DecisionInputs({}, {}, ())
        pairs = dict.fromkeys((each.recipient_id, each.actor_id) for each in found)
        authors = {each.actor_id for each in found if each.post is not None}
        for each in found:
            above = deciders(each)
            authors |= above
            pairs.update(dict.fromkeys((each.recipient_id, who) for who in sorted(above)))
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
        news: _Added,
        kind_preferences: Mapping[int, Mapping[Kind, KindPreference]],
    ) -> None:
        """Has those groups delivered outside the app whose newest deed is new: what shows up
        again, or loses its newest deed, is no news."""
        days = await transaction.days({each.recipient_id for each in changes})
        notified_ids = [
            NotifiedGroup(
                recipient_id,
                after,
                push=kind_preferences.get(recipient_id, {}).get(after.kind, KindPreference()).push,
                again=(recipient_id, topic_of(after)) not in news.fresh,
                time_zone=days.get(recipient_id, DaySettings()).time_zone,
            )
            for recipient_id, _, after in changes
            if after is not None and after.id in news.made
        ]
        if notified_ids:
            now = self._clock.now()
            await transaction.add_due(self._schedule.due(notified_ids, now), now)

    async def _activities(
        self, envelope: Envelope, found: Sequence[Candidate], known: _DecisionInputs
    ) -> list[Activity]:
        activities = []
        for each in found:
            relationships = known.relationships[each.recipient_id, each.actor_id]
            kind = notified_kind(
                each,
                relationships,
                known.kind_preferences.get(each.recipient_id, {}),
                protected=each.actor_id in known.protected,
                above={
                    who: Author(
                        known.relationships[each.recipient_id, who].following,
                        who in known.protected,
                    )
                    for who in deciders(each)
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
                        muted=relationships.muting,
                    )
                )
        return activities

    async def _undo(
        self, transaction: NotificationTransaction, envelope: Envelope
    ) -> list[GroupKey]:
        match envelope.domain_event:
            case Blocked(one_id, other_id):
                return await transaction.part(one_id, other_id, self._clock.now())
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
                # A watch that began since is one of its own.
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

    async def _notify_remaining_watchers(self, case: _Work) -> None:
        assert isinstance(case.envelope.domain_event, PostCreated)  # noqa: S101 - only these have further ones
        post = case.envelope.domain_event.post
        notified_ids = {each.recipient_id for each in candidates(case.envelope.domain_event)}
        after = case.watchers_after
        while after:
            page = await self._store.watchers(post.author_id, after=after, limit=self._at_once)
            step = _Work(case.envelope, watching(post, page, notified_ids=notified_ids))

            async def effect(transaction: NotificationTransaction, step: _Work = step) -> None:
                await self._apply(transaction, [step])

            await in_transaction(self._store.transaction, effect)
            after = page[-1] if len(page) == self._at_once else 0


def _parts(works: Sequence[_Work], most: int) -> Iterator[list[_Work]]:
    """The cases in their order, cut where a part would have more candidates than `most`."""
    part: list[_Work] = []
    size = 0
    for case in works:
        size += len(case.candidates)
        if part and size > most:
            yield part
            part, size = [], len(case.candidates)
        part.append(case)
    if part:
        yield part


def _touched_by(envelope: Envelope) -> set[int]:
    """Whose deeds change besides those of candidates."""
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

"""Tells people what happened, and takes it back when it is undone: each event once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.schedule import (
    Schedule,
    Told,
    topic,
    topic_of,
)
from services.notification.domain.domain_events import (
    Causes,
    Heard,
    MuteChanged,
    Parted,
    PersonLeft,
    PostGone,
    ProfileChanged,
    SessionEnded,
    Unfollowed,
    Written,
)
from services.notification.domain.model import (
    DaySettings,
    Deed,
    GroupChange,
    GroupKey,
    Kind,
    Ties,
    Wish,
)
from services.notification.domain.ports import Graph, Pair
from services.notification.domain.recipients import (
    Author,
    Candidate,
    candidates,
    deciders,
    kind_told,
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


class _Case(NamedTuple):
    """A cause, and who may be told of it."""

    heard: Heard
    candidates: Sequence[Candidate]
    # Where those who watch the author go on; 0 if all are among the candidates.
    further_after: int = 0


class _Known(NamedTuple):
    """What decides about candidates."""

    ties: Mapping[Pair, Ties]
    wishes: Mapping[int, Mapping[Kind, Wish]]
    protected: Collection[int]


class _News(NamedTuple):
    """What one transaction tells."""

    # The ids of what was added.
    made: Collection[int]
    # By recipient, the topics of those that were not there before.
    fresh: Collection[tuple[int, str]]


class Telling:
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

    async def hear(self, causes: Causes) -> None:
        """Brings in the causes of one partition, in their order; those heard before do nothing.

        As many in one transaction as tell some hundreds of people. Where very many watch the
        author of a post, further ones are told in steps of their own, which may be repeated.
        """
        cases = [await self._case(heard) for heard in causes]
        for part in _parts(cases, self._at_once):
            await self._hear_part(part)
        for case in cases:
            if case.further_after:
                await self._tell_further(case)

    async def _hear_part(self, cases: Sequence[_Case]) -> None:
        event_ids = [case.heard.event_id for case in cases]

        async def effect(transaction: NotificationTransaction) -> None:
            unheard = await transaction.first_seen_of(CONSUMER, event_ids)
            fresh = []
            for case in cases:
                # Taken out, since an event may stand in a batch twice.
                if case.heard.event_id in unheard:
                    unheard.remove(case.heard.event_id)
                    fresh.append(case)
            await self._bring_in(transaction, fresh)

        await in_transaction(self._store.transaction, effect)

    async def _case(self, heard: Heard) -> _Case:
        found = candidates(heard.cause)
        match heard.cause:
            case Written(post) if post.announced:
                page = await self._store.watchers(post.author_id, after=0, limit=self._at_once)
                told = {each.recipient_id for each in found}
                further_after = page[-1] if len(page) == self._at_once else 0
                return _Case(heard, found + watching(post, page, told=told), further_after)
        return _Case(heard, found)

    async def _bring_in(self, transaction: NotificationTransaction, cases: Sequence[_Case]) -> None:
        everybody = [each for case in cases for each in case.candidates]
        await transaction.lock_recipients(
            {each.recipient_id for each in everybody}.union(
                *(_touched_by(case.heard) for case in cases)
            )
        )
        known = await self._known(transaction, everybody)
        keys: set[GroupKey] = set()
        made: set[int] = set()
        fresh: set[tuple[int, str]] = set()
        for heard, found, _ in cases:
            keys.update(await self._undo(transaction, heard))
            deeds = await self._deeds(heard, found, known)
            if deeds:
                added = await transaction.add(deeds)
                keys.update(each.key for each in added)
                made.update(each.deed_id for each in added)
                first_time = {each.deed_id for each in added if not each.again}
                fresh.update(
                    (each.recipient_id, topic(each.kind, each.post_id, each.actor_id))
                    for each in deeds
                    if each.id in first_time
                )
        changes = await settle(transaction, keys, now=self._clock.now())
        await self._deliver(transaction, changes, _News(made, fresh), known.wishes)

    async def _known(
        self, transaction: NotificationTransaction, found: Sequence[Candidate]
    ) -> _Known:
        if not found:
            return _Known({}, {}, ())
        pairs = dict.fromkeys((each.recipient_id, each.actor_id) for each in found)
        authors = {each.actor_id for each in found if each.post is not None}
        for each in found:
            above = deciders(each)
            authors |= above
            pairs.update(dict.fromkeys((each.recipient_id, who) for who in sorted(above)))
        return _Known(
            ties=await self._graph.ties(list(pairs)),
            wishes=await transaction.wishes({each.recipient_id for each in found}),
            protected=await transaction.protected(authors) if authors else (),
        )

    async def _deliver(
        self,
        transaction: NotificationTransaction,
        changes: Sequence[GroupChange],
        news: _News,
        wishes: Mapping[int, Mapping[Kind, Wish]],
    ) -> None:
        """Has those groups delivered outside the app whose newest deed is new: what shows up
        again, or loses its newest deed, is no news."""
        days = await transaction.days({each.recipient_id for each in changes})
        told = [
            Told(
                recipient_id,
                after,
                push=wishes.get(recipient_id, {}).get(after.kind, Wish()).push,
                again=(recipient_id, topic_of(after)) not in news.fresh,
                time_zone=days.get(recipient_id, DaySettings()).time_zone,
            )
            for recipient_id, _, after in changes
            if after is not None and after.id in news.made
        ]
        if told:
            now = self._clock.now()
            await transaction.add_due(self._schedule.due(told, now), now)

    async def _deeds(self, heard: Heard, found: Sequence[Candidate], known: _Known) -> list[Deed]:
        deeds = []
        for each in found:
            ties = known.ties[each.recipient_id, each.actor_id]
            kind = kind_told(
                each,
                ties,
                known.wishes.get(each.recipient_id, {}),
                protected=each.actor_id in known.protected,
                above={
                    who: Author(
                        known.ties[each.recipient_id, who].following, who in known.protected
                    )
                    for who in deciders(each)
                },
            )
            if kind is not None:
                deeds.append(
                    Deed(
                        id=await self._ids.make(bucket_of(each.recipient_id)),
                        recipient_id=each.recipient_id,
                        kind=kind,
                        post_id=each.post_id,
                        actor_id=each.actor_id,
                        conversation_id=each.conversation_id,
                        time=heard.time,
                        muted=ties.muting,
                    )
                )
        return deeds

    async def _undo(self, transaction: NotificationTransaction, heard: Heard) -> list[GroupKey]:
        match heard.cause:
            case Parted(one_id, other_id):
                return await transaction.part(one_id, other_id, self._clock.now())
            case MuteChanged(muter_id, muted_id, muting):
                return await transaction.set_actor_muted(muter_id, muted_id, muted=muting)
            case ProfileChanged(user_id, protected):
                await transaction.set_protected(user_id, protected=protected)
                return []
            case PostGone(post_id, author_id):
                await transaction.note_post_gone(post_id, self._clock.now())
                return await transaction.drop_post(post_id, [author_id])
            case PersonLeft(user_id):
                await transaction.note_person_gone(user_id, self._clock.now())
                return []
            case SessionEnded(user_id, session_id):
                await transaction.end_session(user_id, session_id, heard.time)
                return []
            case Unfollowed(follower_id, followee_id):
                # A watch that began since is one of its own.
                await transaction.unwatch([follower_id], followee_id, until=heard.time)
        keys: list[GroupKey] = []
        for recipient_id, actor_id, kinds, post_id in withdrawals(heard.cause):
            keys += await transaction.withdraw(
                recipient_id,
                actor_id=actor_id,
                post_id=post_id,
                kinds=kinds,
                now=self._clock.now(),
            )
        return keys

    async def _tell_further(self, case: _Case) -> None:
        assert isinstance(case.heard.cause, Written)  # noqa: S101 - only these have further ones
        post = case.heard.cause.post
        told = {each.recipient_id for each in candidates(case.heard.cause)}
        after = case.further_after
        while after:
            page = await self._store.watchers(post.author_id, after=after, limit=self._at_once)
            step = _Case(case.heard, watching(post, page, told=told))

            async def effect(transaction: NotificationTransaction, step: _Case = step) -> None:
                await self._bring_in(transaction, [step])

            await in_transaction(self._store.transaction, effect)
            after = page[-1] if len(page) == self._at_once else 0


def _parts(cases: Sequence[_Case], most: int) -> Iterator[list[_Case]]:
    """The cases in their order, cut where a part would have more candidates than `most`."""
    part: list[_Case] = []
    size = 0
    for case in cases:
        size += len(case.candidates)
        if part and size > most:
            yield part
            part, size = [], len(case.candidates)
        part.append(case)
    if part:
        yield part


def _touched_by(heard: Heard) -> set[int]:
    """Whose deeds change besides those of candidates."""
    match heard.cause:
        case Parted(one_id, other_id):
            return {one_id, other_id}
        case MuteChanged(muter_id):
            return {muter_id}
        case PostGone(_, author_id):
            return {author_id}
        case PersonLeft(user_id) | SessionEnded(user_id):
            return {user_id}
    return {each.recipient_id for each in withdrawals(heard.cause)}

"""Which event leads to which act."""

from roost.user.v1.user_events_pb2 import SessionRevoked, UserDeleted

from services.chassis.bus import Routes
from services.chassis.events import Event
from services.notification.store import NotificationStore

GROUP = "notification.events"
TOPICS = ("roost.user.v1", "roost.post.v1", "roost.timeline.v1")


def routes(store: NotificationStore) -> Routes:
    """What becomes of events in what people are told."""

    async def left(_: Event, body: UserDeleted) -> None:
        # May be repeated, so it needs no inbox row.
        async with store.transaction() as transaction:
            await transaction.lock_recipients([body.user_id])
            await transaction.forget_person(body.user_id)

    async def ended(event: Event, body: SessionRevoked) -> None:
        async with store.transaction() as transaction:
            await transaction.lock_recipients([body.user_id])
            await transaction.end_session(body.user_id, body.session_id, event.time)

    made = Routes()
    made.on(UserDeleted, left)
    made.on(SessionRevoked, ended)
    return made

"""What the Post service does when it hears of something that is gone."""

from roost.post.v1.post_events_pb2 import PostDeleted
from roost.user.v1.user_events_pb2 import UserDeleted

from services.chassis.bus import Routes
from services.chassis.events import Event
from services.post.departures import Departures
from services.post.events import TOPIC

GROUP = "post.departures"
# Its own topic as well: what a deletion leaves to be done survives any restart that way.
TOPICS = ("roost.user.v1", TOPIC)


def routes(departures: Departures) -> Routes:
    """Handlers of events. Each may run again: it finds less to do, or nothing."""

    async def on_user_deleted(event: Event, gone: UserDeleted) -> None:
        await departures.person_left(gone.user_id)

    async def on_post_deleted(event: Event, gone: PostDeleted) -> None:
        await departures.post_left(gone.post_id, gone.author_id)

    handlers = Routes()
    handlers.on(UserDeleted, on_user_deleted)
    handlers.on(PostDeleted, on_post_deleted)
    return handlers

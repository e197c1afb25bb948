"""What may be subscribed to. Each event is the root of a result of its own."""

from typing import Annotated

import strawberry

from gateway.graphql.fields import loaded, shown
from gateway.graphql.types.notifications import Notification
from gateway.graphql.types.posts import Post
from gateway.graphql.types.timelines import TimelineItem


@strawberry.type(description="A notification came or changed, or is gone: undone, or hidden.")
class NotificationEvent:
    """Either `notification` or `withdrawn_id` is null."""

    notification: Notification | None = strawberry.field(
        description="The notification that came, or changed; null where one is gone."
    )
    replaces_id: strawberry.ID | None = strawberry.field(
        description="The id that the notification had before it changed, which no list has now; "
        "null where it is new."
    )
    withdrawn_id: strawberry.ID | None = strawberry.field(
        description="The id of the notification that is gone; null where one came."
    )


@strawberry.type(description="What became of a post, at most once a second.")
class PostActivity:
    """As it is when it is told."""

    post: Post | None = strawberry.field(
        description="The post as it is now; null where it is gone, and then nothing follows."
    )
    replies: list[Post] = strawberry.field(
        description="New direct replies, oldest first, 20 at most; read the list for more."
    )


@strawberry.type(description="What may be subscribed to, over `graphql-transport-ws`.")
class Subscription:
    """One event, as the root of its result."""

    arrival: strawberry.Private[TimelineItem | None] = None
    told: strawberry.Private[NotificationEvent | None] = None
    activity: strawberry.Private[PostActivity | None] = None

    @shown("Posts and reposts as they come to one's home timeline.")
    def home_arrivals(self) -> TimelineItem | None:
        """The arrival that happened."""
        return self.arrival

    @shown("What happens to oneself, as it happens.")
    def notifications(self) -> NotificationEvent | None:
        """The notification that was told."""
        return self.told

    @loaded(
        "A post's counts and new replies: as it is now, and whenever it changes, at most once a "
        "second."
    )
    def post_activity(
        self,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a post.")],  # noqa: A002
    ) -> PostActivity | None:
        """What became of the post."""
        return self.activity

"""What may be subscribed to. Each event is the root of a result of its own."""

from typing import Annotated

import strawberry

from gateway.api.events.types import Event, NotificationEvent, Topic
from gateway.api.posts.types import Post
from gateway.api.timelines.types import TimelineItem
from gateway.protocols.graphql.fields import MOST, computed, resolved
from gateway.protocols.graphql.scalars import Sequence
from gateway.protocols.stream.hashtag_news import MOST_NEW


@strawberry.type(description="What became of a post, at most once a second.")
class PostActivity:
    """As it is when the event is sent."""

    post: Post | None = strawberry.field(
        description="The post as it is now; null where it is gone, and then nothing follows."
    )
    replies: list[Post] = strawberry.field(
        description="New direct replies, oldest first, 20 at most; read the list for more."
    )


@strawberry.type(description="New posts with a hashtag, at most once a second.")
class HashtagActivity:
    """As they are when the event is sent."""

    posts: list[Post] = strawberry.field(
        description="Oldest first, 20 at most; read the list for more. Each comes once.",
        metadata={MOST: MOST_NEW},
    )


@strawberry.type(description="What may be subscribed to, over `graphql-transport-ws`.")
class Subscription:
    """One event, as the root of its result."""

    arrival: strawberry.Private[TimelineItem | None] = None
    notification: strawberry.Private[NotificationEvent | None] = None
    activity: strawberry.Private[PostActivity | None] = None
    new_posts: strawberry.Private[HashtagActivity | None] = None
    event: strawberry.Private[Event | None] = None

    @resolved(
        "The caller's log, which resumes: every event of these topics after a sequence, "
        "then what is new, "
        "each once and in order, or a `Gap` where some cannot be had. An event without a change "
        "comes once the log is read to its end, and regularly while nothing happens.",
        cost=20,
    )
    def events(
        self,
        topics: Annotated[
            list[Topic], strawberry.argument(description="The topics: one at least.")
        ],
        after: Annotated[
            Sequence | None,
            strawberry.argument(
                description="The `sequence` of the last event that was handled; null to begin now."
            ),
        ] = None,
    ) -> Event | None:
        """The event of this result."""
        return self.event

    @computed(
        "Posts and reposts as they come to the caller's home timeline, from now on: see `events`."
    )
    def home_arrivals(self) -> TimelineItem | None:
        """The arrival that happened."""
        return self.arrival

    @computed("Notifications of the caller, as they come, from now on: see `events`.")
    def notifications(self) -> NotificationEvent | None:
        """The notification of this result."""
        return self.notification

    @resolved(
        "A post's counts and new replies: as it is now, and whenever it changes, at most once a "
        "second."
    )
    def post_activity(
        self,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a post.")],  # noqa: A002
    ) -> PostActivity | None:
        """What became of the post."""
        return self.activity

    @resolved(
        "New posts with a hashtag that the caller may see, without muted users, from now on, at "
        "most once a second."
    )
    def hashtag_activity(
        self,
        tag: Annotated[
            str,
            strawberry.argument(description="The hashtag without its #, in any spelling."),
        ],
    ) -> HashtagActivity | None:
        """The posts of this result."""
        return self.new_posts

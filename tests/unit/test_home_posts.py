"""Which posts belong on homes, in one table for the services that decide it.

The Post service decides when a home is rebuilt, the Timeline service when a post is fanned out, and
the Notification service when it notifies users who watch the author. They may not import each
other, so one table tests all three over all combinations.
"""

from dataclasses import dataclass
from itertools import product

import pytest

from services.notification.domain import domain_events
from services.notification.domain import model as notification_model
from services.post.domain.model import Post, Visibility
from services.post.domain.visibility import belongs_on_homes
from services.post.rpc.convert import to_post
from services.timeline.rpc import convert as timeline_convert
from tests.builders.posts import a_post

AUTHOR, OTHER = 1, 2
PUBLIC, FOLLOWERS, MENTIONED = Visibility


@dataclass(frozen=True)
class Case:
    visibility: Visibility
    # 0 for a post that is not a reply.
    parent_author_id: int

    def post(self) -> Post:
        parent = a_post(10, self.parent_author_id) if self.parent_author_id else None
        return a_post(11, AUTHOR, answers=parent, visibility=self.visibility)


def by_post_service(case: Case) -> bool:
    return belongs_on_homes(case.post())


def by_timeline_service(case: Case) -> bool:
    return timeline_convert.home_entry(to_post(case.post())) is not None


def by_notification_service(case: Case) -> bool:
    return domain_events.Post(
        id=11,
        author_id=AUTHOR,
        visibility=notification_model.Visibility(case.visibility),
        conversation_id=10,
        reply_to_author_id=case.parent_author_id,
        mentioned_ids=frozenset(),
    ).announced


DECIDERS = {
    "post": by_post_service,
    "timeline": by_timeline_service,
    "notification": by_notification_service,
}
BELONGS = {Case(visibility, parent) for visibility in (PUBLIC, FOLLOWERS) for parent in (0, AUTHOR)}


@pytest.mark.parametrize("service", DECIDERS)
@pytest.mark.parametrize(
    "case", [Case(*each) for each in product(Visibility, (0, AUTHOR, OTHER))], ids=str
)
def test_a_post_belongs_on_homes_unless_it_answers_others_or_is_for_mentioned_users(
    service: str, case: Case
) -> None:
    assert DECIDERS[service](case) == (case in BELONGS)

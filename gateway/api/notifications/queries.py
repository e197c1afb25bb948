"""The caller's notifications."""

from collections.abc import Iterable, Sequence

from roost.notification.v1.notification_pb2 import NotificationGroup, NotificationKind
from roost.notification.v1.notification_service_pb2 import ListNotificationsRequest

from gateway.api.notifications import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated, hydrate_groups
from gateway.core.pipeline import Page, Skeleton, read_page

# Each brings up to five users along, and one call loads 200.
MAX_NOTIFICATIONS = 40


async def list_notifications(
    backends: Backends, *, kinds: Iterable[NotificationKind], token: str, size: int
) -> Page[NotificationGroup]:
    """A page of notifications, newest first: two calls. No kinds stand for all."""
    wanted = list(kinds)

    async def groups(token: str, size: int) -> Skeleton[NotificationGroup]:
        response = await backends.notifications.ListNotifications(
            ListNotificationsRequest(
                kinds=wanted, page_size=min(size, MAX_NOTIFICATIONS), page_token=token
            )
        )
        following = response.next_group if response.HasField("next_group") else None
        return Skeleton(list(response.groups), response.next_page_token, next_entry=following)

    async def bodies(found: Sequence[NotificationGroup]) -> Hydrated:
        return await hydrate_groups(backends, found)

    return await read_page(
        groups, rules.is_notification_shown, token=token, size=size, hydrate=bodies
    )

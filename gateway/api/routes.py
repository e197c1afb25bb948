"""All routes, by the resource that they are about; every version serves them."""

from gateway.api.delivery.rest import delivery
from gateway.api.engagement.rest import engagement
from gateway.api.events.rest import stream
from gateway.api.hashtags.rest import hashtags
from gateway.api.media.rest import media
from gateway.api.notifications.rest import notifications
from gateway.api.posts.rest import posts
from gateway.api.relationships.rest import graph
from gateway.api.search.rest import search
from gateway.api.sessions.cookies import cookie_sessions
from gateway.api.sessions.rest import sessions
from gateway.api.timelines.rest import timelines
from gateway.api.users.rest import users
from gateway.protocols.rest.routes import Routes

SECTIONS: tuple[Routes, ...] = (
    users,
    sessions,
    cookie_sessions,
    graph,
    posts,
    media,
    engagement,
    timelines,
    search,
    hashtags,
    notifications,
    delivery,
    stream,
)

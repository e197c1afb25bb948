"""All routes, by the resource that they are about; every version serves them."""

from gateway.rest.resources.delivery import delivery
from gateway.rest.resources.engagement import engagement
from gateway.rest.resources.graph import graph
from gateway.rest.resources.notifications import notifications
from gateway.rest.resources.posts import posts
from gateway.rest.resources.sessions import sessions
from gateway.rest.resources.stream import stream
from gateway.rest.resources.timelines import timelines
from gateway.rest.resources.users import users
from gateway.rest.routes import Routes

SECTIONS: tuple[Routes, ...] = (
    users,
    sessions,
    graph,
    posts,
    engagement,
    timelines,
    notifications,
    delivery,
    stream,
)

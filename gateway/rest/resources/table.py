"""All routes, by the resource that they are about; every version serves them."""

from gateway.rest.routes import Routes
from gateway.rest.v1.delivery import delivery
from gateway.rest.v1.engagement import engagement
from gateway.rest.v1.graph import graph
from gateway.rest.v1.notifications import notifications
from gateway.rest.v1.posts import posts
from gateway.rest.v1.sessions import sessions
from gateway.rest.v1.stream import stream
from gateway.rest.v1.timelines import timelines
from gateway.rest.v1.users import users

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

"""Version 2: text in segments, which need no counting. All else is as in the shared shapes."""

from gateway.views.v2.presentation import Presenter
from gateway.views.v2.shapes import SHAPES
from gateway.views.version import Version

VERSION = Version(number=2, presenter=Presenter, shapes=SHAPES)

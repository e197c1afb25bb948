from tests.kube.control_plane import ControlPlane
import pytest

pytestmark = pytest.mark.kube


def test_x(plane: ControlPlane) -> None:
    print(plane.kubectl("get", "ns"))
    print(plane.kubectl("top", "pods", "-A"))
    print(plane.get("/version"))

"""Folders of jobs are private, and none stays: neither after a job nor after a killed worker."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.media.worker.job_folders import FolderNotPrivate, open_job_folders


def test_folder_of_a_job_is_private_and_removed_after_it(tmp_path: Path) -> None:
    with open_job_folders(tmp_path / "root") as folders:
        with folders.make() as folder:
            (folder / "input").write_bytes(b"bytes")
            (folder / "out" / "file").write_bytes(b"bytes")

            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

        assert not folder.exists()


def test_folder_of_a_job_that_fails_is_removed(tmp_path: Path) -> None:
    with open_job_folders(tmp_path / "root") as folders:
        with pytest.raises(KeyError), folders.make() as folder:
            raise KeyError

        assert not folder.exists()


def test_what_a_killed_worker_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "root" / "worker-left" / "job-left"
    left.mkdir(parents=True, mode=0o700)
    (tmp_path / "root").chmod(0o700)
    (left / "input").write_bytes(b"bytes")

    with open_job_folders(tmp_path / "root"):
        assert not left.parent.exists()


def test_folders_of_another_running_worker_stay(tmp_path: Path) -> None:
    with (
        open_job_folders(tmp_path / "root") as one,
        one.make() as folder,
        open_job_folders(tmp_path / "root") as other,
        other.make() as second,
    ):
        assert folder.exists()
        assert second.exists()


def test_nothing_is_left_after_a_worker_ends(tmp_path: Path) -> None:
    with open_job_folders(tmp_path / "root") as folders, folders.make():
        pass

    assert not list((tmp_path / "root").glob("worker-*"))


def test_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    root.chmod(0o755)

    with pytest.raises(FolderNotPrivate), open_job_folders(root):
        pass


def test_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "root").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderNotPrivate), open_job_folders(tmp_path / "root"):
        pass

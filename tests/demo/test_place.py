"""The demo keeps to its own directory: made anew each time, held by one demo at a time, and nobody else's things are touched."""

from __future__ import annotations

import pytest

from icalsync.demo.place import MARKER, Place, fresh
from icalsync.errors import InvalidInput, StoreLocked, StoreUnsafe


def test_a_new_directory_is_made_and_marked(tmp_path):
    """It may lie where nothing is yet; only its owner can look into it."""
    with fresh(tmp_path / "a" / "demo") as place:
        assert place == Place(tmp_path / "a" / "demo")
        assert (place.directory / MARKER).is_file()
        assert place.directory.stat().st_mode & 0o077 == 0


def test_what_an_earlier_demo_left_is_cleared(tmp_path):
    """The database, what belongs to it, and the server's storage go; the next demo starts from nothing."""
    with fresh(tmp_path / "demo") as place:
        place.server.mkdir()
        (place.server / "radicale.conf").write_text("x")
        for suffix in ("", ".wal", ".marker", ".secrets"):
            place.database.with_name(place.database.name + suffix).write_text("x")
    with fresh(tmp_path / "demo") as place:
        assert [path.name for path in place.directory.iterdir()] == [MARKER]


def test_other_peoples_files_in_it_stay(tmp_path):
    """A notebook or an export that a person put there is not the demo's to delete."""
    with fresh(tmp_path / "demo") as place:
        (place.directory / "double-bookings.csv").write_text("mine")
        (place.directory / "demo.duckdb.copy").write_text("mine")
    with fresh(tmp_path / "demo") as place:
        assert sorted(path.name for path in place.directory.iterdir()) == [MARKER, "demo.duckdb.copy", "double-bookings.csv"]


def test_a_directory_that_no_demo_made_is_refused_untouched(tmp_path):
    """Somebody's project directory, given by mistake, loses nothing and gains no marker."""
    (tmp_path / "demo.duckdb").write_text("precious")
    with pytest.raises(InvalidInput, match="no demo made"), fresh(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["demo.duckdb"]
    assert (tmp_path / "demo.duckdb").read_text() == "precious"


def test_an_empty_directory_may_be_given(tmp_path):
    """Made by hand beforehand, it becomes the demo's."""
    with fresh(tmp_path):
        assert (tmp_path / MARKER).is_file()


def test_two_demos_never_share_a_directory(tmp_path):
    """The second one is told, and clears nothing; when the first has ended, it may."""
    with fresh(tmp_path / "demo") as place:
        place.database.write_text("in use")
        with pytest.raises(StoreLocked, match="another demo"), fresh(tmp_path / "demo"):
            pass
        assert place.database.read_text() == "in use"
    with fresh(tmp_path / "demo") as place:
        assert not place.database.exists()


def test_a_file_in_its_place_is_a_plain_error(tmp_path):
    """The error names the path."""
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(StoreUnsafe, match="demo"), fresh(tmp_path / "demo"):
        pass


def test_the_key_lies_outside_the_directory(tmp_path):
    """S19: a copy of the demo's directory does not hold the key to its passwords."""
    place = Place(tmp_path / "demo")
    assert not place.key_file.is_relative_to(place.directory)
    assert not place.key_file.is_relative_to(place.database.parent)

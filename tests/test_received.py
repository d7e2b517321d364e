"""What a machine was sent is kept under its content's name, whole or not at all."""

import shutil
import threading
from pathlib import Path

import pytest

from sweep import intact
from sweep.parcels import Parcel
from sweep.received import Received, link

NOWHERE = Path("/nowhere")


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    """One of two files, which lie in the folder `sent`."""
    sent = tmp_path / "sent"
    sent.mkdir()
    (sent / "values.f32").write_bytes(b"1234" * 1000)
    (sent / "packed.json").write_text("{}")
    return Parcel(place=f"features/{'a' * 64}", listing=intact.listing(sent))


def fill(received: Received, parcel: Parcel, sent: Path) -> None:
    with received.filling(parcel) as half:
        assert half is not None
        shutil.copytree(sent, half, dirs_exist_ok=True)


def test_what_was_filled_in_is_found_by_every_worker_of_the_machine(parcel: Parcel, tmp_path: Path) -> None:
    one, other = Received(tmp_path / "kept"), Received(tmp_path / "kept")
    assert one.find(parcel, NOWHERE) is None
    fill(one, parcel, tmp_path / "sent")
    found = other.find(parcel, NOWHERE)
    assert found == one.find(parcel, NOWHERE) == tmp_path / "kept" / parcel.digest
    assert (link(tmp_path / "view", [(parcel, found)]) / parcel.place / "values.f32").read_bytes() == b"1234" * 1000


def test_the_coordinators_own_cache_is_used_where_it_is_the_same(parcel: Parcel, tmp_path: Path) -> None:
    place = tmp_path / "cache" / parcel.place
    shutil.copytree(tmp_path / "sent", place)
    (place / intact.DIGESTS).write_text(parcel.listing.replace("4000", "4001"))
    assert Received(tmp_path / "kept").find(parcel, tmp_path / "cache") is None
    (place / intact.DIGESTS).write_text(parcel.listing)
    assert Received(tmp_path / "kept").find(parcel, tmp_path / "cache") == place


def test_what_arrived_otherwise_than_it_was_sent_is_not_kept(parcel: Parcel, tmp_path: Path) -> None:
    received = Received(tmp_path / "kept")
    (tmp_path / "sent" / "values.f32").write_bytes(b"1235" * 1000)
    with pytest.raises(ValueError, match="did not arrive as it was sent"):
        fill(received, parcel, tmp_path / "sent")
    assert received.find(parcel, NOWHERE) is None
    assert not list((tmp_path / "kept").glob("[!.]*"))


def test_what_was_damaged_since_is_fetched_again(parcel: Parcel, tmp_path: Path) -> None:
    fill(Received(tmp_path / "kept"), parcel, tmp_path / "sent")
    (tmp_path / "kept" / parcel.digest / "values.f32").write_bytes(b"1235" * 1000)
    received = Received(tmp_path / "kept")
    assert received.find(parcel, NOWHERE) is None
    fill(received, parcel, tmp_path / "sent")
    assert received.find(parcel, NOWHERE) is not None


def test_one_worker_fills_and_the_others_wait_for_it(parcel: Parcel, tmp_path: Path) -> None:
    received, seen = Received(tmp_path / "kept"), []

    def wait() -> None:
        with received.filling(parcel) as half:
            seen.append(half)

    waiting = threading.Thread(target=wait)
    with received.filling(parcel) as half:
        assert half is not None
        waiting.start()
        shutil.copytree(tmp_path / "sent", half, dirs_exist_ok=True)
    waiting.join(timeout=10)
    assert seen == [None]

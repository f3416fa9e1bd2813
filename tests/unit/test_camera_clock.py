"""The camera's clock in a JPEG file, and the sittings that it shows."""

import os
import struct
import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fundus_anomaly.datasets.camera_clock import taken_at
from fundus_anomaly.datasets.sittings import LONGEST_PAUSE, sittings

NOON = datetime(2018, 1, 6, 12)
TEXT = b"2018:01:06 12:00:00\0"


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def exif(order=">", text=TEXT, tag=306, kind=2, count=None, magic=42, directory=8):
    """Return the EXIF segment of a camera that states one time."""
    start = {">": b"MM", "<": b"II"}[order]
    entry = struct.pack(f"{order}HHII", tag, kind, len(text) if count is None else count, directory + 2 + 12 + 4)
    head = start + struct.pack(f"{order}HI", magic, directory).ljust(directory - 2, b"\0")
    return segment(0xE1, b"Exif\0\0" + head + struct.pack(f"{order}H", 1) + entry + b"\0\0\0\0" + text)


def jpeg(*segments):
    return b"\xff\xd8" + b"".join(segments) + segment(0xDA, b"\0" * 10) + b"\xff\xd9"


@pytest.fixture
def read(tmp_path):
    def of(content):
        (tmp_path / "a.jpg").write_bytes(content)
        return taken_at(tmp_path / "a.jpg")

    return of


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("before", [(), (segment(0xE0, b"JFIF\0" + b"\0" * 9),), (segment(0xE1, b"http://ns.adobe"),)])
def test_the_time_is_read_in_both_byte_orders_and_behind_other_segments(read, order, before):
    assert read(jpeg(*before, exif(order))) == NOON
    assert read(jpeg(*before, exif(order, directory=4000))) == NOON


def test_what_pillow_writes_is_read(tmp_path):
    stated = Image.Exif()
    stated[306] = "2018:01:06 12:00:00"
    stated[274] = 1
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=stated)
    assert taken_at(tmp_path / "a.jpg") == NOON
    Image.new("RGB", (8, 8)).save(tmp_path / "none.jpg")
    assert taken_at(tmp_path / "none.jpg") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"no photograph",
        b"\x89PNG\r\n\x1a\n",
        jpeg(),
        jpeg(exif())[:40],
        jpeg(exif(text=b"    :  :     :  :  \0")),
        jpeg(exif(text=b"0000:00:00 00:00:00\0")),
        jpeg(exif(text=b"2018:02:30 12:00:00\0")),
        jpeg(exif(text=b"2018:01:06 12:00\0")),
        jpeg(exif(text="2018:01:06 12:00:0٠".encode())),
        jpeg(exif(kind=7)),
        jpeg(exif(magic=43)),
        jpeg(exif(tag=305)),
        jpeg(exif(count=2**32 - 1, text=b"")),
        jpeg(segment(0xE1, b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")),
        jpeg(segment(0xE1, b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff")),
        jpeg(segment(0xE1, b"Exif\0\0XX")),
        jpeg(*[segment(0xE0, b"")] * 1000, exif()),
        b"\xff\xd8" + struct.pack(">HH", 0xFFE1, 0),
        # The time stands behind the pixels begin: no header any more.
        jpeg(segment(0xDA, b""), exif()),
    ],
)
def test_a_file_without_a_valid_time_has_no_clock_and_is_no_error(read, content):
    assert read(content) is None


@given(st.binary(max_size=300), st.integers(0, 100))
def test_no_bytes_raise(tmp_path_factory, damage, place):
    whole = jpeg(exif())
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(whole[:place] + damage + whole[place + len(damage) :])
    taken_at(path)


def test_a_pipe_a_folder_a_missing_file_and_one_that_may_not_be_read_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "secret.jpg").write_bytes(jpeg(exif()))
    (tmp_path / "secret.jpg").chmod(0)
    begin = time.monotonic()
    assert taken_at(tmp_path / "pipe.jpg") is None
    assert taken_at(tmp_path) is None
    assert taken_at(tmp_path / "gone.jpg") is None
    assert taken_at("a\0b.jpg") is None
    if os.geteuid():
        assert taken_at(tmp_path / "secret.jpg") is None
    assert time.monotonic() - begin < 5


def test_a_file_of_many_gigabytes_costs_its_header_alone(tmp_path):
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.write(jpeg(exif()))
        file.truncate(2**35)
    assert taken_at(tmp_path / "huge.jpg") == NOON


def at(*seconds):
    return {f"set/{place}": NOON + timedelta(seconds=second) for place, second in enumerate(seconds)}


def test_a_sitting_lasts_while_the_next_photograph_follows_within_three_minutes():
    assert timedelta(minutes=3) == LONGEST_PAUSE
    of = sittings(at(0, 180, 361, 541, 541, 100_000))
    assert [int((first - NOON).total_seconds()) for first in of.values()] == [0, 0, 361, 361, 361, 100_000]
    # The first and the last of one sitting may lie further apart than three minutes.
    assert len(set(sittings(at(0, 170, 340, 510)).values())) == 1
    assert sittings({}) == {}


def test_a_row_of_photographs_too_long_for_one_patient_is_no_sitting():
    assert len(set(sittings(at(*range(12))).values())) == 1
    # A converted copy, in which the program wrote its own time; an hour later a camera's.
    assert set(sittings(at(*range(13), 4000, 4030))) == {"set/13", "set/14"}


@given(st.lists(st.integers(0, 20_000), max_size=12))
def test_sittings_do_not_depend_on_the_order_of_the_files(seconds):
    times = at(*seconds)
    backwards = dict(reversed(times.items()))
    assert sittings(backwards) == sittings(times)
    first_of = sittings(times)
    for one, time_one in times.items():
        assert first_of[one] <= time_one
        for other, time_other in times.items():
            if abs(time_one - time_other) <= LONGEST_PAUSE:
                assert first_of[one] == first_of[other]

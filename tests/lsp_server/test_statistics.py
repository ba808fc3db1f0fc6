"""What is counted, and the percentiles of what was timed."""

import pytest
from test_small_parts import result

from lsp_server.statistics import Statistics, percentiles


def test_each_suggestion_counts_once_however_often_it_is_drawn() -> None:
    statistics = Statistics()
    for identifier in ("s1", "s2", "s1", "s2", "s3", "s4"):
        statistics.shown.add(identifier)
    statistics.accepted.add("s2")  # by the command of the item
    statistics.accepted.add("s2")  # and by the client's own report
    statistics.rejected.add("s1")
    summary = statistics.summary()
    assert (summary["shown"], summary["accepted"], summary["rejected"]) == (4, 1, 1)
    assert summary["acceptance"] == 0.25


def test_clients_that_do_not_say_what_they_show_are_judged_by_what_they_got() -> None:
    statistics = Statistics()
    for identifier in ("s1", "s2"):
        statistics.offered.add(identifier)
    statistics.accepted.add("s1")
    assert statistics.summary()["acceptance"] == 0.5


def test_reports_without_an_id_count_each_time() -> None:
    statistics = Statistics()
    statistics.accepted.add("")
    statistics.accepted.add("")
    assert statistics.summary()["accepted"] == 2


def test_memory_of_a_long_session_is_bounded() -> None:
    statistics = Statistics()
    for number in range(5000):
        statistics.offered.add(f"s{number}")
        statistics.add(result(), float(number), 1.0)
    assert statistics.offered.count == 5000
    assert len(statistics.offered._recent) == len(statistics.latencies_ms) == 1000


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([3.0], {"p50": 3.0, "p95": 3.0, "p99": 3.0}),
        ([4.0, 1.0, 2.0, 3.0], {"p50": 2.0, "p95": 4.0, "p99": 4.0}),
        (list(range(20, 0, -1)), {"p50": 10, "p95": 19, "p99": 20}),
        (list(range(1, 201)), {"p50": 100, "p95": 190, "p99": 198}),
    ],
)
def test_percentiles_are_of_the_nearest_rank(values: list[float], expected: dict | None) -> None:
    assert percentiles(values) == expected

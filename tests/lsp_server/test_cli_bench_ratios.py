import json
from pathlib import Path

import pytest

from lsp_server.cli.bench_case import Case
from lsp_server.cli.bench_ratios import Ratio, judge, load_ratios, measured, record_ratios
from runtime.errors import InputError, SpanfillError

RATIOS = Path(__file__).parents[2] / "benchmarks" / "ratios.json"


def ratio(**changes: object) -> Ratio:
    values: dict[str, object] = {
        "case": "warm",
        "unit": "ms",
        "over": "cold",
        "better": "lower",
        "slack": 0.5,
        "recorded": 0.1,
    }
    return Ratio(**(values | changes))  # type: ignore[arg-type]


def cases(warm: float, cold: float = 1000.0, peer: float | None = None) -> list[Case]:
    return [Case(name="warm", unit="ms", ours=warm, peer=peer), Case(name="cold", unit="ms", ours=cold)]


@pytest.mark.parametrize(("warm", "worse"), [(100, False), (149, False), (151, True)])
def test_a_time_may_grow_by_the_slack(warm: float, worse: bool) -> None:
    if worse:
        with pytest.raises(SpanfillError, match="warm"):
            judge([ratio()], cases(warm))
    else:
        judge([ratio()], cases(warm))


@pytest.mark.parametrize(("rate", "worse"), [(150, False), (101, False), (99, True)])
def test_a_rate_may_fall_by_the_slack(rate: float, worse: bool) -> None:
    watched = ratio(better="higher", recorded=0.15)
    if worse:
        with pytest.raises(SpanfillError, match="Slower than recorded"):
            judge([watched], cases(rate))
    else:
        judge([watched], cases(rate))


def test_the_same_ratio_on_a_slow_machine_passes() -> None:
    judge([ratio()], cases(1000, cold=10_000))


def test_the_peer_is_compared_with_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    watched = ratio(over="peer", recorded=0.5)
    assert measured(watched, cases(100, peer=400)) == 0.25
    assert measured(watched, cases(100)) is None
    judge([watched, ratio()], cases(100))
    assert "not measured in this run" in capsys.readouterr().err
    with pytest.raises(SpanfillError, match="peer"):
        judge([watched], cases(100, peer=120))


def test_cases_of_one_name_are_told_apart_by_their_unit() -> None:
    both = [Case(name="warm", unit="tokens/s", ours=7.0), *cases(100)]
    assert measured(ratio(), both) == 0.1


def test_what_was_never_recorded_fails_nothing_and_nothing_at_all_fails() -> None:
    judge([ratio(recorded=None), ratio()], cases(100))
    with pytest.raises(SpanfillError, match="none of the recorded ratios"):
        judge([ratio(recorded=None)], cases(100))
    with pytest.raises(SpanfillError, match="none of the recorded ratios"):
        judge([ratio()], [])


def test_recording_keeps_what_was_not_measured(tmp_path: Path) -> None:
    path = tmp_path / "ratios.json"
    watched = [ratio(), ratio(over="peer", recorded=0.7)]
    record_ratios(path, watched, cases(250))
    again = load_ratios(path)
    assert [entry.recorded for entry in again] == [0.25, 0.7]
    assert [entry.slack for entry in again] == [0.5, 0.5]


BAD_WAY = {"case": "a", "unit": "ms", "over": "b", "better": "x", "slack": 0.1, "recorded": None}


@pytest.mark.parametrize("text", ["", "[]", '{"ratios": [{}]}', json.dumps({"ratios": [BAD_WAY]})])
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ratios.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="file of ratios"):
        load_ratios(path)


def test_our_own_file_watches_ourselves_and_the_peer() -> None:
    watched = load_ratios(RATIOS)
    assert any(entry.over == "peer" for entry in watched)
    assert any(entry.recorded for entry in watched if entry.over != "peer")
    assert len({(entry.name, entry.unit) for entry in watched}) == len(watched)

"""The benchmark runs on a tiny model, shows what it measured and keeps kinds of knowledge apart."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import samplers
from benchmarks.cases import CACHES, LENGTHS, Case, cross, possible_caches, possible_lengths, star
from benchmarks.line_chart import Panel, Point, draw, styles
from benchmarks.scores import Score
from runtime.errors import UsageError
from runtime.manifest import load_manifest
from runtime.samplers.masked.registry import MASKED_SAMPLERS

SVG = "{http://www.w3.org/2000/svg}"
TinyModel = Callable[..., Path]


@pytest.fixture(scope="module")
def model(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("none", kind="bidirectional", shift=False)


def run(model: Path, *options: str) -> int:
    return samplers.main(
        ["--model", str(model), "--rows", "2", "--samplers", "threshold", "--max-tokens", "12", *options]
    )


def test_a_run_from_end_to_end(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, picture = tmp_path / "samplers.md", tmp_path / "samplers.svg"
    assert run(model, "--json", "--markdown", str(table), "--svg", str(picture)) == 0
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert answer["rows"] == 2
    assert "Row 2 of 2" in shown.err

    cases = answer["cases"]
    assert {case["length"] for case in cases} == {"unknown", "fixed", "oracle"}
    assert {case["cache"] for case in cases} == set(CACHES)
    assert {case["length_policy"] for case in cases} == {"expand-delete", *LENGTHS} - {"auto"}
    for case in cases:
        assert 0 <= case["exact_match"] <= case["edit_similarity"] <= 1
        assert case["passes"] > 0
        assert case["ms"] > 0
    assert 4 < max(case["passes"] for case in cases if case["length"] == "fixed") <= 12
    oracle = [case["length_policy"] for case in cases if case["length"] == "oracle"]
    assert set(oracle) == {"oracle"}

    text = table.read_text(encoding="utf-8")
    unknown, fixed, told = re.split(r"\*\*(?:Fixed length|Told the true length)", text)
    assert text.count("\n| threshold") == len(cases)
    assert "fixed:16" in fixed and "fixed:16" not in unknown + told
    assert "| oracle |" in told and "| oracle |" not in unknown + fixed

    drawn = ET.fromstring(picture.read_text(encoding="utf-8"))
    titles = [element.text for element in drawn.iter(f"{SVG}text") if element.get("font-weight")]
    assert titles[1:] == [
        "Length unknown (expand-delete)",
        "Fixed length (fixed:16)",
        "Oracle (told the true length)",
    ]
    # The default and three settings, all without a cache.
    lines = [len((line.get("points") or "").split()) for line in drawn.iter(f"{SVG}polyline")]
    assert lines == [4, 4, 4]


def test_the_same_seed_gives_the_same_texts(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def figures() -> list[dict[str, object]]:
        assert run(model, "--json", "--lengths", "auto", "--caches", "none") == 0
        cases = json.loads(capsys.readouterr().out)["cases"]
        return [{key: value for key, value in case.items() if key != "ms"} for case in cases]

    assert figures() == figures()


@pytest.mark.parametrize(("after", "rows"), [(3, 0), (7, 1), (9, 1)])
def test_ctrl_c_keeps_the_rows_that_all_cases_have_filled(
    model: Path,
    after: int,
    rows: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six cases; the first fill of all warms up."""
    filled = 0
    fill = samplers.fill

    def interrupted(*arguments: object, **options: object) -> Score:
        nonlocal filled
        filled += 1
        if filled > after:
            raise KeyboardInterrupt
        return fill(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(samplers, "fill", interrupted)
    six = ["--samplers", "eb,p2,wino", "--lengths", "auto,oracle", "--caches", "none", "--full"]
    assert run(model, "--json", *six) == samplers.INTERRUPTED
    shown = capsys.readouterr()
    if not rows:
        assert shown.out == ""
        assert "Interrupted before the first row was done" in shown.err
        return
    answer = json.loads(shown.out)
    assert answer["rows"] == rows
    assert len(answer["cases"]) == 6
    assert {case["rows"] for case in answer["cases"]} == {rows}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--samplers", "best"], "There is no sampler 'best'"),
        (["--lengths", "longest"], "There is no length policy 'longest'"),
        (["--caches", "dual:0"], "'dual:0' is malformed"),
        (["--lengths", ","], "nothing to compare"),
        (["nowhere.py"], "nowhere.py can't be read"),
    ],
)
def test_bad_options_get_one_sentence(
    model: Path, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(model, *options) in (1, 2)
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert shown.out == ""


def test_only_a_bidirectional_model_is_measured(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tiny_model) == 2
    assert "is a causal model" in capsys.readouterr().err


def test_cases_star_out_from_no_cache_and_the_first_length() -> None:
    cases = star(["eb", "p2"], ["cal", "blocks", "fixed:9", "oracle"], ["none", "dual"])
    assert len(cases) == len(set(cases))
    plain = {(case.sampler, case.length, case.cache) for case in cases if not case.settings}
    assert plain == {
        *(
            (name, length, "none")
            for name in ("eb", "p2")
            for length in ("cal", "blocks", "fixed:9", "oracle")
        ),
        ("eb", "cal", "dual"),
        ("p2", "cal", "dual"),
    }
    assert {(case.length, case.cache) for case in cases if case.settings} == {
        ("cal", "none"),
        ("fixed:9", "none"),
        ("oracle", "none"),
    }
    assert len(cross(["eb", "p2"], ["cal", "oracle"], ["none", "dual"])) == 8


def test_every_sampler_is_swept_with_settings_it_has() -> None:
    for case in star(list(MASKED_SAMPLERS), ["oracle"], ["none"]):
        settings = MASKED_SAMPLERS[case.sampler].SETTINGS
        assert {name for name, _ in case.settings} <= set(settings)
        assert all(settings[name].default != value for name, value in case.settings)
    swept = {case.sampler for case in star(list(MASKED_SAMPLERS), ["oracle"], ["none"]) if case.settings}
    assert swept == set(MASKED_SAMPLERS)


def test_what_the_model_cannot_do_is_left_out_of_the_usual_cases_alone(make_tiny_model: TinyModel) -> None:
    manifest = load_manifest(make_tiny_model("none", kind="block_causal", shift=False, block_length=8))
    assert "cal" not in possible_lengths(LENGTHS, manifest)
    with pytest.raises(UsageError, match="sees the whole canvas"):
        possible_lengths(["cal:9"], manifest)
    assert possible_caches(CACHES, manifest) == ["none"]
    with pytest.raises(UsageError, match="no cache policy 'prefix'"):
        possible_caches(["prefix:9"], manifest)


def test_the_oracle_alone_is_told_the_length() -> None:
    assert Case(sampler="eb", length="oracle").length_of(7) == "oracle:7"
    assert Case(sampler="eb", length="fixed:9").length_of(7) == "fixed:9"


def test_points_lie_where_their_numbers_say() -> None:
    points = [Point(x=x, y=y, note=f"{x} & {y}") for x, y in ((2, 0.2), (8, 0.4), (4, 0.3))]
    text = draw(
        [Panel(title="A < B", lines={"eb": points})],
        styles([["p2"], ["eb"]]),
        title="t",
        x_label="x",
        y_label="y",
    )
    drawn = ET.fromstring(text)
    marks = list(drawn.iter(f"{SVG}rect"))
    middles = [(float(mark.get("x", 0)) + 3.6, float(mark.get("y", 0)) + 3.6) for mark in marks[:3]]
    assert [round(x, 1) for x, _ in middles] == [0.0, 135.0, 270.0]
    assert [round(y, 1) for _, y in middles] == [240.0, 120.0, 0.0]
    notes = [mark.findtext(f"{SVG}title") for mark in marks]
    assert notes[:3] == ["2 & 0.2", "4 & 0.3", "8 & 0.4"]
    legend = [element.text for element in drawn.iter(f"{SVG}text")]
    assert "eb" in legend and "p2" not in legend

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli.filling import open_text, prepare
from lsp_server.cli.place import Span, Spot, parse_end, parse_place, span_of
from lsp_server.cli.source_file import read_source
from runtime import InputError, UsageError

CODE = "def middle(low, high):\n    return (low + \n\n\nprint(middle(1, 3))\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", "fill", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def refused(*arguments: str, status: int, **env: str) -> str:
    """The one line of a fill that is refused."""
    done = run(*arguments, **env)
    assert (done.returncode, done.stdout) == (status, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("spanfill: ")
    return line


def read_json(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("place", "path", "line", "column"),
    [
        ("a.py:3", "a.py", 3, None),
        ("a.py:3:7", "a.py", 3, 7),
        (r"C:\x.py:3:1", r"C:\x.py", 3, 1),
        (r"C:\x.py:3", r"C:\x.py", 3, None),
        ("C:/x y/z.py:12", "C:/x y/z.py", 12, None),
    ],
)
def test_places(place: str, path: str, line: int, column: int | None) -> None:
    assert parse_place(place) == (Path(path), Spot(line=line, column=column))


def test_a_file_whose_name_ends_like_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "is_file", lambda self: str(self) == "notes:7")
    assert parse_place("notes:7:2") == (Path("notes:7"), Spot(line=2))


@pytest.mark.parametrize("place", ["a.py", "a.py:", "a.py:x", "a.py:0", "a.py:1:0", ":3", r"C:\x.py"])
def test_what_is_no_place(place: str) -> None:
    with pytest.raises(UsageError):
        parse_place(place)


@pytest.mark.parametrize("end", ["", "x", "3:", "0", "3:0", "a.py:3"])
def test_what_is_no_end(end: str) -> None:
    with pytest.raises(UsageError):
        parse_end(end)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (Spot(line=1), None, "|ab\n"),
        (Spot(line=2), None, "  cd  "),
        (Spot(line=3), None, "   "),
        (Spot(line=4, column=2), None, "é"),
        (Spot(line=2), Spot(line=2), "  cd"),
        (Spot(line=2, column=3), Spot(line=2), "  cd"),
        (Spot(line=2, column=4), Spot(line=4, column=2), "d  \n   \né"),
    ],
)
def test_spans(start: Spot, end: Spot | None, text: str) -> None:
    document = open_text("|ab\n  cd  \n   \néf", "x")
    span = span_of(document, "x", start, end)
    if span.end is None:
        line = document.line_text(start.line - 1)
        column = span.start - document.line_start(start.line - 1)
        expected = {1: 3, 2: 4, 3: 3, 4: 1}[start.line]
        assert (line[:column], column) == (line[:expected], expected)
    else:
        assert document.text[span.start : span.end] == text


def test_a_span_that_ends_before_it_starts() -> None:
    with pytest.raises(UsageError, match="before"):
        span_of(open_text("a\nb\n", "x"), "x", Spot(line=2), Spot(line=1))


@pytest.mark.parametrize(
    ("place", "options", "status", "says"),
    [
        ("{file}", (), 2, "names no line"),
        ("{file}:0", (), 2, "counted from 1"),
        ("{file}:99", (), 1, "6 lines"),
        ("{file}:2:99", (), 1, "18 characters"),
        ("{file}:2", ("--to", "99"), 1, "no line 99"),
        ("{file}:2", ("--to", "1"), 2, "before"),
        ("{file}:2", ("--mode", "page"), 2, "line, block, function, region"),
        ("{file}:2", ("--max-tokens", "0"), 2, "at least 1"),
        ("{file}:5", ("--mode", "function"), 1, "no function"),
        ("{folder}:1", (), 1, "folder"),
        ("{folder}/none.py:1", (), 1, "does not exist"),
    ],
)
def test_bad_input_is_one_line(
    file: Path, place: str, options: tuple[str, ...], status: int, says: str
) -> None:
    place = place.format(file=file, folder=file.parent)
    assert says in refused(place, *options, status=status, SPANFILL_HOME=str(file.parent / "home"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x7fELF\x02\x00\x00", "binary"),
        (b"a = 1\nb = '\xe9'\n", "line 2"),
        ("a = 1\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(data)
    assert says in refused(f"{path}:1", status=1)
    assert path.read_bytes() == data


@pytest.mark.skipif(os.name != "posix", reason="needs a device file")
def test_a_device_is_refused() -> None:
    assert "not a file" in refused(f"{os.devnull}:1", status=1)


def test_a_model_that_is_not_installed_names_the_pull(file: Path, tmp_path: Path) -> None:
    line = refused(f"{file}:2", status=1, SPANFILL_HOME=str(tmp_path / "home"))
    assert "spanfill models pull default" in line


def test_a_read_only_file_is_refused_before_the_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    with pytest.raises(InputError, match="read-only"):
        read_source(file).check_writable()


def test_writing_keeps_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = \r\nc = '\xc3\xa9'")
    path.chmod(0o640)
    ahead = time.time_ns() + 10**12
    os.utime(path, ns=(ahead, ahead))
    source = read_source(path)
    assert source.text == "a = 1\r\nb = \r\nc = 'é'"
    source.write(source.text.replace("b = ", "b = 2"))
    assert path.read_bytes() == b"\xef\xbb\xbfa = 1\r\nb = 2\r\nc = '\xc3\xa9'"
    assert path.stat().st_mtime_ns > ahead
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640
    assert [item.name for item in tmp_path.iterdir()] == ["code.py"]


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_writing_follows_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_text("a = ")
    link.symlink_to(real)
    read_source(link).write("a = 1")
    assert link.is_symlink()
    assert real.read_text() == "a = 1"


def test_a_file_that_changed_meanwhile_is_left_alone(file: Path) -> None:
    source = read_source(file)
    file.write_text("somebody else's")
    with pytest.raises(InputError, match="has changed"):
        source.write(CODE)
    assert file.read_text() == "somebody else's"
    assert [item.name for item in file.parent.iterdir()] == ["code.py"]


def test_a_file_that_is_gone_stays_gone(file: Path) -> None:
    source = read_source(file)
    file.unlink()
    with pytest.raises(InputError, match="can't be written"):
        source.write(CODE)
    assert not list(file.parent.iterdir())


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("mode", [None, "line"])
def test_a_large_text_is_prepared_quickly(where: float, mode: Any) -> None:
    text = (CODE + "\n\n") * 80_000
    document = open_text(text, "large.py")
    assert len(text) > 5_000_000
    offset = int(len(text) * where)
    began = time.perf_counter()
    filling = prepare(document, Span(start=offset), mode=mode)
    assert time.perf_counter() - began < 2
    assert filling.before.endswith(filling.request.prefix)
    assert filling.after.startswith(filling.request.suffix)
    assert 0 < len(filling.request.prefix + filling.request.suffix) < 10_000


def test_one_endless_line_is_prepared_quickly() -> None:
    began = time.perf_counter()
    filling = prepare(open_text("x = 1; " * 800_000, "long.py"), Span(start=2_800_000), mode="line")
    assert time.perf_counter() - began < 2
    assert 0 < len(filling.request.prefix) < 10_000


def test_json_has_every_documented_key(file: Path, tiny_model: Path) -> None:
    report = read_json(f"{file}:2", "--model", str(tiny_model), "--max-tokens", "8", "--mode", "line")
    documented = {"text", "model", "sampler", "device", "tokens", "passes", "tokens_per_pass", "range"}
    documented |= {"prefill_ms", "decode_ms", "total_ms", "path", "mode", "layout", "stop_reason", "written"}
    assert documented <= set(report)
    assert report["range"]["start"] == {"line": 2, "column": 18}
    assert report["range"]["end"] == {"line": 2, "column": 19}
    assert report["model"] == "tiny-int8"
    assert 1 <= report["tokens"] <= 9
    assert report["tokens_per_pass"] == round(report["tokens"] / report["passes"], 3)
    assert file.read_text() == CODE


def test_the_range_is_what_write_replaces(file: Path, tiny_model: Path) -> None:
    file.write_bytes(CODE.replace("\n", "\r\n").encode())
    report = read_json(
        f"{file}:2:12", "--to", "2", "--model", str(tiny_model), "--max-tokens", "6", "--write"
    )
    start, end = report["range"]["start"], report["range"]["end"]
    assert (start, end) == ({"line": 2, "column": 12}, {"line": 2, "column": 18})
    lines = CODE.split("\n")
    lines[1] = lines[1][:11] + report["text"] + lines[1][17:]
    if report["written"]:
        assert file.read_bytes().decode() == "\r\n".join(lines)
    else:
        assert report["text"] == ""


def test_an_empty_file_can_be_filled(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "empty.py"
    path.touch()
    report = read_json(f"{path}:1", "--model", str(tiny_model), "--max-tokens", "4")
    assert report["range"]["start"] == report["range"]["end"] == {"line": 1, "column": 1}


@pytest.mark.parametrize("option", [("--sampler", "magic"), ("--device", "abacus")])
def test_unknown_choices_are_bad_usage(file: Path, tiny_model: Path, option: tuple[str, str]) -> None:
    assert option[1] in refused(f"{file}:2", "--model", str(tiny_model), *option, status=2)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_the_canvas_is_drawn_on_a_terminal(file: Path, tiny_model: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    options = ("--mode", "region", "--max-tokens", "8", "--model", str(tiny_model))
    process = subprocess.Popen(
        [sys.executable, "-m", "lsp_server.cli.main", "fill", f"{file}:2", *options],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(theirs)
    seen = b""
    try:
        while data := os.read(ours, 4096):
            seen += data
    except OSError:
        pass  # Linux's way to say that the other side has gone
    os.close(ours)
    assert process.wait(60) == 0
    drawn = seen.decode()
    assert "░░░░" in drawn
    assert "▌" in drawn
    assert "tokens/s" in drawn


@pytest.mark.real_model
def test_a_line_is_finished_and_written(file: Path, default_model: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + CODE.replace("\n", "\r\n").encode())
    report = read_json(f"{file}:2", "--write", "--model", str(default_model))
    assert report["written"] is True
    text = file.read_bytes().decode("utf-8-sig")
    lines = text.split("\r\n")
    assert "\n" not in "".join(lines)
    assert lines[0] == "def middle(low, high):"
    assert lines[1].startswith("    return (low + high)")
    assert lines[2:] == CODE.split("\n")[2:]


@pytest.mark.real_model
def test_plain_output_is_the_text_alone(tmp_path: Path, default_model: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text('def double(x):\n    """Twice x."""\n    \n')
    done = run(f"{path}:3", "--model", str(default_model))
    assert done.returncode == 0
    assert done.stdout.strip() in ("return x * 2", "return 2 * x")
    assert done.stderr == ""


@pytest.mark.real_model
def test_five_megabytes_are_filled(tmp_path: Path, default_model: Path) -> None:
    path = tmp_path / "large.py"
    path.write_text((CODE.replace("low + ", "low + high) // 2") + "\n\n") * 60_000 + CODE)
    line = path.read_text().count("\n") - 3
    report = read_json(f"{path}:{line}", "--model", str(default_model))
    assert report["text"].startswith("high)") or report["text"].strip().startswith("high")
    assert report["prompt_tokens"] < 1000

"""`spanfill doctor` as a real process, on whole and broken installations."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli import doctor_checks, machine
from runtime.grammars import GRAMMAR_IDS

NAMES = [
    "python", "processor", "packages", "onnxruntime", "devices", "storage",
    "model", "session", "passes", "fill", "grammars",
]  # fmt: skip
REMEDY = re.compile(r"\b(Run|Install|Mend|Pull|Remove|Check|Set|Free)\b|`pip |install \d")


def run(*arguments: str, home: Path, before: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """The command, with `before` in front of every installed package."""
    paths = [str(before)] * (before is not None) + [os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "SPANFILL_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", "doctor", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )


def report(done: "subprocess.CompletedProcess[str]") -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the checks by name."""
    found = json.loads(done.stdout)
    assert [check["name"] for check in found["checks"]] == NAMES
    for check in found["checks"]:
        assert check["detail"]
        assert check["ok"] or REMEDY.search(check["detail"]), check["detail"]
    assert done.returncode == (0 if found["ok"] else 1)
    return found["ok"], {check["name"]: check for check in found["checks"]}


def test_a_whole_installation(tiny_model: Path, tmp_path: Path) -> None:
    ok, checks = report(run("--model", str(tiny_model), "--json", home=tmp_path))
    assert ok
    facts = {name: check["facts"] for name, check in checks.items()}
    manifest = json.loads((tiny_model / "spanfill.json").read_text())
    assert facts["model"]["sha256"] == {name: file["sha256"] for name, file in manifest["files"].items()}
    assert facts["session"]["device"] == "cpu"
    assert facts["session"]["providers"] == ["CPUExecutionProvider"]
    assert list(facts["passes"]["pass_ms"]) == ["2", "4", "8", "16", "32"]
    assert all(ms > 0 for ms in facts["passes"]["pass_ms"].values())
    assert facts["fill"]["text"].strip()
    assert facts["fill"]["total_ms"] > 0
    assert repr(facts["fill"]["text"]) in checks["fill"]["detail"]
    assert set(facts["grammars"]["abi"]) == set(GRAMMAR_IDS)
    low, high = facts["grammars"]["readable_abi"]
    assert all(low <= abi <= high for abi in facts["grammars"]["abi"].values())
    assert {"pygls", "lsprotocol", "tokenizers", "tree-sitter"} <= set(facts["packages"])


def test_no_model_fails_what_needs_one_and_nothing_else(tmp_path: Path) -> None:
    ok, checks = report(run("--json", home=tmp_path))
    assert not ok
    assert {name for name, check in checks.items() if not check["ok"]} == {
        "model",
        "session",
        "passes",
        "fill",
    }
    assert "spanfill models pull default" in checks["model"]["detail"]


def test_an_altered_model_is_found_out_though_its_size_is_right(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "altered"))
    weights = max(folder.iterdir(), key=lambda path: path.stat().st_size)
    times = weights.stat()
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    ok, checks = report(run("--model", str(folder), "--json", home=tmp_path))
    assert not ok
    assert "SHA-256" in checks["model"]["detail"]


def test_two_wheels_of_onnx_runtime_and_a_broken_grammar(tiny_model: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    for wheel in ("onnxruntime", "onnxruntime_gpu"):
        info = before / f"{wheel}-1.32.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: 1.32.0\n")
    (before / "tree_sitter_lua.py").write_text("print('noise')\n")
    done = run("--model", str(tiny_model), "--json", home=tmp_path, before=before)
    assert "noise" in done.stderr
    ok, checks = report(done)
    assert not ok
    assert "overwrite each other's files" in checks["onnxruntime"]["detail"]
    assert not checks["session"]["ok"]
    assert ": lua." in checks["grammars"]["detail"]
    assert checks["model"]["ok"]


def test_people_get_a_table(tiny_model: Path, tmp_path: Path) -> None:
    done = run("--model", str(tiny_model), home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ok +model ", done.stdout, re.MULTILINE)
    assert re.search(r"^ +32 +[\d.]+", done.stdout, re.MULTILINE)


def test_an_unknown_device_is_bad_usage(tmp_path: Path) -> None:
    done = run("--device", "tpu", "--json", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "tpu" in done.stderr


def test_cuda_that_is_asked_for_and_not_there_is_a_failure(tiny_model: Path, tmp_path: Path) -> None:
    from runtime.providers import cuda_problem

    if cuda_problem() is None:
        pytest.skip("CUDA can be used here")
    ok, checks = report(run("--model", str(tiny_model), "--device", "cuda", "--json", home=tmp_path))
    assert not ok
    assert "CUDA can't be used" in checks["session"]["detail"]


def test_every_grammar_has_a_line_to_parse() -> None:
    assert set(doctor_checks.LINES) == set(GRAMMAR_IDS)


def test_native_code_that_prints_does_not_reach_standard_output() -> None:
    code = (
        "import os\n"
        "from lsp_server.cli.stdout_guard import stdout_is_stderr\n"
        "with stdout_is_stderr():\n"
        "    print('one')\n"
        "    os.write(1, b'two')\n"
        "print('answer')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "answer\n"
    assert "one" in done.stderr
    assert "two" in done.stderr


@pytest.mark.parametrize(
    ("text", "name", "features"),
    [
        (
            "model name\t: Some CPU\nflags\t\t: fpu avx2 avx512_vnni\n\nmodel name: other\n",
            "Some CPU",
            ("AVX2", "AVX-512 VNNI"),
        ),
        ("processor\t: 0\nFeatures\t: fp asimddp\n", None, ("dot product",)),
        ("", None, None),
    ],
)
def test_what_the_kernel_says_of_a_processor(
    text: str, name: str | None, features: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = machine.parse_cpuinfo(text)
    monkeypatch.setattr(machine, "_cpuinfo", lambda: parsed)
    assert parsed.get("model name") == name
    assert machine.processor_features.__wrapped__() == features

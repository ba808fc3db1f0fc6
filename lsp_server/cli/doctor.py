"""`spanfill doctor`: checks that this installation can fill code, and says what to do where not."""

import json
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from runtime import providers, store
from runtime.errors import SpanfillError
from runtime.manifest import load_manifest, verify_files

MINIMUM_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    """What was found, or what is wrong and what to do."""


def python() -> str:
    """The interpreter's version."""
    if sys.version_info < MINIMUM_PYTHON:
        raise SpanfillError(f"Python {platform.python_version()} is too old: spanfill needs 3.11 or newer.")
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def onnx_runtime() -> str:
    """Exactly one wheel, new enough, and it imports."""
    wheel, version = providers.installed_wheel()
    providers.load_onnxruntime()
    return f"{wheel} {version}"


def devices() -> str:
    """What a session really runs on."""
    usable = providers.usable_devices()
    problem = providers.cuda_problem()
    if problem and providers.installed_wheel()[0] == providers.GPU_WHEEL:
        raise SpanfillError(
            f"Only the CPU can be used, though {providers.GPU_WHEEL} is installed: {problem}. "
            "Check `nvidia-smi`, or install `spanfill[cpu]` instead."
        )
    return f"usable: {', '.join(usable)}" + (f" (no CUDA: {problem})" if problem else "")


def model(name: str) -> str:
    """The model is installed, and every file has the recorded hash."""
    folder = store.resolve(name)
    manifest = load_manifest(folder)
    verify_files(folder, manifest, thorough=True)
    return (
        f"{manifest.name}: {len(manifest.files)} files verified, {manifest.bytes / 1e6:,.0f} MB in {folder}"
    )


def grammar() -> str:
    """Python's tree-sitter grammar loads and parses."""
    import tree_sitter
    import tree_sitter_python

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
    if parser.parse(b"def f():\n    return 1\n").root_node.has_error:
        raise SpanfillError("The Python grammar loads but can't parse. Reinstall tree-sitter-python.")
    return "the Python grammar parses"


def storage() -> str:
    """Models can be stored."""
    import shutil

    store.make_folders()
    with tempfile.NamedTemporaryFile(dir=store.models_folder(), prefix=".doctor-"):
        pass
    free = shutil.disk_usage(store.home()).free
    return f"{store.home()} can be written, {free / 1e9:.1f} GB free"


def run_checks(name: str = store.DEFAULT_ALIAS) -> list[Check]:
    """Look at everything; a check that fails never keeps the next from running."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", python),
        ("onnxruntime", onnx_runtime),
        ("devices", devices),
        ("storage", storage),
        ("model", lambda: model(name)),
        ("grammar", grammar),
    ]
    return [_run(label, check) for label, check in checks]


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=check())
    except SpanfillError as error:
        return Check(name=name, ok=False, detail=str(error))
    except Exception as error:  # whatever is broken here is exactly what the user wants to know
        return Check(name=name, ok=False, detail=f"{type(error).__name__}: {error}")


def _print_table(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for check in checks:
        sign = Text("ok", style="green") if check.ok else Text("FAILED", style="bold red")
        table.add_row(sign, check.name, Text(check.detail))
    Console().print(table)


def command(
    model: Annotated[str, typer.Option(help="Model to verify, by name or folder.")] = store.DEFAULT_ALIAS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Check this installation and say what to do where something is missing."""
    checks = run_checks(model)
    ok = all(check.ok for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print_table(checks)
    if not ok:
        raise typer.Exit(1)

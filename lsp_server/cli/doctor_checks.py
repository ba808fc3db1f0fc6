"""What `spanfill doctor` looks at beside the model: the machine, the packages, storage and grammars.

Each check answers a sentence and the facts behind it, or raises what is wrong and what to do.
"""

import importlib.metadata
import os
import platform
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Any

from lsp_server.cli.machine import processor, processor_features
from runtime import providers, store
from runtime.errors import SpanfillError

MINIMUM_PYTHON = (3, 11)

PACKAGES = ("numpy", "tokenizers", "tree-sitter", "pygls", "lsprotocol", "cattrs", "websockets")
"""Distributions whose versions matter when something goes wrong; ONNX Runtime has a check of its own."""

LINES = {
    "python": "x = [n + 1 for n in range(3)]",
    "javascript": "const x = (n) => n + 1;",
    "javascriptreact": "const x = <b>{n}</b>;",
    "typescript": "const x: number = (n as number) + 1;",
    "typescriptreact": "const x: Node = <b>{n}</b>;",
    "rust": "fn f(x: &str) -> usize { x.len() }",
    "go": "package a\n\nfunc f(x int) int { return x + 1 }",
    "c": "int f(int x) { return x + 1; }",
    "cpp": "auto f = [](int x) { return x + 1; };",
    "java": "class A { int f(int x) { return x + 1; } }",
    "csharp": "class A { int F(int x) => x + 1; }",
    "ruby": "def f(x) = x + 1",
    "php": "<?php function f($x) { return $x + 1; }",
    "lua": "local function f(x) return x + 1 end",
    "shellscript": "f() { echo $(($1 + 1)); }",
    "json": '{"x": [1, null]}',
}
"""A line of each language, which its grammar must parse without an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check that is well has found."""

    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
    """The same for programs, as JSON values."""


def python() -> Found:
    """The interpreter's version."""
    version = platform.python_version()
    if sys.version_info < MINIMUM_PYTHON:
        needed = ".".join(map(str, MINIMUM_PYTHON))
        raise SpanfillError(f"Python {version} is too old: install {needed} or newer.")
    system = f"{platform.system()} {platform.machine()}"
    return Found(
        detail=f"Python {version}, {system}",
        facts={"version": version, "system": platform.system(), "machine": platform.machine()},
    )


def machine_processor() -> Found:
    """The processor, its cores and what it has for integer products."""
    features = processor_features()
    shown = "features unknown" if features is None else ", ".join(features) or "no integer extensions"
    return Found(
        detail=f"{processor()}, {os.cpu_count()} cores ({shown})",
        facts={
            "name": processor(),
            "cores": os.cpu_count(),
            "features": None if features is None else list(features),
        },
    )


def packages() -> Found:
    """The versions of the packages that do the work."""
    versions, missing = {}, []
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise SpanfillError(f"Not installed: {', '.join(missing)}. Run `pip install {' '.join(missing)}`.")
    return Found(detail=", ".join(f"{name} {version}" for name, version in versions.items()), facts=versions)


def onnx_runtime() -> Found:
    """Exactly one wheel, new enough, and it imports."""
    wheel, version = providers.installed_wheel()
    providers.load_onnxruntime()
    return Found(detail=f"{wheel} {version}", facts={"wheel": wheel, "version": version})


def devices() -> Found:
    """Which devices a session really runs on."""
    usable = providers.usable_devices()
    problem = providers.cuda_problem()
    if problem and providers.installed_wheel()[0] == providers.GPU_WHEEL:
        raise SpanfillError(
            f"Only the CPU can be used, though {providers.GPU_WHEEL} is installed: {problem}. "
            "Check `nvidia-smi`, or install `spanfill[cpu]` instead."
        )
    detail = f"usable: {', '.join(usable)}" + (f" (no CUDA: {problem})" if problem else "")
    return Found(detail=detail, facts={"usable": list(usable), "cuda_problem": problem})


def storage() -> Found:
    """Models can be stored."""
    import shutil

    store.make_folders()
    with tempfile.NamedTemporaryFile(dir=store.models_folder(), prefix=".doctor-"):
        pass
    free = shutil.disk_usage(store.home()).free
    return Found(
        detail=f"{store.home()} can be written, {free / 1e9:.1f} GB free",
        facts={"folder": str(store.home()), "free_bytes": free},
    )


def grammars() -> Found:
    """Every language's tree-sitter grammar loads and parses a line."""
    import tree_sitter

    from runtime.grammars import GRAMMAR_IDS, load_grammar

    abi: dict[str, int] = {}
    broken = []
    for name in GRAMMAR_IDS:
        grammar = load_grammar(name)
        line = LINES.get(name, "").encode()
        if grammar is None or tree_sitter.Parser(grammar).parse(line).root_node.has_error:
            broken.append(name)
        else:
            abi[name] = grammar.abi_version
    if broken:
        raise SpanfillError(
            f"These grammars can't be loaded or can't parse: {', '.join(broken)}. "
            "Run `pip install --force-reinstall spanfill`, which brings their wheels again."
        )
    reads = (tree_sitter.MIN_COMPATIBLE_LANGUAGE_VERSION, tree_sitter.LANGUAGE_VERSION)
    found = ", ".join(map(str, sorted(set(abi.values()))))
    return Found(
        detail=f"{len(abi)} languages parse; ABI {found} (tree-sitter reads {reads[0]} to {reads[1]})",
        facts={"abi": abi, "readable_abi": list(reads)},
    )

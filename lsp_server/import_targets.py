"""Where an import may lead: candidate files in the order a language looks for them.

Pure arithmetic on paths; whether a candidate exists, and may be read, is for others to say.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from lsp_server.imports import SAME_FOLDER, Import

Paths = tuple[PurePath, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One module that an import names: the first of `paths` that exists."""

    paths: Paths
    names: tuple[str, ...] = ()
    """What is taken from it; empty where all of it may be used."""
    folder: PurePath | None = None
    """Instead of `paths`: every file of the language in a folder."""


def targets(
    wanted: Import,
    file: PurePath,
    language: str,
    roots: Iterable[PurePath],
    go_module: Callable[[PurePath], tuple[PurePath, str] | None] = lambda _: None,
) -> Iterator[Target]:
    """The modules that `wanted` means in `file`.

    `go_module` finds the folder of the `go.mod` above a folder, and the module's name.
    """
    if wanted.module == SAME_FOLDER and language in ("go", "java", "csharp"):
        yield Target((), (), file.parent)
        return
    above = [root for root in roots if root in file.parents] or [file.parent]
    if language == "python":
        yield from _python(wanted, file, above)
    elif language in ("javascript", "javascriptreact", "typescript", "typescriptreact"):
        yield from _script(wanted, file)
    elif language == "rust":
        yield from _rust(wanted, file)
    elif language == "go":
        yield from _go(wanted, file, go_module)
    elif language == "java":
        yield from _java(wanted, file, above)
    else:
        yield from _plain(wanted, file, language, above)


def _under(base: PurePath, path: str) -> PurePath:
    """`base/path` with `.` and `..` worked out; stays as it is where that leads above the top."""
    parts = list(base.parts)
    for part in PurePath(path).parts:
        if part == "..":
            if len(parts) > 1:
                parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePath(*parts)


def _bases(file: PurePath, roots: Iterable[PurePath]) -> list[PurePath]:
    """Where absolute imports may count from: each root, its `src`, then the folders down to the file."""
    bases: list[PurePath] = []
    for root in roots:
        bases += [root, root / "src", root / "lib"]
        bases += [folder for folder in reversed(file.parents) if root in folder.parents]
    return list(dict.fromkeys(bases))


def _python(wanted: Import, file: PurePath, roots: Iterable[PurePath]) -> Iterator[Target]:
    dots = len(wanted.module) - len(wanted.module.lstrip("."))
    path = "/".join(wanted.module[dots:].split(".")) if wanted.module[dots:] else ""
    if dots:
        base = file.parent
        for _ in range(dots - 1):
            base = base.parent
        bases = [base]
    else:
        bases = _bases(file, roots)
    modules = [_under(base, path) for base in bases]
    yield Target(
        tuple(
            candidate
            for module in modules
            for candidate in (
                *([module.with_name(module.name + ".py")] if path else []),
                module / "__init__.py",
            )
        ),
        wanted.names,
    )
    for name in wanted.names:  # each may be a module of the package
        yield Target(tuple(module / f"{name}.py" for module in modules))


_SCRIPT_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")


def _script(wanted: Import, file: PurePath) -> Iterator[Target]:
    if not wanted.module.startswith("."):
        return  # a package
    base = _under(file.parent, wanted.module)
    paths = []
    if base.suffix:
        paths.append(base)
        written = re.sub(r"\.([cm]?)js(x?)$", r".\1ts\2", base.name)
        if written != base.name:  # TypeScript names the file that will be made of it
            paths += [base.with_name(written), base.with_name(f"{written}x")]
    paths += [base.with_name(base.name + ending) for ending in _SCRIPT_ENDINGS]
    paths += [base / f"index{ending}" for ending in _SCRIPT_ENDINGS]
    yield Target(tuple(paths), wanted.names)


_RUST_TOPS = ("lib.rs", "main.rs", "mod.rs")


def _rust(wanted: Import, file: PurePath) -> Iterator[Target]:
    parts = wanted.module.split("::")
    # The folder that holds this module's own modules.
    own = file.parent if file.name in _RUST_TOPS else file.with_suffix("")
    if parts[0] == "crate":
        bases = [folder for folder in file.parents if folder.name == "src"][:1]
    elif parts[0] == "self":
        bases = [own]
    elif parts[0] == "super":
        bases = [own.parent]
        while parts[1:2] == ["super"]:
            bases, parts = [bases[0].parent], parts[1:]
    else:
        bases, parts = [own], ["", *parts]
    for base in bases:
        inner = parts[1:]
        yield Target(_rust_files(base, inner), wanted.names)
        for name in wanted.names:
            yield Target(_rust_files(base, [*inner, name]))


def _rust_files(base: PurePath, parts: list[str]) -> Paths:
    if not parts:
        return tuple(base / name for name in _RUST_TOPS)
    module = base.joinpath(*parts)
    return module.with_name(f"{module.name}.rs"), module / "mod.rs"


def _go(
    wanted: Import, file: PurePath, go_module: Callable[[PurePath], tuple[PurePath, str] | None]
) -> Iterator[Target]:
    found = go_module(file.parent)
    if found is not None:
        folder, name = found
        if wanted.module == name or wanted.module.startswith(name + "/"):
            yield Target((), (), _under(folder, wanted.module[len(name) :].lstrip("/")))


def _java(wanted: Import, file: PurePath, roots: Iterable[PurePath]) -> Iterator[Target]:
    path = wanted.module.replace(".", "/")
    bases = [*reversed(_bases(file, roots))]
    for root in roots:
        bases += [root / "src/main/java", root / "src/test/java"]
    yield Target(tuple(base / f"{path}.java" for base in bases))


def _plain(wanted: Import, file: PurePath, language: str, roots: Iterable[PurePath]) -> Iterator[Target]:
    if language in ("c", "cpp"):
        folders = [file.parent, *(root / name for root in roots for name in ("", "include", "src"))]
        yield Target(tuple(_under(folder, wanted.module) for folder in folders))
    elif language == "ruby":
        path = wanted.module if wanted.module.endswith(".rb") else wanted.module + ".rb"
        relative = wanted.module.startswith("./")
        bases = [file.parent] if relative else [root / name for root in roots for name in ("lib", "")]
        yield Target(tuple(_under(base, path) for base in bases))
    elif language == "lua":
        path = wanted.module.replace(".", "/")
        bases = [base / name for base in [*roots, file.parent] for name in ("", "lua", "src")]
        yield Target(tuple(base / made for base in bases for made in (f"{path}.lua", f"{path}/init.lua")))
    elif language in ("php", "shellscript"):
        yield Target(tuple(_under(base, wanted.module) for base in [file.parent, *roots]))

"""Whether the definitions of imported modules help: calls in this repository's own code, written again.

    python benchmarks/context.py [--sites N] [--tokens 0 300 …] [--model NAME] [--seed S] [--out FILE]

A site is a line that calls a function or class defined in another module here. The line is cut before the
callee's name and filled, with as many tokens of definitions as each setting says. Counted: lines that
call the right thing, and those that also call it with arguments that its signature takes.
"""

import argparse
import ast
import json
import random
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lsp_server.context import CHARS_PER_TOKEN, ContextLimits, window
from lsp_server.definition_choice import Chunks, choose, names_near
from lsp_server.definition_index import DefinitionIndex, outlined
from lsp_server.fill_requests import request_for
from lsp_server.languages import language_by_id
from lsp_server.options import ContextOptions
from lsp_server.privacy import Privacy
from lsp_server.related import surround
from lsp_server.syntax import parse
from lsp_server.workspace_files import WorkspaceFiles
from runtime import FillEngine

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lsp_server", "runtime", "export")
LINE_TOKENS = 48


@dataclass(frozen=True)
class Site:
    """A call that is to be written again."""

    file: str
    line: int
    name: str
    module: str
    written: str
    """The line as it stands, from the callee's name on."""
    start: int
    end: int


def sites(path: Path) -> Iterator[Site]:
    """The calls of a file that stand on one line, of things that it imports from this repository."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    modules = {
        alias.asname or alias.name: (alias.name, node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES
        for alias in node.names
    }
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in modules or node.lineno != node.end_lineno or not (node.args or node.keywords):
            continue
        line = text[starts[node.lineno - 1] : starts[node.lineno]].rstrip("\n")
        if not line.isascii() or not line[: node.col_offset].strip():
            continue
        start = starts[node.lineno - 1] + node.col_offset
        name, module = modules[node.func.id]
        yield Site(
            str(path.relative_to(ROOT)),
            node.lineno,
            name,
            module,
            line[node.col_offset :],
            start,
            starts[node.lineno - 1] + len(line),
        )


def chosen_sites(count: int, seed: int) -> list[Site]:
    """Sites drawn by a seed: each callee once, two of a file at most."""
    every = [
        site
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for site in sites(path)
    ]
    random.Random(seed).shuffle(every)
    taken: list[Site] = []
    for site in every:
        same_file = sum(other.file == site.file for other in taken)
        if site.name not in {other.name for other in taken} and same_file < 2 and signature(site) is not None:
            taken.append(site)
    return taken[:count]


@dataclass(frozen=True)
class Signature:
    """How something may be called."""

    positional: int
    required: frozenset[str]
    names: frozenset[str]
    ordered: tuple[str, ...]
    many: bool


def signature(site: Site) -> Signature | None:
    """The callee's signature from its source; None where it is not found or is no plain one."""
    base = ROOT / site.module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if not path.is_file():
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == site.name:
                return _of_arguments(node.args, skip=0)
            if isinstance(node, ast.ClassDef) and node.name == site.name:
                return _of_class(node)
    return None


def _of_arguments(args: ast.arguments, skip: int) -> Signature:
    ordered = [one.arg for one in (*args.posonlyargs, *args.args)][skip:]
    plain = len(ordered) - len(args.defaults)
    keywords = [one.arg for one in args.kwonlyargs]
    needed = [
        one.arg for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None
    ]
    many = args.vararg is not None or args.kwarg is not None
    return Signature(
        len(ordered), frozenset(ordered[:plain] + needed), frozenset(ordered + keywords), tuple(ordered), many
    )


def _of_class(node: ast.ClassDef) -> Signature | None:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return _of_arguments(inner.args, skip=1)
    decorators = ast.unparse(ast.Module([ast.Expr(one) for one in node.decorator_list], []))
    if "dataclass" not in decorators:
        return None
    fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    names = [one.target.id for one in fields]  # type: ignore[union-attr]
    needed = [one.target.id for one in fields if one.value is None]  # type: ignore[union-attr]
    ordered = () if "kw_only=True" in decorators else tuple(names)
    return Signature(len(ordered), frozenset(needed), frozenset(names), ordered, many=False)


def judged(site: Site, text: str) -> tuple[bool, bool]:
    """Whether a text calls the right thing, and with arguments that it takes."""
    rest = text.lstrip()
    if not rest.startswith(f"{site.name}("):
        return False, False
    call = _first_call(rest)
    wanted = signature(site)
    if call is None or wanted is None:
        return True, False
    if any(isinstance(one, ast.Starred) for one in call.args) or any(
        one.arg is None for one in call.keywords
    ):
        return True, True
    given = {one.arg for one in call.keywords} | set(wanted.ordered[: len(call.args)])
    fits = len(call.args) <= wanted.positional and given <= wanted.names and wanted.required <= given
    return True, wanted.many or fits


def _first_call(text: str) -> ast.Call | None:
    for end in range(len(text), 0, -1):
        if text[end - 1] != ")":
            continue
        try:
            tree = ast.parse(text[:end], mode="eval")
        except SyntaxError:
            continue
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.col_offset == 0]
        named = [node for node in calls if isinstance(node.func, ast.Name)]
        return named[0] if named else None
    return None


def definitions(site: Site, text: str, tokens: int, index: DefinitionIndex) -> Chunks:
    """What the server would show at a site."""
    path = ROOT / site.file
    found = surround(outlined(path, parse(text, language_by_id("python"))), index)
    first, last = window(text, site.start, site.start, limits())
    choice = choose(
        found,
        names_near(text, site.start, first, last),
        text,
        text[first:last],
        tokens * CHARS_PER_TOKEN,
        lambda path: str(path.relative_to(ROOT)),
        site.file,
    )
    return choice.chunks


def limits() -> ContextLimits:
    """The server's defaults."""
    options = ContextOptions()
    return ContextLimits(prefix_tokens=options.prefix_tokens, suffix_tokens=options.suffix_tokens)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=24)
    parser.add_argument("--tokens", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    model = Path(options.model) if options.model and Path(options.model).is_dir() else options.model
    engine = FillEngine.open(model)
    index = DefinitionIndex(WorkspaceFiles([ROOT], Privacy([ROOT])))
    places = chosen_sites(options.sites, options.seed)
    texts = {site.file: (ROOT / site.file).read_text(encoding="utf-8") for site in places}
    records = []
    for tokens in options.tokens:
        right = fits = exact = 0
        sizes, times = [], []
        for site in places:
            whole = texts[site.file]
            text = whole[: site.start] + whole[site.end :]
            context = definitions(site, text, tokens, index) if tokens else ()
            _, request = request_for(
                text,
                site.start,
                None,
                "line",
                "python",
                path=site.file,
                limits=limits(),
                context=context,
                layout="fim",
                max_tokens=LINE_TOKENS,
            )
            started = time.perf_counter()
            result = engine.complete(request)
            times.append((time.perf_counter() - started) * 1e3)
            sizes.append(result.prompt_tokens)
            name_right, call_right = judged(site, result.text)
            right += name_right
            fits += call_right
            exact += result.text.rstrip() == site.written
            records.append(
                asdict(site)
                | {"tokens": tokens, "text": result.text, "right": name_right, "fits": call_right}
                | {
                    "shown": any(site.name in chunk for _, chunk in context),
                    "used": len(re.findall(rf"\b{site.name}\b", text)) > 1,
                }
            )
        count, seen = len(sizes), statistics.mean(sizes)
        unused = [record for record in records[-count:] if not record["used"]]
        print(
            f"{tokens:4d} tokens of definitions: right callee {right}/{count}, "
            f"right arguments {fits}/{count}, "
            f"line as written {exact}/{count}; prompt {seen:.0f} tokens, "
            f"{statistics.median(times):.0f} ms with nothing cached; of {len(unused)} whose callee is used "
            f"nowhere else in the file, right arguments {sum(record['fits'] for record in unused)}",
            flush=True,
        )
    if options.out:
        options.out.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The process that a program is run in: confines itself, runs the program, says how it ended.

Reads one JSON object from standard input: `language`, `source`, `folder`, `limits`, `nonce`, `interpreter`.
Writes one to what was standard output: `outcome`, `detail`, `confined` and, where the program came to its
end, `nonce`. What the program itself prints goes to standard error.

The nonce tells a program that ran to its end from one that left before; a program that studies this
process can find it, so a verdict is no proof against code that was written to deceive it.
"""

import json
import linecache
import os
import sys
import types
from pathlib import Path
from typing import Any

from lsp_server.evaluation.sandbox.confinement import confine

LONGEST_DETAIL = 300
_NODE_DRIVER = "node_driver.js"


def main() -> None:
    """Run the program that standard input holds. Does not return."""
    order = json.loads(sys.stdin.buffer.read())
    verdict = _take_standard_streams()
    if order["language"] == "javascript":
        _become_node(order, verdict)
    confined = confine(order["folder"], order["limits"], native=False)
    _forget_ourselves()
    said = {"confined": confined, **_run(order["source"])}
    if said["outcome"] == "passed":
        said["nonce"] = order["nonce"]
    os.write(verdict, json.dumps(said).encode("utf-8"))
    # Threads and exit handlers of the program have nothing more to say.
    os._exit(0)


def _take_standard_streams() -> int:
    """Leave the program an empty input and one place for its output; returns where the verdict goes."""
    verdict = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    return verdict


def _forget_ourselves() -> None:
    """The program finds Python as it starts, without this package."""
    for name in [name for name in sys.modules if name.split(".")[0] == "lsp_server"]:
        del sys.modules[name]
    sys.path[:] = [path for path in sys.path if path != sys.argv[1]]
    sys.argv = ["task.py"]


def _run(source: str) -> dict[str, str]:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    linecache.cache["task.py"] = (len(source), None, source.splitlines(keepends=True), "task.py")
    try:
        exec(compile(source, "task.py", "exec", dont_inherit=True), module.__dict__)
    except SystemExit as error:
        return {
            "outcome": "exited",
            "detail": f"left with status {_shown(error.code)} before the tests ended",
        }
    except AssertionError as error:
        return {"outcome": "failed", "detail": _named(error)}
    except MemoryError:
        return {"outcome": "memory", "detail": "more memory than the limit"}
    except SyntaxError as error:
        # Of the program itself: one that a test compiles is an error like others.
        ours = error.filename == "task.py"
        return {"outcome": "syntax_error" if ours else "error", "detail": _named(error)}
    except BaseException as error:
        return {"outcome": "error", "detail": _named(error)}
    return {"outcome": "passed", "detail": ""}


def _named(error: BaseException) -> str:
    text = _shown(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _shown(value: Any) -> str:
    try:
        return " ".join(str(value).split())[:LONGEST_DETAIL]
    except BaseException as error:
        return f"({type(error).__name__} while it was shown)"


def _become_node(order: dict[str, Any], verdict: int) -> None:
    """Go on as Node.js, which runs the program under the same confinement."""
    folder = Path(order["folder"])
    task, driver = folder / "task.js", folder / _NODE_DRIVER
    task.write_text(order["source"], encoding="utf-8")
    driver.write_text(Path(__file__).with_name(_NODE_DRIVER).read_text("utf-8"), encoding="utf-8")
    reader, writer = os.pipe()
    os.write(writer, order["nonce"].encode("ascii"))
    os.close(writer)
    os.set_inheritable(reader, True)
    os.set_inheritable(verdict, True)
    interpreter = order["interpreter"]
    readable = (str(Path(interpreter).resolve().parent),)
    if not confine(order["folder"], order["limits"], native=True, readable=readable):
        said = {"confined": False, "outcome": "not_run", "detail": "the kernel can't confine Node.js here"}
        os.write(verdict, json.dumps(said).encode("utf-8"))
        os._exit(0)
    heap = order["limits"]["memory_bytes"] // (2 << 20)
    os.execve(
        interpreter,
        [interpreter, f"--max-old-space-size={heap}", str(driver), str(task), str(reader), str(verdict)],
        dict(os.environ),
    )


if __name__ == "__main__":
    main()

"""From a task and a text to a program that raises where the text is wrong. Runs nothing."""

import ast
import shutil
import warnings

from lsp_server.evaluation.sandbox.execution import Program
from lsp_server.evaluation.tasks import Task

_INTERPRETERS = {"javascript": "node"}


def program_of(task: Task, text: str) -> Program | str:
    """The program that tests `text`, or why there is none on this machine."""
    if task.language == "python":
        return Program(source=_python(task, text))
    if task.language == "javascript":
        node = shutil.which(_INTERPRETERS["javascript"])
        if node is None:
            return "Node.js is not installed: compared with the solution, not run"
        return Program(source=f"{task.filled(text)}\n{task.test}\n", language="javascript", interpreter=node)
    return f"{task.language} is compared with the solution, not run"


def _python(task: Task, text: str) -> str:
    source = f"{task.filled(text)}\n{task.test}\n"
    if task.form == "human-eval-infilling" or _only_defines_check(task.test):
        # As human_eval_infilling/execution.py has it.
        source += f"check({task.entry_point})\n"
    return source


def _only_defines_check(test: str) -> bool:
    """Whether tests define `check` and leave it to be called."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(test).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    defines = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in body)
    runs = any(isinstance(node, ast.Assert | ast.Expr | ast.If | ast.For | ast.While) for node in body)
    return defines and not runs

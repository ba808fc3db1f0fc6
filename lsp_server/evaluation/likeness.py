"""How near a text is to another, and whether it parses in its place."""

from lsp_server.evaluation.tasks import Task
from lsp_server.languages import language_by_id
from lsp_server.syntax import parse


def edit_similarity(one: str, other: str) -> float:
    """1 - Levenshtein distance / length of the longer text; 1 for two empty ones."""
    if not one or not other:
        return float(one == other)
    row = list(range(len(other) + 1))
    for count, sign in enumerate(one, 1):
        diagonal, row[0] = row[0], count
        for place, opposite in enumerate(other, 1):
            cost = min(row[place] + 1, row[place - 1] + 1, diagonal + (sign != opposite))
            diagonal, row[place] = row[place], cost
    return 1 - row[-1] / max(len(one), len(other))


def is_exact(task: Task, text: str) -> bool:
    """Whether a text is the solution. In santacoder-fim's measure blanks around it don't count."""
    if task.form == "santacoder-fim":
        return text.strip() == task.solution.strip()
    return text == task.solution


def is_well_formed(task: Task, text: str) -> bool | None:
    """Whether the code parses without an error with `text` in its hole; None where nothing can tell.

    Nothing can where there is no grammar, or where the code has errors with the solution as well.
    """
    language = language_by_id(task.language)
    found, known = (parse(task.filled(middle), language) for middle in (text, task.solution))
    if found is None or known is None or known.root.has_error:
        return None
    return not found.root.has_error

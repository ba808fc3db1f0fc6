"""Whether an inline completion was asked for by hand, through two numberings of the same enumeration.

LSP 3.18 says invoked 1, automatic 2; VS Code's own API, which its client passes on, says 0 and 1.
"""


class TriggerNumbering:
    """Learns from the client's name and from the numbers it sends which of the two it uses."""

    def __init__(self, client_name: str = "") -> None:
        name = client_name.lower()
        self._from_zero = any(
            known in name for known in ("visual studio code", "vscod", "code-server", "code - oss")
        )

    def invoked(self, kind: int) -> bool:
        """Whether a request with this number was made by hand."""
        if kind == 0:
            self._from_zero = True
        elif kind == 2:
            self._from_zero = False
        return kind == (0 if self._from_zero else 1)

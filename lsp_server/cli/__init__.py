"""The `spanfill` command: one file per subcommand, loaded when it is called."""

import os
import sys

# `python -m` puts the working folder first on the import path, and editors start servers in workspaces, whose
# code must never run; pathlib would be looked for there already. Run from its source, spanfill lies in that
# folder itself.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    _here = os.path.realpath(sys.path[0])
    if _here != os.path.realpath(os.path.join(__file__, "..", "..", "..")):  # noqa: PTH118
        del sys.path[0]

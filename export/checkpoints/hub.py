"""Which files of a hub repository a checkpoint needs, fetched in the order that finds out.

Settings and index first: the index decides which weights files follow, and nothing else is fetched.
No Python file of a repository ever is.
"""

from pathlib import Path

from export.checkpoints.weights import choose_weights, read_index
from export.decoder import Progress
from export.sources.repository import HubRepository
from runtime.errors import ModelFileError

SETTINGS = frozenset(
    {
        "added_tokens.json",
        "config.json",
        "generation_config.json",
        "merges.txt",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    }
)
LICENCES = ("LICENSE", "LICENCE", "NOTICE")
"""How the names of files begin that must be passed on with the weights."""


def fetch_checkpoint(repository: HubRepository, progress: Progress) -> Path:
    """Folder with everything that the checkpoint in `repository` consists of.

    Raises:
        FetchError: a file can't be fetched or stored.
        ModelFileError: the repository holds no weights that can be read, or its index is malformed.
    """
    weights = choose_weights(repository.files, repository.name)
    texts = [
        name
        for name in sorted(repository.files)
        if name in SETTINGS or (name.startswith(LICENCES) and name.endswith(("E", ".txt", ".md")))
    ]
    repository.reserve([*texts, weights])
    for name in texts:
        repository.fetch(name, progress)
    path = repository.fetch(weights, progress)
    if weights.endswith(".json"):
        shards = sorted(set(read_index(path)[0].values()))
        for name in shards:
            if name not in repository.files:
                raise ModelFileError(
                    f"The index {weights} of {repository.name} names {name!r}, "
                    "which the repository does not hold."
                )
        repository.reserve(shards)
        for name in shards:
            repository.fetch(name, progress)
    return path.parent

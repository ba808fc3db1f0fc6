"""A prepared folder: examples of both splits, the vocabulary's shortlist, and the token ids that matter."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.adaptation.layout import Ids
from export.adaptation.store import Store, load_store
from runtime.errors import InputError

DESCRIPTION_FILE, SHORTLIST_FILE = "examples.json", "shortlist.npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What `prepare` made."""

    train: Store
    validation: Store
    shortlist: Ids
    """Token ids, the most frequent in the spans first."""
    mask_token: str
    """Content of the token that stands for a masked slot."""
    mask: int
    end_ids: frozenset[int]


def load_prepared(folder: Path) -> Prepared:
    """Open a prepared folder.

    Raises:
        InputError: it is missing or damaged.
    """
    train, validation = load_store(folder, "train"), load_store(folder, "validation")
    try:
        said = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        return Prepared(
            train=train,
            validation=validation,
            shortlist=np.load(folder / SHORTLIST_FILE).astype(np.int64),
            mask_token=str(said["mask_token"]),
            mask=int(said["mask"]),
            end_ids=frozenset(int(token) for token in said["end_ids"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The prepared examples in {folder} are damaged ({error!r}). Run `prepare` again."
        ) from error

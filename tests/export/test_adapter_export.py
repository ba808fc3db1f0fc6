"""A trained adapter on its base: the model folder that `spanfill export --adapter` writes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_maker import make_checkpoint
from family_models import LOGITS_GRAPH, kept_ids, quiet, write_logits_graph
from graph_runner import GraphRunner

from export.adaptation.adapter_file import save_adapter
from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.layout import Example, lay_out
from export.adaptation.settings import Settings
from export.checkpoints import open_checkpoint
from export.checkpoints.base import Checkpoint
from export.convert import convert_checkpoint
from export.families import read_denoiser
from runtime.errors import UsageError
from runtime.manifest import Manifest

MASK_TOKEN = "<|fim_pad|>"
SETTINGS = Settings(rank=4, slots=2, anchors=8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = make_checkpoint(tmp_path_factory.mktemp("base"), "qwen2")
    return open_checkpoint(folder, progress=quiet)


@pytest.fixture(scope="module")
def decoder(checkpoint: Checkpoint) -> AdaptedDecoder:
    torch.manual_seed(0)
    made = AdaptedDecoder(read_denoiser(checkpoint, "auto").weights, SETTINGS)
    with torch.no_grad():
        for parameter in made.parameters():
            # As the file will hold it, so that both sides have the same numbers.
            parameter.copy_((torch.randn_like(parameter) * 0.2).half().float())
    return made


def export(
    checkpoint: Checkpoint, decoder: AdaptedDecoder, folder: Path, *, sha256: str, mask: str = MASK_TOKEN
) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    save_adapter(folder / "a.safetensors", decoder, mask_token=mask, base_sha256=sha256, step=1)
    return convert_checkpoint(
        checkpoint,
        folder / "model",
        name="tiny-adapted",
        quantization="none",
        adapter=folder / "a.safetensors",
        progress=quiet,
    )


def test_the_graph_is_the_trained_model(
    checkpoint: Checkpoint, decoder: AdaptedDecoder, tmp_path: Path
) -> None:
    manifest = export(checkpoint, decoder, tmp_path, sha256=checkpoint.source.sha256)
    mask = checkpoint.tokenizer.token_to_id(MASK_TOKEN)
    assert (manifest.graph.adapter, manifest.graph.mask_slots, manifest.tokens.mask) == (True, 2, mask)
    write_logits_graph(tmp_path / "model")
    kept = kept_ids(tmp_path / "model")
    ids = np.random.default_rng(0).integers(0, 200, 16)
    laid = lay_out(Example(prompt=ids[:9], span=ids[9:]), SETTINGS, mask, np.random.default_rng(0))
    passed = decoder([laid], with_base=True)
    assert passed.base is not None
    sequence = ids[:-1].tolist()
    for gate, hidden in ((0.0, passed.base), (1.0, passed.clean)):
        ours = decoder.logits(hidden).detach().numpy()[:, kept]
        gates = [0.0] * 9 + [gate] * 6
        graph = GraphRunner(tmp_path / "model", LOGITS_GRAPH).run(sequence, gate=gates).logits[9:]
        assert np.abs(graph - ours).max() < 1e-4
    # The masks behind the prompt's last token.
    rows = [row for row in range(len(laid.slot)) if laid.taught_by[row] - laid.slot[row] == -1]
    graph = GraphRunner(tmp_path / "model", LOGITS_GRAPH).run(
        [*sequence[:9], *[mask] * len(rows)], gate=[0.0] * 9 + [1.0] * len(rows)
    )
    masks = decoder.logits(passed.masks).detach().numpy()[rows][:, kept]
    assert len(rows) == 2
    assert np.abs(graph.logits[9:] - masks).max() < 1e-4


def test_an_adapter_of_another_base_is_refused(
    checkpoint: Checkpoint, decoder: AdaptedDecoder, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="another checkpoint"):
        export(checkpoint, decoder, tmp_path, sha256="1" * 64)
    assert not (tmp_path / "model").exists()


def test_a_mask_token_that_the_tokenizer_lacks_is_refused(
    checkpoint: Checkpoint, decoder: AdaptedDecoder, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="<nothing>, which the tokenizer lacks"):
        export(checkpoint, decoder, tmp_path, sha256=checkpoint.source.sha256, mask="<nothing>")


def test_masks_that_see_each_other_are_refused(
    checkpoint: Checkpoint, decoder: AdaptedDecoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "settings", replace(SETTINGS, attention="bidirectional"))
    with pytest.raises(UsageError, match="bidirectional attention among masks"):
        export(checkpoint, decoder, tmp_path, sha256=checkpoint.source.sha256)

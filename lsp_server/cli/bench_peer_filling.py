"""Gives the peer what our engine is given: the same requests, as token ids, ended by the same rules.

The peer decodes greedily and tells when each token was there. Where its text ends is then found with the
engine's own rules, and the time of that token is its time; looking costs it nothing.
"""

from collections.abc import Callable
from pathlib import Path

from lsp_server.cli.bench_peer import Peer, PeerRun
from runtime import FillRequest
from runtime.decoding.ending import Ending
from runtime.manifest import load_manifest
from runtime.prompts import build_prompt
from runtime.stopping import rules_for
from runtime.tokenizer import Tokenizer


class PeerFiller:
    """Runs fill requests at the peer."""

    def __init__(self, peer: Peer, model: Path) -> None:
        """`model` is the folder of the model that the peer is compared with."""
        self.peer = peer
        self._manifest = load_manifest(model)
        self._tokenizer = Tokenizer(model / "tokenizer.json")

    def finished_ms(self, request: FillRequest, *, keep: bool) -> float:
        """Time to the token that finishes the hole's line; `keep` leaves the prompt cache as it is."""
        run = self.peer.run(self._prompt(request), keep=keep, limit=request.max_tokens, line=True)
        return end_of(run, self._look(request))

    def prefill_rate(self, request: FillRequest) -> float:
        """Prompt tokens a second until the first token, with nothing in the cache."""
        ids = self._prompt(request)
        return len(ids) / self.peer.run(ids, keep=False, limit=1).first_ms * 1e3

    def writing_rates(self, request: FillRequest) -> list[float]:
        """Tokens a second after the first, as one sample; none where the model ended the text at once."""
        run = self.peer.run(self._prompt(request), keep=False, limit=request.max_tokens)
        if len(run.tokens) < 2:
            return []
        return [(len(run.tokens) - 1) / (run.at_ms[-1] - run.at_ms[0]) * 1e3]

    def _prompt(self, request: FillRequest) -> list[int]:
        """The whole prompt. Nothing is healed here: the peer need not write its last token again."""
        prompt = build_prompt(self._manifest, self._tokenizer, request)
        return [*prompt.ids, *prompt.healed_ids]

    def _look(self, request: FillRequest) -> Callable[[tuple[int, ...]], bool]:
        layout = build_prompt(self._manifest, self._tokenizer, request).layout
        ending = Ending(
            tokenizer=self._tokenizer,
            rules=rules_for(request, layout),
            end_tokens=frozenset(self._manifest.tokens.eos),
        )
        return lambda written: ending.look(written)[1] is not None


def end_of(run: PeerRun, ended: Callable[[tuple[int, ...]], bool]) -> float:
    """When the first token was there behind which the text has `ended`, else the end of the run."""
    for count, at_ms in enumerate(run.at_ms, 1):
        if ended(run.tokens[:count]):
            return at_ms
    return run.end_ms

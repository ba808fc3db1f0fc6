"""Trains the mask adapter: low-rank weights with which a frozen causal model drafts many tokens a pass.

docs/adapter.md says what is trained, what a step costs, and how to run it. Needs torch.
"""

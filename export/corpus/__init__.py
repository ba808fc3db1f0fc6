"""Source code to train on: pinned packages of permissive licences, and which of their files are fit."""

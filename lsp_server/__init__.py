"""The language server and the command line: texts, cursors, syntax, settings. Knows text, never tensors."""

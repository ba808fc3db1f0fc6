"""JSON-RPC 2.0 as the LSP frames it: bytes to messages, messages to handlers. Knows no LSP feature."""

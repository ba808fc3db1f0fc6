"""Reading GGUF files: weights and tokenizer, without torch."""

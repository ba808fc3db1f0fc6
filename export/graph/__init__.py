"""Writing decoder graphs to the denoiser contract, op by op, without torch."""

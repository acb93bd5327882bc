"""The transparency log: hashes and proofs, tiles, signed checkpoints, and what a verification finds."""

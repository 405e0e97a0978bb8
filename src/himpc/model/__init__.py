"""The encoder and its heads, the multi-level representation, and anthropometric baselines."""

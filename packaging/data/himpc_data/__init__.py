"""Sample recordings of real people for himpc: joints over time. The ``.txt`` beside each file states its licence."""

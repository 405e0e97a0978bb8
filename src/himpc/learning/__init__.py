"""Learning without labels: neighbours, pseudo-labels, the objective, the trainer. Nothing here knows a person."""

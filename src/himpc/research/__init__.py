"""Published data sets, recipes and sweeps: what a user of the product never loads."""

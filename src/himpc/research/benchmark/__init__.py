"""Train and measure on a benchmark: settings of the released code, measures, tables and reports."""

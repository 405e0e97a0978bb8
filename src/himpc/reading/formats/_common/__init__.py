"""What several format readers share."""

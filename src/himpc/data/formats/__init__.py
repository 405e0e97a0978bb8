"""The file formats that himpc reads, one module each."""

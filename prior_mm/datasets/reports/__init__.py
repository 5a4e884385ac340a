"""Report text to sections to sentences."""

"""The console script ``prior-mm``."""

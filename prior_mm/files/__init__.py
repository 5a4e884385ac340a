"""Files as such, whatever is in them: written whole or not at all, told by their hash, read without holding all."""

"""The answer of a sweep in words."""

"""Reports of a sweep's records. Everything here is read from disk; it knows no torch and no Hydra."""

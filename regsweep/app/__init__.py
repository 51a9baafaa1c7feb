"""The Hydra application: it composes, checks, and hands plain values to `regsweep.run`."""

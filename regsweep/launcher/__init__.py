"""How the jobs of a sweep run: a pool of workers of our own, or batches of any of Hydra's launchers.

It knows nothing of what is run, and imports no torch.
"""

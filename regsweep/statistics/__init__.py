"""How sure one can be that a configuration beats the baseline; arrays in, numbers out.

Shapes: S seeds, N examples of the test set, which are images for most. A difference is the accuracy, or the gain in
another objective, of a configuration minus the baseline's, both trained with the same seed; per example it is correct
minus correct: -1, 0 or 1, or the gain in its error or loss.
"""

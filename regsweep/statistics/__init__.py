"""How sure one can be that a configuration beats the baseline; arrays in, numbers out.

Shapes: S seeds, N images of the test set. A difference is the accuracy of a configuration minus the baseline's, both
trained with the same seed; per image it is correct minus correct: -1, 0 or 1.
"""

"""The command line: check and score local files with the numbers of the server.

Needs the base install alone: NumPy, SciPy, scikit-learn and PyArrow.
"""

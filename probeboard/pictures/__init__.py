"""A board as pictures: rank intervals, scores by task, history, methods, rate and distortion.

From the board document alone, so that a picture says nothing the board does not. Drawing needs
matplotlib (``pip install 'probeboard[pictures]'``), imported with the first picture and nowhere
else; the words of a picture (`describe`) do not.
"""

from probeboard.pictures.drawing import (
    MISSING_MATPLOTLIB,
    PICTURES,
    Drawing,
    UnknownPicture,
    can_draw,
    describe,
    draw,
    is_empty,
)

__all__ = [
    "MISSING_MATPLOTLIB",
    "PICTURES",
    "Drawing",
    "UnknownPicture",
    "can_draw",
    "describe",
    "draw",
    "is_empty",
]

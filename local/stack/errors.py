"""What goes wrong when the stack is started, told to its user.

StackError
├── Refused      nothing was begun: a port is taken, the other mode runs, a mode is not to be had
├── NotThere     what is asked does not answer
└── NotUp        it was begun, did not come up, and was taken down again
"""


class StackError(Exception):
    """The text says what happened and what to do."""


class Refused(StackError):
    """Nothing was begun."""


class NotThere(StackError):
    """Nobody answers."""


class NotUp(StackError):
    """It was begun and did not come up."""

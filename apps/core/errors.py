"""The one exception by which a rule refuses what a person asked for."""


class Refused(Exception):
    """A business rule says no. `message` is a Chinese sentence for the screen; `field` names the form field, if one."""

    def __init__(self, message: str, *, field: str | None = None, code: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code

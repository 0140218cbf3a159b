"""What the log of the server says."""

import logging


class WithoutDenialTraceback(logging.Filter):
    """Keeps the line about a refused request and drops its traceback: a denial is an answer, not a fault."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True

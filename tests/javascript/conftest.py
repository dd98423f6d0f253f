"""Nothing is left behind by any test here."""

from tests.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]

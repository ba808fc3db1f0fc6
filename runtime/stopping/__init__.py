"""Where the text in a hole ends. Knows text and indentation; knows no tokens and no languages.

Over-generation is the main weakness of small infilling models: they know what to write but not
when to stop. So every rule looks at the text written so far and says where it should be cut.
"""

from runtime.stopping.base import Stop, StopRule, first_stop
from runtime.stopping.rules import needs_join, rules_for, suffix_begins_line

__all__ = ["Stop", "StopRule", "first_stop", "needs_join", "rules_for", "suffix_begins_line"]

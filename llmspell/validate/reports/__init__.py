"""What came of a check, for whoever reads it: one file per format, and `open_reports`, which makes the wanted ones.

Theory of operation. A report takes results one at a time and keeps none: what it writes goes into a file without a name
beside its place, and at the end the whole document is moved there, with the totals, which only then are known, at its
head. So ten thousand results need the memory of one, a reader sees a whole document or the old one, and a check that
was interrupted leaves a valid document that says so.

The rule kept here: every text of a result is hostile. A format has one function that makes a text harmless in it, and
nothing reaches the format but through that.
"""

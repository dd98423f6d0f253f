"""What a script says, without running it: the names that it uses and does not define, its calls, its modules.

It is read in a worker, confined like any other, since a parser that is fed hostile sources is hostile itself.
"""

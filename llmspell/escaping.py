"""Text of others in a form that can steer nothing. A leaf: every part that shows anything may import it."""


def escaped(text: str, *, kept: str = "\n") -> str:
    """Text in which nothing can steer a terminal; line breaks stay, or what else is `kept`.

    >>> escaped("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else ascii(char)[1:-1] for char in text)

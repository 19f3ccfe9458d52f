"""Everything that a command prints goes through here, because titles, names and texts come from others: none of them
can act on a terminal, or pass for a line of ours.
"""

import json

import typer


def say(line: str, *, err: bool = False) -> None:
    """Prints one line. Every command does it here or with `say_text`: titles, names and texts come from others."""
    say_text(" ".join(line.split("\n")) + "\n", err=err)


def say_text(text: str, *, err: bool = False) -> None:
    """Prints several lines, the end of the last one among them."""
    typer.echo(harmless(text), err=err, nl=False)


def harmless(text: str) -> str:
    """What may act on a terminal or a log (control characters, escape sequences, turned directions) becomes a blank."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)


def print_json(content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2)
    # Escaped, since a program that reads it wants every sign, and a terminal that shows it must not obey any.
    say_text("".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text) + "\n")
